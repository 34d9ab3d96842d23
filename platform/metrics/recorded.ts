/** A source that answers from recorded series as the backend did: for replays, without any network. */
import type { RawSeries, Sample } from '../../core/judge/series/raw-series.ts';
import { asksForNothing, promqlOf } from './promql.ts';
import type { MetricsSource, SeriesQuery } from '../../core/judge/series/source.ts';

/** Its clock is that of whoever asks: samples lie in what the asker calls the past. */
export const createRecordedSource = (all: readonly RawSeries[]): MetricsSource => {
  const ordered = new Set(all.filter(isOrdered));
  const known = new Map<string, readonly RawSeries[]>();
  const matching = (query: SeriesQuery): readonly RawSeries[] => {
    const key = promqlOf(query);
    const found = known.get(key) ?? all.filter((series) => isAskedFor(series, query));
    known.set(key, found);
    return found;
  };
  return {
    async range({ series: query, toMs, rangeMs }) {
      if (asksForNothing(query)) return [];
      const range = { afterMs: toMs - rangeMs, toMs };
      return matching(query)
        .map((series) => ({ labels: series.labels, samples: samplesIn(series.samples, range, ordered.has(series)) }))
        .filter(({ samples }) => samples.length > 0);
    },
    clockOffsetMs: () => Promise.resolve(0),
    close: () => Promise.resolve(),
  };
};

const isAskedFor = ({ labels }: RawSeries, query: SeriesQuery): boolean =>
  query.names.includes(labels['__name__'] ?? '') &&
  Object.entries(query.labels).every(([label, values]) => values.includes(labels[label] ?? ''));

const isOrdered = ({ samples }: RawSeries): boolean =>
  samples.every(({ atMs }, i) => atMs > (samples[i - 1]?.atMs ?? Number.NEGATIVE_INFINITY));

/** In (afterMs, toMs]. What is out of order stays so: counting reports it. */
const samplesIn = (
  samples: readonly Sample[],
  { afterMs, toMs }: { readonly afterMs: number; readonly toMs: number },
  ordered: boolean,
): readonly Sample[] =>
  ordered
    ? samples.slice(countUntil(samples, afterMs), countUntil(samples, toMs))
    : samples.filter(({ atMs }) => atMs > afterMs && atMs <= toMs);

/** How many of the ordered samples are at or before this time. */
const countUntil = (samples: readonly Sample[], ms: number): number => {
  let [low, high] = [0, samples.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((samples[middle]?.atMs ?? 0) <= ms) low = middle + 1;
    else high = middle;
  }
  return low;
};
