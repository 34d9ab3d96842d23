/** What becomes of calls that other clusters send to one, by the counters of their own Envoys. Pure. */
import type { Counted } from '../judge/series/counters.ts';
import { clusterOf } from '../judge/series/origin.ts';
import type { Vote } from './lost-cluster.ts';

interface Asked {
  /** Stat names of the subsets that the cluster serves. */
  readonly stats: readonly string[];
  /** The cluster itself: what its own Envoys say does not count. */
  readonly cluster: string;
  /** On the clock of the counts, ms since the epoch. */
  readonly nowMs: number;
  /** Only calls since then count, ms since the epoch; 0 = all. */
  readonly sinceMs: number;
}

export interface PeerCalls {
  readonly vote: Vote;
  /** The numbers, or why there are none. */
  readonly text: string;
}

/** Windows that are looked at, the shortest first, ms: the first with enough calls decides, so that busy services tell soon. */
const WINDOWS_MS = [3_000, 6_000, 12_000, 30_000, 60_000] as const;
export const LONGEST_WINDOW_MS = 60_000;
/** What is read of counts that come more rarely than twice in that, ms: Prometheus' default is a minute. */
export const RARE_RANGE_MS = 240_000;

/** A window of two intervals has a count of everybody: scrapes are not at the same moment. */
const windowsOf = (intervalMs: number): readonly number[] =>
  areRare(intervalMs) ? [...WINDOWS_MS, Math.min(2 * intervalMs, RARE_RANGE_MS)] : WINDOWS_MS;

const areRare = (intervalMs: number): boolean => 2 * intervalMs > LONGEST_WINDOW_MS;

/** The longest window has too few samples, or none that can be compared: a longer range is to be read. */
export const areTooRare = ({ intervalMs }: Counted): boolean => intervalMs === 0 || areRare(intervalMs);

/** Fewer say nothing. */
const ENOUGH_CALLS = 20;
/** Answered at most so often: calls fail. At least so often: they are answered. In between nobody can say. */
const ANSWERED = { gone: 0.1, well: 0.5 } as const;
/** Counts that are older are no news, ms; rare scrapes get three of their intervals. */
const FRESH_MS = 10_000;

const CHOSEN: ReadonlySet<string> = new Set([
  'envoy_cluster_upstream_rq_total',
  'envoy_cluster_upstream_rq_pending_failure_eject',
  'envoy_cluster_upstream_cx_none_healthy',
]);

interface Calls {
  readonly sent: number;
  readonly answered: number;
}

/**
 * Each client cluster by itself, and in it each service: one whose calls are answered speaks for the cluster, whatever the
 * others see. A service that is broken itself speaks for no other one.
 */
export function peerCalls(counted: Counted, asked: Asked): PeerCalls {
  const series = counted.series.filter(
    ({ labels }) => asked.stats.includes(labels['envoy_cluster_name'] ?? '') && clusterOf(labels) !== asked.cluster,
  );
  const newestMs = Math.max(0, ...series.map((one) => one.newestMs));
  if (series.length === 0) return { vote: 'unknown', text: 'nobody counts any' };
  if (asked.nowMs - newestMs > Math.max(FRESH_MS, 3 * counted.intervalMs))
    return { vote: 'unknown', text: 'the counts are not fresh' };
  const windowsMs = windowsOf(counted.intervalMs);
  const seen = [...grouped(series, ({ labels }) => clusterOf(labels))].sort().map(([peer, own]) => {
    const votes = votesOf(own, { sinceMs: asked.sinceMs, newestMs, windowsMs });
    const vote = strongest(votes);
    return { peer, vote, calls: sumOf(votes.filter((one) => one.vote === vote)) };
  });
  const text = seen.map(({ peer, calls }) => `${peer}: ${calls.answered} of ${calls.sent} answered`).join(', ');
  return { vote: strongest(seen), text };
}

type OneSeries = Counted['series'][number];

function grouped(series: readonly OneSeries[], keyOf: (one: OneSeries) => string): Map<string, OneSeries[]> {
  const groups = new Map<string, OneSeries[]>();
  for (const one of series) groups.set(keyOf(one), [...(groups.get(keyOf(one)) ?? []), one]);
  return groups;
}

const strongest = (votes: readonly { readonly vote: Vote }[]): Vote =>
  (['well', 'gone'] as const).find((vote) => votes.some((one) => one.vote === vote)) ?? 'unknown';

const sumOf = (calls: readonly Calls[]): Calls => ({
  sent: calls.reduce((sum, one) => sum + one.sent, 0),
  answered: calls.reduce((sum, one) => sum + one.answered, 0),
});

interface Windows {
  readonly newestMs: number;
  readonly sinceMs: number;
  readonly windowsMs: readonly number[];
}

interface Voted extends Calls {
  readonly vote: Vote;
}

/** Of one client: a vote of each service with enough calls, and one of all the others together, as soon as they have enough. */
function votesOf(series: readonly OneSeries[], { newestMs, sinceMs, windowsMs }: Windows): Voted[] {
  const votes: Voted[] = [];
  let rest = [...grouped(series, ({ labels }) => labels['envoy_cluster_name'] ?? '').values()];
  let left: Calls[] = [];
  for (const windowMs of windowsMs) {
    const fromMs = Math.max(sinceMs, newestMs - windowMs);
    const seen = rest.map((own) => ({ own, calls: callsWithin(own, fromMs) }));
    const few = seen.filter(({ calls }) => calls.sent < ENOUGH_CALLS);
    votes.push(...seen.filter((one) => !few.includes(one)).map(({ calls }) => ({ ...calls, vote: voteOf(calls) })));
    [rest, left] = [few.map(({ own }) => own), few.map(({ calls }) => calls)];
    const together = sumOf(left);
    if (together.sent < ENOUGH_CALLS || left.some(({ sent }) => sent * 2 > together.sent)) continue;
    return [...votes, { ...together, vote: voteOf(together) }];
  }
  return [...votes, { ...sumOf(left), vote: 'unknown' }];
}

function voteOf({ sent, answered }: Calls): Vote {
  const share = answered / sent;
  return share <= ANSWERED.gone ? 'gone' : share >= ANSWERED.well ? 'well' : 'unknown';
}

/** An answer of class 5 is none: an Envoy that reaches nobody gives it itself. */
function callsWithin(series: readonly OneSeries[], fromMs: number): Calls {
  let [sent, answered] = [0, 0];
  for (const { labels, increments } of series) {
    const name = labels['__name__'] ?? '';
    const isAnswer = name === 'envoy_cluster_upstream_rq_xx' && labels['envoy_response_code_class'] !== '5';
    if (!isAnswer && !CHOSEN.has(name)) continue;
    const by = increments.filter((one) => one.fromMs >= fromMs).reduce((sum, one) => sum + one.by, 0);
    if (isAnswer) answered += by;
    else sent += by;
  }
  return { sent, answered };
}
