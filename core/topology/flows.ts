/** How many calls go from which cluster to which, and how long they take, by the counters of the clients' Envoys. Pure. */
import type { Counted, CountedSeries } from '../judge/series/counters.ts';
import { clusterOf } from '../judge/series/origin.ts';
import type { Flow } from './drilled.ts';

const CHOSEN: ReadonlySet<string> = new Set([
  'envoy_cluster_upstream_rq_total',
  'envoy_cluster_upstream_rq_pending_failure_eject',
  'envoy_cluster_upstream_cx_none_healthy',
]);

export interface Window {
  /** On the clock of the counts, ms since the epoch. */
  readonly fromMs: number;
  readonly toMs: number;
}

interface Sums {
  perSecond: number;
  /** null: no source has told it. */
  timeMs: number | null;
  timed: number;
}

/** `servedBy`: the serving cluster of each stat name. What was not counted within the window is in no flow. */
export function flowsOf(
  counted: Counted,
  servedBy: ReadonlyMap<string, string>,
  window: Window,
): ReadonlyMap<string, Flow> {
  const sums = new Map<string, Sums & { readonly client: string; readonly serving: string }>();
  for (const one of counted.series) {
    const serving = servedBy.get(one.labels['envoy_cluster_name'] ?? '');
    const within = countedWithin(one, window);
    if (serving === undefined || within.spanS === 0) continue;
    const client = clusterOf(one.labels);
    const key = `${client}/${serving}`;
    const sum = sums.get(key) ?? { client, serving, perSecond: 0, timeMs: null, timed: 0 };
    sums.set(key, sum);
    const name = one.labels['__name__'] ?? '';
    if (CHOSEN.has(name)) sum.perSecond += within.by / within.spanS;
    else if (name.endsWith('_rq_time_sum')) sum.timeMs = (sum.timeMs ?? 0) + within.by;
    else if (name.endsWith('_rq_time_count')) sum.timed += within.by;
  }
  return new Map(
    [...sums].map(([key, { client, serving, perSecond, timeMs, timed }]) => [
      key,
      { client, serving, perSecond, meanMs: timed === 0 || timeMs === null ? null : timeMs / timed },
    ]),
  );
}

function countedWithin({ increments }: CountedSeries, { fromMs, toMs }: Window): { by: number; spanS: number } {
  let [by, spanMs] = [0, 0];
  for (const one of increments) {
    if (one.fromMs < fromMs || one.atMs > toMs) continue;
    by += one.by;
    spanMs += one.atMs - one.fromMs;
  }
  return { by, spanS: spanMs / 1_000 };
}
