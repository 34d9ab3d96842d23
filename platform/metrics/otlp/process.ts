/** Who reports: a resource. What is known of it tells whether a counter that appears has counted from 0. */
import type { Arrival } from './arrivals.ts';
import type { Labels } from './labels.ts';
import { msOf } from './numbers.ts';
import type { Point } from './points.ts';
import type { Kept, Neighbours, Stream } from './stream.ts';

export interface Process {
  readonly labels: Labels;
  /** By name, kind and labels. */
  readonly streams: Map<string, Stream>;
  /** Times of its last reports, ms, ascending: only those after which nothing of it was refused. */
  readonly heardMs: number[];
  /** The last ones. */
  readonly arrivals: Arrival[];
  /** Start of points that were sent as "counted since an unknown time": start = time, and not 0. */
  unknownStartNs: bigint;
}

export const newProcess = (labels: Labels): Process => ({
  labels,
  streams: new Map(),
  heardMs: [],
  arrivals: [],
  unknownStartNs: 0n,
});

/** Reports nearer to each other are parts of one, ms: a collector splits what is too large for a request. */
const ONE_REPORT_MS = 500;
/** So many reports must have come without a series before it is taken for new; the first may have lost a part. */
const REPORTS_WITHOUT = 2;

export const hear = ({ heardMs }: Process, atMs: number): void => {
  if (atMs < (heardMs.at(-1) ?? 0) + ONE_REPORT_MS) return;
  heardMs.push(atMs);
  if (heardMs.length > 2 * REPORTS_WITHOUT) heardMs.shift();
};

export interface Circumstances {
  readonly isScraped: boolean;
  readonly receivedAtMs: number;
  /** Since when we listen, on our clock, ms. */
  readonly listeningSinceMs: number;
}

/**
 * When the counter of a point was 0. A start that the sender only assumes (it was scraped, or says itself that it does
 * not know) never counts: the value is then what the process counted in its whole life. Of a start before we listened
 * nothing is known either. Then a series that its process did not have in its last reports began after the last one;
 * any other's first sample is a baseline (null).
 */
export const zeroOf = (
  point: Point,
  { before, after }: Neighbours,
  { process, ...when }: Circumstances & { readonly process: Process },
): Kept['startMs'] => {
  if (point.temporality === 'gauge') return undefined;
  if (point.temporality === 'delta') return msOf(point.startNs);
  const neighbour = before ?? after;
  if (isAssumed(point, process, when)) return neighbour === undefined ? newSince(process, point) : neighbour.startMs;
  const sameRun = [before, after].find((one) => one?.startNs === point.startNs);
  if (sameRun !== undefined) return sameRun.startMs;
  if (before !== undefined) return msOf(point.startNs);
  const known = newSince(process, point);
  return isBornAfter(point, when) ? Math.max(msOf(point.startNs), known ?? 0) : known;
};

/**
 * JavaScript's SDK, whose clock has whole ms, also says start = time of what it first counted in the ms of its export:
 * one such interval is not counted then, which is better than a life's worth that is.
 */
const isAssumed = (point: Point, process: Process, { isScraped }: Circumstances): boolean => {
  const total = point.value.kind === 'number' ? point.value.value : point.value.count;
  if (point.startNs === point.timeNs && total > 0) process.unknownStartNs = point.startNs;
  return isScraped || point.startNs === 0n || point.startNs === process.unknownStartNs;
};

/** By its own clock, and by its age: a clock that is ahead makes an old process look young. */
const isBornAfter = ({ startNs, timeNs }: Point, { receivedAtMs, listeningSinceMs }: Circumstances): boolean =>
  Math.min(msOf(startNs), receivedAtMs - msOf(timeNs - startNs)) >= listeningSinceMs;

const newSince = ({ heardMs }: Process, { timeNs }: Point): number | null => {
  const earlier = heardMs.filter((ms) => ms < msOf(timeNs));
  return earlier.length < REPORTS_WITHOUT ? null : (earlier.at(-1) ?? null);
};
