/**
 * What a watch hands on, made small. A day of the default judge over 50 clusters and three SLOs is 800 kB of JSON, and
 * every heartbeat, every result and the next watch's input have it; packed it is about 150 kB, whatever the day's length.
 *
 * Nearly all of it are profiles: ln-likelihoods of odds ratios in rising order, smooth curves. Their second differences in
 * thousandths are small whole numbers, of which the higher bytes are nearly all the same. The rest of the JSON stays as it
 * is, and both are deflated. A profile that was packed is off by at most 0.0005, an e-value by 1 in 1000: once per
 * attempt of a watch, and not in looks.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { isRecord } from '../../core/values/json.ts';

/** `packed`: base64; only `unpacked` reads it. */
export interface Packed {
  readonly packed: string;
}

/** Fields of a comparison of the sequential judge that hold a profile (core/judge/sequential/evidence.ts). */
const PROFILES: ReadonlySet<string> = new Set(['whole', 'recent', 'bake']);
/** Steps per unit of a packed profile. */
const STEPS = 1_000;
/** Bytes of one number. Steps beyond 32 bits would be a ln-likelihood of two millions: such a profile stays in the JSON. */
const BYTES = 4;
const MOST = 2 ** 31 - 1;

export function packed(value: unknown): Packed {
  const numbers: number[] = [];
  const json = JSON.stringify(value, (key, field: unknown) => {
    const steps = PROFILES.has(key) ? stepsOf(field) : undefined;
    if (steps === undefined) return field;
    numbers.push(...steps);
    return { steps: steps.length };
  });
  const text = Buffer.from(json, 'utf8');
  const size = Buffer.alloc(4);
  size.writeUInt32LE(text.length);
  return { packed: deflateRawSync(Buffer.concat([size, text, inPlanes(numbers)])).toString('base64') };
}

/** What was packed; anything else, which an older worker left, as it is. undefined: it cannot be read. */
export function unpacked(value: unknown): unknown {
  if (!isRecord(value) || typeof value['packed'] !== 'string') return value;
  try {
    return parsed(inflateRawSync(Buffer.from(value['packed'], 'base64')));
  } catch {
    // It is of a newer worker, or cut short. A watch without a past looks anew; it is not stopped by that.
    return undefined;
  }
}

function parsed(bytes: Buffer): unknown {
  const end = 4 + bytes.readUInt32LE(0);
  const numbers = ofPlanes(bytes.subarray(end));
  let at = 0;
  return JSON.parse(bytes.toString('utf8', 4, end), (key, field: unknown) => {
    if (!PROFILES.has(key) || !isRecord(field) || typeof field['steps'] !== 'number') return field;
    at += field['steps'];
    return profileOf(numbers.subarray(at - field['steps'], at));
  });
}

function stepsOf(field: unknown): readonly number[] | undefined {
  if (!Array.isArray(field) || field.length === 0) return undefined;
  const steps = (field as unknown[]).map((value) => Math.round(Number(value) * STEPS));
  const second = differences(differences(steps));
  return second.every((value) => Math.abs(value) <= MOST) ? second : undefined;
}

/** The first stays, the others become what they add to the one before. */
const differences = (values: readonly number[]): number[] => values.map((value, i) => value - (values[i - 1] ?? 0));

function profileOf(second: Int32Array): number[] {
  let [slope, level] = [0, 0];
  return Array.from(second, (value) => (level += slope += value) / STEPS);
}

/** All lowest bytes, then all second ones, and so on, with the sign in the lowest bit. */
function inPlanes(numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(numbers.length * BYTES);
  numbers.forEach((value, i) => {
    const coded = value < 0 ? -2 * value - 1 : 2 * value;
    for (let plane = 0; plane < BYTES; plane++) bytes[plane * numbers.length + i] = coded / 256 ** plane;
  });
  return bytes;
}

function ofPlanes(bytes: Buffer): Int32Array {
  const length = bytes.length / BYTES;
  return Int32Array.from({ length }, (_, i) => {
    let coded = 0;
    for (let plane = 0; plane < BYTES; plane++) coded += (bytes[plane * length + i] ?? 0) * 256 ** plane;
    return coded % 2 === 1 ? -(coded + 1) / 2 : coded / 2;
  });
}
