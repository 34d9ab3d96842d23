/** Takes reports in: every point is kept, was known before, or is refused with its reason. */
import { addArrival } from './arrivals.ts';
import { AHEAD_MS, RETENTION_MS, type Limits } from './limits.ts';
import { sizeOf } from './labels.ts';
import type { Memory } from './memory.ts';
import { msOf } from './numbers.ts';
import type { Point, Rejected, Report } from './points.ts';
import { hear, zeroOf } from './process.ts';
import type { Rejections } from './rejections.ts';
import { conflictOf, forgetBirth, placeOf, type Outcome } from './stream.ts';

export interface Ingested {
  /** Points that are in the store now, those included that were sent before. */
  readonly accepted: number;
  readonly rejected: number;
  /** Different ones; some of them, when there are many. */
  readonly reasons: readonly string[];
  /** All that was refused was refused for want of memory: later there may be some. */
  readonly isFull: boolean;
}

interface Ports {
  readonly memory: Memory;
  readonly rejections: Rejections;
  readonly limits: Limits;
  readonly now: () => number;
  readonly listeningSinceMs: number;
}

/** Reasons that one answer names. */
const MAX_REASONS = 5;

const FULL =
  'the receiver is full: let the collector send only the metrics that Tidegate reads, or spread the meshes over workers';

export const ingest = (reports: readonly Report[], ports: Ports): Ingested => {
  const accepted: Point[] = [];
  const refused: Rejected[] = [];
  /** Time of the newest counters of each process, ms; NaN: something of it was refused. */
  const latest = new Map<Report['resource'], number>();
  for (const report of reports) {
    const outcomes = report.points.map((point) => ({ point, outcome: take(point, report, ports) }));
    const added = outcomes.filter(({ outcome }) => outcome === 'added').map(({ point }) => msOf(point.timeNs));
    const arrivals = added.length === 0 ? undefined : ports.memory.processOf(report.resource)?.arrivals;
    if (arrivals) addArrival(arrivals, { receivedAtMs: ports.now(), fromMs: Math.min(...added) });
    const taken = outcomes.filter(({ outcome }) => typeof outcome !== 'object').map(({ point }) => point);
    const bad = [
      ...report.rejected,
      ...outcomes.flatMap(({ point, outcome }) =>
        typeof outcome === 'object' ? [refusal(point, outcome.reason)] : [],
      ),
    ];
    const counters = taken.filter(({ temporality }) => temporality !== 'delta').map(({ timeNs }) => msOf(timeNs));
    const before = latest.get(report.resource) ?? 0;
    latest.set(report.resource, Math.max(before, bad.length > 0 ? Number.NaN : 0, ...counters));
    for (const { name, labels, atMs, reason } of bad) {
      const when = Math.min(atMs === 0 ? ports.now() : atMs, ports.now());
      ports.rejections.add({ name, labels: { ...report.resource, ...labels }, atMs: when, reason });
    }
    accepted.push(...taken);
    refused.push(...bad);
  }
  for (const [resource, atMs] of latest) noteReport(ports.memory, resource, atMs);
  return {
    accepted: accepted.length,
    rejected: refused.length,
    reasons: [...new Set(refused.map(({ reason }) => reason))].slice(0, MAX_REASONS),
    isFull: refused.length > 0 && refused.every(({ reason }) => reason === FULL),
  };
};

const take = (
  point: Point,
  { resource, isScraped }: Report,
  { memory, limits, now, listeningSinceMs }: Ports,
): Outcome => {
  const receivedAtMs = now();
  const impossible = impossibleOf(point, { resource, receivedAtMs, limits });
  if (impossible !== undefined) return { reason: impossible };
  const process = memory.processOf(resource);
  const stream = process && memory.hasRoomFor(point) ? memory.streamOf(process, point) : undefined;
  if (process === undefined || stream === undefined) return { reason: FULL };
  const place = placeOf(stream, point.timeNs);
  const conflict = conflictOf(point, place);
  if (conflict !== undefined) return conflict;
  forgetBirth(stream, point, place);
  const startMs = zeroOf(point, place, { process, isScraped, receivedAtMs, listeningSinceMs });
  memory.add(stream, point, { index: place.index, startMs });
  return 'added';
};

interface Arrival {
  readonly resource: Report['resource'];
  readonly receivedAtMs: number;
  readonly limits: Limits;
}

/**
 * Times are the senders'. A clock that is ahead shows, since nothing comes from the future; one that is behind looks like
 * a slow way here, so its samples are taken, and are stale to whoever judges them.
 */
const impossibleOf = ({ labels, timeNs }: Point, { resource, receivedAtMs, limits }: Arrival): string | undefined => {
  const aheadMs = msOf(timeNs) - receivedAtMs;
  if (aheadMs > AHEAD_MS) {
    const who = `${resource['k8s_cluster_name'] ?? '*'}/${resource['instance'] ?? '*'}`;
    return `the clock of ${who} is ${Math.round(aheadMs / 1000)} s ahead of the worker's: synchronise both (NTP)`;
  }
  if (-aheadMs > RETENTION_MS) return `it is older than the ${RETENTION_MS / 60_000} minutes that are kept`;
  const size = sizeOf(resource) + sizeOf(labels);
  return size > limits.labelBytes ? `its labels take ${size} bytes, more than ${limits.labelBytes}` : undefined;
};

const refusal = ({ name, labels, timeNs }: Point, reason: string): Rejected => ({
  name,
  labels,
  atMs: msOf(timeNs),
  reason: reason === FULL ? reason : `${name}: ${reason}`,
});

const noteReport = (memory: Memory, resource: Report['resource'], atMs: number): void => {
  const process = memory.processOf(resource);
  if (process === undefined) return;
  if (Number.isNaN(atMs)) process.heardMs.length = 0;
  else hear(process, atMs);
};
