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

/** Each client cluster by itself: one whose calls are answered speaks for the cluster, whatever the others see. */
export function peerCalls(counted: Counted, asked: Asked): PeerCalls {
  const series = counted.series.filter(
    ({ labels }) => asked.stats.includes(labels['envoy_cluster_name'] ?? '') && clusterOf(labels) !== asked.cluster,
  );
  const newestMs = Math.max(0, ...series.map((one) => one.newestMs));
  if (series.length === 0) return { vote: 'unknown', text: 'nobody counts any' };
  if (asked.nowMs - newestMs > Math.max(FRESH_MS, 3 * counted.intervalMs))
    return { vote: 'unknown', text: 'the counts are not fresh' };
  const peers = [...new Set(series.map(({ labels }) => clusterOf(labels)))].sort();
  const seen = peers.map((peer) => {
    const own = series.filter(({ labels }) => clusterOf(labels) === peer);
    return { peer, ...voteOf(own, { ...asked, newestMs }) };
  });
  const text = seen.map(({ peer, calls }) => `${peer}: ${calls.answered} of ${calls.sent} answered`).join(', ');
  const said = (vote: Vote): boolean => seen.some((one) => one.vote === vote);
  return { vote: said('well') ? 'well' : said('gone') ? 'gone' : 'unknown', text };
}

interface Window {
  readonly newestMs: number;
  readonly sinceMs: number;
}

function voteOf(series: Counted['series'], of: Window): { readonly vote: Vote; readonly calls: Calls } {
  let calls: Calls = { sent: 0, answered: 0 };
  for (const windowMs of WINDOWS_MS) {
    calls = callsWithin(series, Math.max(of.sinceMs, of.newestMs - windowMs));
    if (calls.sent >= ENOUGH_CALLS) break;
  }
  const { sent, answered } = calls;
  if (sent < ENOUGH_CALLS) return { vote: 'unknown', calls };
  const share = answered / sent;
  return { vote: share <= ANSWERED.gone ? 'gone' : share >= ANSWERED.well ? 'well' : 'unknown', calls };
}

/** An answer of class 5 is none: an Envoy that reaches nobody gives it itself. */
function callsWithin(series: Counted['series'], fromMs: number): Calls {
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
