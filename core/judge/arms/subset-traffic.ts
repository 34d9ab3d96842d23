/**
 * What Envoy's counters say about its choice between subsets. Measured with Envoy 1.40:
 *
 *   a request …                          upstream_rq_total   upstream_rq_xx   pending_failure_eject   cx_none_healthy
 *   answered                                     1                 1                   0                    0
 *   hanging, or given up by the client           1                 0                   0                    0
 *   no connection (503 by Envoy)                 0                 1                   1                    0
 *   no healthy host (503 by Envoy)               0                 1                   0                    1
 *
 * So a subset was chosen `upstream_rq_total + pending_failure_eject + cx_none_healthy` times, and each is counted when
 * the request is sent or refused, not when it ends.
 */
import type { Cell } from './arms.ts';
import type { Counted } from '../series/counters.ts';
import { clusterOf, envoyName } from '../series/origin.ts';
import type { RawSeries } from '../series/raw-series.ts';
import { ASIDE } from '../series/selectors.ts';
import type { InstanceTraffic, ScrapeInterval } from '../proof/weight-proof.ts';

const CHOSEN: ReadonlySet<string | undefined> = new Set([
  'envoy_cluster_upstream_rq_total',
  'envoy_cluster_upstream_rq_pending_failure_eject',
  'envoy_cluster_upstream_cx_none_healthy',
]);

const GAUGES: ReadonlySet<string | undefined> = new Set(['envoy_cluster_upstream_rq_active']);

/** Counters can be differenced, gauges cannot. */
export const splitGauges = (
  raw: readonly RawSeries[],
): { readonly counters: readonly RawSeries[]; readonly gauges: readonly RawSeries[] } => ({
  counters: raw.filter(({ labels }) => !GAUGES.has(labels['__name__'])),
  gauges: raw.filter(({ labels }) => GAUGES.has(labels['__name__'])),
});

/**
 * Request-milliseconds that a subset's requests spent under way from scrape to scrape, over all Envoys: the area under
 * the gauge.
 */
export const busyCells = (gauges: readonly RawSeries[], stat: string): readonly Cell[] => {
  const cells = new Map<number, Cell>();
  for (const { labels, samples } of gauges) {
    if (labels['envoy_cluster_name'] !== stat) continue;
    for (const [i, { atMs, value }] of samples.entries()) {
      const before = samples[i - 1];
      if (before === undefined) continue;
      const area = ((underWay(before.value) + underWay(value)) / 2) * (atMs - before.atMs);
      const sum = cells.get(atMs) ?? { fromMs: before.atMs, atMs, total: 0, bad: 0 };
      cells.set(atMs, { ...sum, fromMs: Math.min(sum.fromMs, before.atMs), total: sum.total + area });
    }
  }
  return [...cells.values()].sort((a, b) => a.atMs - b.atMs);
};

/** A value that is not a number says nothing. */
const underWay = (value: number): number => Math.max(0, value || 0);

interface Origin {
  readonly cluster: string;
  readonly instance: string;
  /** By the time of the scrape that ends the interval. */
  readonly intervals: Map<number, { readonly fromMs: number; readonly sent: Record<string, number> }>;
}

/**
 * One per Envoy: requests by subset from scrape to scrape, less those that were sent there beside the weights (`ASIDE`).
 * These are counted when their route is chosen, a moment before the subset's own counter: a scrape between the two makes
 * one interval short of a request, and the next one long.
 */
export const trafficByInstance = (counted: Counted): readonly InstanceTraffic[] => {
  const origins = new Map<string, Origin>();
  for (const { labels, increments } of counted.series) {
    const isAside = labels['__name__'] === ASIDE;
    if (!isAside && !CHOSEN.has(labels['__name__'])) continue;
    const key = `${clusterOf(labels)}/${envoyName(labels)}`;
    const origin = origins.get(key) ?? {
      cluster: clusterOf(labels),
      instance: envoyName(labels),
      intervals: new Map<number, { fromMs: number; sent: Record<string, number> }>(),
    };
    origins.set(key, origin);
    const stat = labels[isAside ? 'envoy_route' : 'envoy_cluster_name'] ?? '';
    for (const { fromMs, atMs, by } of increments) {
      const interval = origin.intervals.get(atMs) ?? { fromMs, sent: {} };
      interval.sent[stat] = (interval.sent[stat] ?? 0) + (isAside ? -by : by);
      origin.intervals.set(atMs, { ...interval, fromMs: Math.min(interval.fromMs, fromMs) });
    }
  }
  return [...origins.values()].map(({ cluster, instance, intervals }) => {
    const ordered: ScrapeInterval[] = [...intervals]
      .sort(([a], [b]) => a - b)
      .map(([atMs, interval]) => ({ atMs, ...interval }));
    const scrapes = new Set(ordered.flatMap(({ fromMs, atMs }) => [fromMs, atMs]));
    return { cluster, instance, intervals: ordered, scrapes: [...scrapes].sort((a, b) => a - b) };
  });
};
