/**
 * When the next look is worth while. Series that are sampled together (a pod's push, an Envoy's scrape) come again an
 * interval later, and are there a little after that: looks follow the samples, instead of meeting them in any phase.
 */
import type { Counted } from '../series/counters.ts';
import type { JudgeSettings } from '../settings.ts';

/** Numbers that come every minute are no reason to miss a fault in another source, ms. */
export const LONGEST_POLL_MS = 10_000;
/** Where many pods sample at instants of their own, so many looks per interval see each of them soon enough. */
const LOOKS_PER_INTERVAL = 5;
/** An Envoy counts both versions at once, so its counts are compared when they come; pods have to wait for each other. */
const LOOKS_PER_INTERVAL_AT_ENVOYS = 10;
/** Least time between two looks, ms. */
const SHORTEST_MS = 250;
/** From a sample's own time until it can be read: at first, and never taken for less, ms. */
const SHORTEST_LAG_MS = 150;
/** What is overdue by that many intervals has gone away with its process. */
const GONE_AFTER_INTERVALS = 0.5;
/** Per look: a lag that was once long is tried for less again. */
const LAG_FADES = 0.95;

/** What a watch keeps of its last look to learn how late samples are. Times on the source's clock, ms. */
export interface Pace {
  readonly lookedAtMs: number;
  /** Newest sample of all series. */
  readonly newestMs: number;
  /** Time from a sample until it could be read, as far as looks have shown. */
  readonly lagMs: number;
  /** Did the last look see a sample that the one before it had not? */
  readonly sawNew: boolean;
}

export interface Sampled {
  readonly counted: readonly Pick<Counted, 'series' | 'intervalMs'>[];
  readonly nowMs: number;
}

/** A sample that this look sees and the last one did not arrived between the two. */
export function paceOf({ counted, nowMs }: Sampled, before: Pace | undefined): Pace {
  const newestMs = Math.max(0, ...counted.flatMap(({ series }) => series.map((one) => one.newestMs)));
  const longestMs = Math.max(SHORTEST_LAG_MS, ...counted.map(({ intervalMs }) => intervalMs));
  const known = before?.lagMs ?? SHORTEST_LAG_MS;
  const faded = Math.max(SHORTEST_LAG_MS, known * LAG_FADES);
  const sawNew = newestMs > (before?.newestMs ?? 0);
  if (before === undefined || !sawNew) return { lookedAtMs: nowMs, newestMs, lagMs: known, sawNew };
  const atLeast = before.lookedAtMs - newestMs;
  const atMost = Math.max(SHORTEST_LAG_MS, nowMs - newestMs);
  // It was not there at the last look: half of the time since is the best guess of when it came.
  const lagMs = atLeast > known ? (atLeast + atMost) / 2 : Math.min(faded, atMost);
  return { lookedAtMs: nowMs, newestMs, lagMs: Math.min(longestMs, lagMs), sawNew };
}

/** Time until the next look, ms. */
export function nextLookMs(judge: JudgeSettings, { counted, nowMs }: Sampled, { lagMs, sawNew }: Pace): number {
  if (judge.type !== 'sequential') return judge.pollMs;
  const intervalMs = Math.max(0, ...counted.map((kind) => kind.intervalMs));
  const waits = counted.flatMap((kind) => {
    const due = kind.series
      .map(({ newestMs }) => newestMs + kind.intervalMs + lagMs - nowMs)
      .filter((inMs) => inMs > -GONE_AFTER_INTERVALS * kind.intervalMs);
    if (kind.intervalMs === 0 || due.length === 0) return [];
    const looks = isOfEnvoys(kind) ? LOOKS_PER_INTERVAL_AT_ENVOYS : LOOKS_PER_INTERVAL;
    const leastMs = Math.max(SHORTEST_MS, Math.min(judge.pollMs, intervalMs / looks));
    const dueMs = Math.min(...due);
    // What is late may come any moment; the later it is, the less it is asked for.
    if (!sawNew) return [Math.max(dueMs, Math.min(leastMs, Math.max(SHORTEST_MS, -dueMs)))];
    // Of few processes each is looked at when it is due, however soon after another.
    const instants = new Set(due.map((inMs) => Math.round(inMs / SHORTEST_MS))).size;
    return [Math.max(dueMs, instants <= looks ? SHORTEST_MS : leastMs)];
  });
  const wantedMs = waits.length === 0 ? Math.max(judge.pollMs, intervalMs) : Math.min(...waits);
  return Math.min(LONGEST_POLL_MS, wantedMs);
}

const isOfEnvoys = ({ series }: Pick<Counted, 'series'>): boolean =>
  series.some(({ labels }) => labels['envoy_cluster_name'] !== undefined);
