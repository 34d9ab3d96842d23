/**
 * What Tidegate needs of whoever stores the services' metrics: raw samples of counters, and the store's clock. A source
 * throws a TidegateError when it cannot give all of what was asked for; it never answers with a part.
 */
import type { RawSeries } from './raw-series.ts';

/** Series by name and labels. An empty list of names or values asks for nothing. */
export interface SeriesQuery {
  /** Any of these, as Prometheus names them. */
  readonly names: readonly string[];
  /** Per label its value must be one of these; '' stands for a series without the label. */
  readonly labels: Readonly<Record<string, readonly string[]>>;
  /**
   * Edges that buckets must have where the source can choose them, in the metric's unit. Native histograms are given as
   * the classic series `_count` and `_bucket`: at these edges (or the nearest ones), and at others unless `le` is fixed.
   */
  readonly edges?: readonly number[];
}

/** As long as any range that is asked for at once, ms: bounds an answer, also after a long outage of the backend. */
export const LONGEST_RANGE_MS = 10 * 60_000;

interface RangeQuery {
  readonly series: SeriesQuery;
  /** End of the range on the source's clock, ms since the epoch. */
  readonly toMs: number;
  readonly rangeMs: number;
}

/** What judges and proofs need of a source. */
export type CountSource = Pick<MetricsSource, 'range' | 'clockOffsetMs'>;

export interface MetricsSource {
  /** Raw samples in (toMs - rangeMs, toMs], in order of time; series without one are left out. */
  range(query: RangeQuery, signal?: AbortSignal): Promise<readonly RawSeries[]>;
  /** The source's clock minus ours, ms. */
  clockOffsetMs(signal?: AbortSignal): Promise<number>;
  close(): Promise<void>;
}
