/** Kept samples → the series that Prometheus would store them as. */
import type { RawSeries, Sample } from '../../../core/judge/series/raw-series.ts';
import { mergeHistograms, type ExponentialHistogram } from '../../../core/judge/series/exponential.ts';
import type { SeriesQuery } from '../../../core/judge/series/source.ts';
import { asClassic, sampleOf, type NativeSeries } from '../native-histograms.ts';
import { unsettledFromMs } from './arrivals.ts';
import { seriesNames } from './names.ts';
import type { Kept, Stream } from './stream.ts';
import type { Value } from './values.ts';

interface Window {
  /** Exclusive, ms. */
  readonly fromMs: number;
  /** Inclusive, ms. */
  readonly toMs: number;
  /** Our clock, ms. */
  readonly nowMs: number;
}

export const rawSeriesOf = (
  streams: readonly Stream[],
  { query, ...window }: Window & { readonly query: SeriesQuery },
): readonly RawSeries[] => {
  const classic: RawSeries[] = [];
  const native: NativeSeries[] = [];
  for (const stream of streams) {
    const samples = samplesOf(stream, window);
    if (samples.length === 0) continue;
    if (stream.kind === 'number') classic.push(numberSeries(stream, samples));
    else if (stream.kind === 'histogram') classic.push(...histogramSeries(stream, samples, query));
    else native.push(nativeSeries(stream, samples));
  }
  return asClassic({ classic, native }, query);
};

/** In the window; what ended in the same ms is one sample. */
const samplesOf = ({ samples, arrivals, droppedToMs }: Stream, { fromMs, toMs, nowMs }: Window): readonly Kept[] => {
  const unsettledMs = unsettledFromMs(arrivals, nowMs);
  const merged: Kept[] = [];
  for (const kept of samples) {
    if (kept.atMs <= fromMs || kept.atMs > toMs || kept.atMs >= unsettledMs) continue;
    const before = merged.at(-1);
    const startMs = startOf(kept, { before, droppedToMs });
    const sample = startMs === kept.startMs ? kept : { ...kept, startMs };
    if (before?.atMs === kept.atMs) merged[merged.length - 1] = later(before, sample);
    else merged.push(sample);
  }
  return merged;
};

const startOf = (
  { temporality, startMs, atMs }: Kept,
  { before, droppedToMs }: { readonly before: Kept | undefined; readonly droppedToMs: number },
): Kept['startMs'] => {
  if (typeof startMs !== 'number') return startMs;
  // Of a run whose beginning is not kept any more, the first sample is a baseline.
  if (temporality === 'cumulative') return startMs < droppedToMs ? null : startMs;
  // Each delta has a start of its own, also where several fall into one ms.
  return Math.max(Math.min(startMs, atMs - 1), before?.atMs ?? 0);
};

const later = (before: Kept, sample: Kept): Kept =>
  sample.temporality === 'delta'
    ? { ...sample, startMs: before.startMs, value: plus(before.value, sample.value) }
    : sample;

/** Of classic histograms with different edges only the counts can be added. */
const plus = (a: Value, b: Value): Value => {
  if (a.kind === 'number' && b.kind === 'number') return { kind: 'number', value: a.value + b.value };
  if (a.kind === 'exponential' && b.kind === 'exponential') {
    const zeroThreshold = Math.max(a.zeroThreshold, b.zeroThreshold);
    return { ...b, zeroThreshold, count: a.count + b.count, histogram: mergeHistograms(a.histogram, b.histogram) };
  }
  if (a.kind !== 'histogram' || b.kind !== 'histogram') return b;
  const count = a.count + b.count;
  if (a.bounds.join() !== b.bounds.join()) return { kind: 'histogram', count, bounds: [], counts: [] };
  return { ...b, count, counts: b.counts.map((one, i) => one + (a.counts[i] ?? 0)) };
};

const numberSeries = ({ name, labels }: Stream, samples: readonly Kept[]): RawSeries => ({
  labels: { ...labels, __name__: name },
  samples: samples.flatMap((kept) => (kept.value.kind === 'number' ? [sampleOf(kept, kept.value.value)] : [])),
});

/** `_count`, and a `_bucket` with cumulative counts for every edge that occurs, as far as they are asked for. */
const histogramSeries = (
  { name, labels }: Stream,
  samples: readonly Kept[],
  { names, labels: { le: wanted } }: SeriesQuery,
): readonly RawSeries[] => {
  const [count, bucket] = seriesNames(name);
  const series = names.includes(count)
    ? [{ labels: { ...labels, __name__: count }, samples: samples.map((kept) => sampleOf(kept, totalOf(kept))) }]
    : [];
  if (!names.includes(bucket)) return series;
  const byEdge = new Map<string, Sample[]>();
  for (const kept of samples) {
    for (const [edge, upTo] of edgesOf(kept)) {
      if (wanted !== undefined && !wanted.includes(edge)) continue;
      byEdge.set(edge, byEdge.get(edge) ?? []);
      byEdge.get(edge)?.push(sampleOf(kept, upTo));
    }
  }
  const ofEdge = [...byEdge].map(([le, ones]) => ({ labels: { ...labels, __name__: bucket, le }, samples: ones }));
  return [...series, ...ofEdge];
};

const totalOf = ({ value }: Kept): number => (value.kind === 'number' ? value.value : value.count);

const edgesOf = ({ value }: Kept): readonly (readonly [edge: string, upTo: number])[] => {
  if (value.kind !== 'histogram') return [];
  let upTo = 0;
  const edges = value.bounds.map((bound, i) => [String(bound), (upTo += value.counts[i] ?? 0)] as const);
  return [...edges, ['+Inf', value.count]];
};

const nativeSeries = ({ name, labels }: Stream, samples: readonly Kept[]): NativeSeries => ({
  labels: { ...labels, __name__: name },
  samples: samples.flatMap((kept) => {
    if (kept.value.kind !== 'exponential') return [];
    const { count, histogram, zeroThreshold } = kept.value;
    return [{ ...sampleOf(kept, count), count, buckets: bucketsOf(histogram, zeroThreshold) }];
  }),
});

const bucketsOf = (
  { scale, zeroCount, offset, counts }: ExponentialHistogram,
  zeroThreshold: number,
): NativeSeries['samples'][number]['buckets'] => {
  const edge = (i: number): number => 2 ** ((offset + i) / 2 ** scale);
  const zero = { left: -zeroThreshold, right: zeroThreshold, count: zeroCount };
  const others = counts.map((count, i) => ({ left: edge(i), right: edge(i + 1), count }));
  return [zero, ...others].filter(({ count }) => count > 0);
};
