/** Hours of raw series: read in pieces that each fit into an answer, and put together. */
import { labelsKey, type RawSeries } from '../../core/judge/series/raw-series.ts';
import { LONGEST_RANGE_MS, type MetricsSource, type SeriesQuery } from '../../core/judge/series/source.ts';

export interface LongRange {
  readonly queries: readonly SeriesQuery[];
  /** In (fromMs, toMs], on the source's clock. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** Every series once, though several queries ask for it. One request at a time: the backend has other users. */
export const readLongRange = async (
  metrics: Pick<MetricsSource, 'range'>,
  { queries, fromMs, toMs }: LongRange,
  signal: AbortSignal,
): Promise<readonly RawSeries[]> => {
  const read = new Map<string, RawSeries>();
  for (const series of queries) {
    const pieces: (readonly RawSeries[])[] = [];
    for (let startMs = fromMs; startMs < toMs; startMs += LONGEST_RANGE_MS) {
      const endMs = Math.min(toMs, startMs + LONGEST_RANGE_MS);
      pieces.push(await metrics.range({ series, toMs: endMs, rangeMs: endMs - startMs }, signal));
    }
    for (const one of joined(pieces)) read.set(labelsKey(one.labels), one);
  }
  return [...read.values()];
};

/** Pieces in order of time. */
const joined = (pieces: readonly (readonly RawSeries[])[]): readonly RawSeries[] => {
  const piecesOfHistogram = new Map<string, Set<number>>();
  const found = new Map<string, { labels: RawSeries['labels']; samples: RawSeries['samples'][number][]; in: number }>();
  pieces.forEach((piece, index) => {
    for (const { labels, samples } of piece) {
      const histogram = histogramOf(labels);
      piecesOfHistogram.set(histogram, (piecesOfHistogram.get(histogram) ?? new Set()).add(index));
      const series = found.get(labelsKey(labels)) ?? { labels, samples: [], in: 0 };
      series.samples.push(...samples);
      found.set(labelsKey(labels), { ...series, in: series.in + 1 });
    }
  });
  // A native histogram may be cut at other edges in each piece. An edge that only some have would look like a new bucket.
  return [...found.values()]
    .filter(({ labels, in: count }) => !('le' in labels) || count === piecesOfHistogram.get(histogramOf(labels))?.size)
    .map(({ labels, samples }) => ({ labels, samples }));
};

const histogramOf = ({ le: _, ...labels }: RawSeries['labels']): string => labelsKey(labels);
