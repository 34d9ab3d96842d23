/** Numbers as OTLP writes them: 64-bit integers are Longs in protobuf, strings (or numbers) in JSON. */

interface LongBits {
  readonly low: number;
  readonly high: number;
  readonly unsigned: boolean;
}

/** undefined: not an integer of 64 bits. Nothing is rounded on the way. */
export const integerOf = (value: unknown): bigint | undefined => {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : undefined;
  if (typeof value === 'string') return /^-?\d{1,20}$/.test(value) ? BigInt(value) : undefined;
  if (!isLong(value)) return undefined;
  const bits = (BigInt(value.high >>> 0) << 32n) | BigInt(value.low >>> 0);
  return value.unsigned ? bits : BigInt.asIntN(64, bits);
};

const isLong = (value: unknown): value is LongBits =>
  typeof value === 'object' && value !== null && 'low' in value && 'high' in value;

/** A number of events; undefined when it is negative, or too large to be added exactly. */
export const countOf = (value: unknown): number | undefined => {
  const count = Number(integerOf(value) ?? Number.NaN);
  return Number.isSafeInteger(count) && count >= 0 ? count : undefined;
};

/** JSON writes what it has no number for as text. */
export const doubleOf = (value: unknown): number | undefined => {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string' || value.trim() === '') return undefined;
  const parsed = Number(value);
  return Number.isNaN(parsed) && value !== 'NaN' ? undefined : parsed;
};

/** ns since the epoch; 0n: not given. undefined: not a time. */
export const timeOf = (value: unknown): bigint | undefined => {
  const ns = value === undefined ? 0n : integerOf(value);
  return ns !== undefined && ns >= 0n && ns < 2n ** 63n ? ns : undefined;
};

/** Whole ms, as Prometheus stores them. */
export const msOf = (ns: bigint): number => Number(ns / 1_000_000n);
