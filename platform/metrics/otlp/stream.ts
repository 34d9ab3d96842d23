/**
 * What one series of a sender has reported: samples in order of time, each with the interval that it counts. Delta points
 * are kept as they are: a counter that was 0 at the start of the interval. So a gap between two of them is missing, not
 * zero, and needs no bookkeeping; what was counted before stays as it is when a late point fills the gap.
 */
import type { Arrival } from './arrivals.ts';
import type { Labels } from './labels.ts';
import { msOf } from './numbers.ts';
import type { Point } from './points.ts';
import type { Temporality } from './temporality.ts';
import type { Value } from './values.ts';

export interface Kept {
  readonly atNs: bigint;
  readonly atMs: number;
  /** As sent: which run of the process, or which interval. */
  readonly startNs: bigint;
  /** When the value was 0; null: not known. Gauges have none. */
  startMs: number | null | undefined;
  readonly temporality: Temporality;
  readonly value: Value;
}

export interface Stream {
  /** Of a histogram without `_count` and `_bucket`. */
  readonly name: string;
  readonly kind: Value['kind'];
  /** Those of its resource included. */
  readonly labels: Labels;
  readonly samples: Kept[];
  /** Those of its process. */
  readonly arrivals: readonly Arrival[];
  /** What it takes without its samples. */
  readonly bytes: number;
  /** Samples up to here are not kept any more, ms; 0: all are. */
  droppedToMs: number;
}

export type Outcome = 'added' | 'known' | { readonly reason: string };

/** Where a point belongs among the samples, and its neighbours there. */
export interface Neighbours {
  readonly index: number;
  readonly before: Kept | undefined;
  readonly after: Kept | undefined;
}

/** Points come in order, nearly always: looked for from the end. */
export const placeOf = ({ samples }: Stream, timeNs: bigint): Neighbours => {
  let index = samples.length;
  while (index > 0 && (samples[index - 1]?.atNs ?? 0n) > timeNs) index -= 1;
  return { index, before: samples[index - 1], after: samples[index] };
};

/** Clocks of senders are read twice per interval, and rounded: that much of an overlap is none, ns. */
const ROUNDING_NS = 1_000_000n;

/** Why a point contradicts what is there; 'known': it was sent before; undefined: it fits. */
export const conflictOf = (point: Point, { before, after }: Neighbours): Exclude<Outcome, 'added'> | undefined => {
  if (before?.atNs === point.timeNs) {
    if (before.startNs === point.startNs && equal(before.value, point.value)) return 'known';
    return { reason: 'two different values for one time: several processes seem to report it' };
  }
  if (before !== undefined && before.temporality !== point.temporality && point.startNs < before.atNs)
    return { reason: 'its process reports it both as a delta and cumulatively' };
  if (point.temporality !== 'delta') return undefined;
  const overlaps =
    (before !== undefined && point.startNs + ROUNDING_NS < before.atNs) ||
    (after !== undefined && after.startNs + ROUNDING_NS < point.timeNs);
  return overlaps ? { reason: 'its interval overlaps one that is counted already' } : undefined;
};

export const insert = (
  stream: Stream,
  point: Point,
  { index, startMs }: { readonly index: number; readonly startMs: Kept['startMs'] },
): void => {
  const { timeNs, startNs, temporality } = point;
  const value = withSharedBounds(point.value, stream.samples[index - 1]?.value);
  stream.samples.splice(index, 0, { atNs: timeNs, atMs: msOf(timeNs), startNs, startMs, temporality, value });
};

/** A process has the same edges in every sample: one list of them is enough. */
const withSharedBounds = (value: Value, neighbour: Value | undefined): Value => {
  if (value.kind !== 'histogram' || neighbour?.kind !== 'histogram') return value;
  const same =
    value.bounds.length === neighbour.bounds.length && value.bounds.every((bound, i) => bound === neighbour.bounds[i]);
  return same ? { ...value, bounds: neighbour.bounds } : value;
};

/** A late sample of the same run, from before its series was inferred to begin: since when it counts is not known. */
export const forgetBirth = ({ samples }: Stream, { startNs, timeNs }: Point, { before, after }: Neighbours): void => {
  if (before !== undefined || after?.temporality !== 'cumulative' || after.startNs !== startNs) return;
  const bornMs = after.startMs;
  if (typeof bornMs !== 'number' || bornMs === msOf(startNs) || bornMs < msOf(timeNs)) return;
  for (const sample of samples) if (sample.startMs === bornMs) sample.startMs = null;
};

const equal = (a: Value, b: Value): boolean => JSON.stringify(a) === JSON.stringify(b);
