/**
 * Native histograms as Prometheus' JSON gives them, turned into the series that classic ones are stored as: `_count`,
 * and `_bucket` with cumulative counts at edges that are the same for all series of an answer. A count at an edge is
 * exact when no bucket with requests reaches over the edge, which holds for exponential buckets at every coarser scale
 * and for custom buckets (NHCB) at their own edges; other edges are left out.
 */
import { perSecond } from '../../core/judge/series/conventions.ts';
import type { RawSeries, Sample } from '../../core/judge/series/raw-series.ts';
import { commonEdges, edgeIndex, nearestEdge } from '../../core/judge/series/exponential.ts';
import type { SeriesQuery } from '../../core/judge/series/source.ts';
import { present } from '../../core/values/json.ts';

/** Requests in (left, right]; buckets without any are not sent. */
interface Bucket {
  readonly left: number;
  readonly right: number;
  readonly count: number;
}

interface NativeSample {
  readonly atMs: number;
  /** NaN when the backend sent something else than a number. */
  readonly count: number;
  readonly buckets: readonly Bucket[];
  /** As in Sample. */
  readonly startMs?: number | null;
}

export interface NativeSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly samples: readonly NativeSample[];
}

/** Buckets of a classic histogram have a series each; more edges than this add requests to read, and hardly knowledge. */
const MAX_EDGES = 40;
/** Durations that are told apart, seconds: a millisecond to half a minute. */
const RANGE_S = { from: 2 ** -10, to: 2 ** 5 } as const;
/** Edges are the same when they differ by less: backends compute √2 to the last bit or not. Scale 20 has 7e-7. */
const SAME = 1e-9;

const COUNT = '_count';
const BUCKET = '_bucket';

/** The query that also finds the histograms that have no classic series. */
export const withNativeHistograms = ({ names, labels, ...rest }: SeriesQuery): SeriesQuery => {
  const bases = names.filter((name) => name.endsWith(COUNT) || name.endsWith(BUCKET)).map(baseOf);
  const le = labels['le'];
  const isNew = bases.length > 0 && le !== undefined && !le.includes('');
  return { ...rest, names: [...names, ...bases], labels: isNew ? { ...labels, le: [...le, ''] } : labels };
};

/** Native series as classic ones, as far as they were asked for; a histogram that is stored as both is given once. */
export const asClassic = (
  { classic, native }: { readonly classic: readonly RawSeries[]; readonly native: readonly NativeSeries[] },
  query: SeriesQuery,
): readonly RawSeries[] => {
  if (native.length === 0) return classic;
  const newest = new Map<string, number>();
  for (const series of classic)
    newest.set(histogramOf(series), Math.max(newest.get(histogramOf(series)) ?? 0, endOf(series)));
  const kept = native.filter((series) => endOf(series) > (newest.get(histogramOf(series)) ?? 0));
  const replaced = new Set(kept.map(histogramOf));
  const edges = edgesFor(kept, query);
  return [
    ...classic.filter((series) => !replaced.has(histogramOf(series))),
    ...kept.flatMap((series) => [
      ...(asked(query, series, COUNT) ? [countSeries(series)] : []),
      ...(asked(query, series, BUCKET) ? bucketSeries(series, edges(series)) : []),
    ]),
  ];
};

const asked = ({ names }: SeriesQuery, { labels }: NativeSeries, suffix: string): boolean =>
  names.includes(`${labels['__name__'] ?? ''}${suffix}`);

const countSeries = (series: NativeSeries): RawSeries => ({
  labels: { ...series.labels, __name__: `${series.labels['__name__'] ?? ''}${COUNT}` },
  samples: series.samples.map((sample) => sampleOf(sample, sample.count)),
});

const bucketSeries = ({ labels, samples }: NativeSeries, edges: readonly number[]): RawSeries[] =>
  [...edges, Number.POSITIVE_INFINITY].map((edge) => ({
    labels: {
      ...labels,
      __name__: `${labels['__name__'] ?? ''}${BUCKET}`,
      le: edge === Number.POSITIVE_INFINITY ? '+Inf' : String(edge),
    },
    samples: samples.map((sample) => sampleOf(sample, atOrBelow(sample, edge))),
  }));

/** That value, at the sample's time and with the start that it knows. */
export const sampleOf = (
  { atMs, startMs }: { readonly atMs: number; readonly startMs?: Sample['startMs'] | undefined },
  value: number,
): Sample => ({
  atMs,
  value,
  ...present({ startMs }),
});

/** NaN when the buckets hold more than the histogram counted: counting reports it. */
const atOrBelow = ({ count, buckets }: NativeSample, edge: number): number => {
  const total = buckets.reduce((sum, bucket) => sum + bucket.count, 0);
  if (!(total <= count)) return Number.NaN;
  if (edge === Number.POSITIVE_INFINITY) return count;
  return buckets.reduce((sum, bucket) => (bucket.right <= edge * (1 + SAME) ? sum + bucket.count : sum), 0);
};

/** Which edges the series of a name are cut at: one answer, one set of edges per unit. */
const edgesFor = (
  native: readonly NativeSeries[],
  query: SeriesQuery,
): ((series: NativeSeries) => readonly number[]) => {
  const chosen = new Map<number, readonly number[]>();
  return ({ labels }) => {
    const unit = perSecond(labels['__name__'] ?? '');
    const known = chosen.get(unit);
    if (known !== undefined) return known;
    const alike = native.filter((one) => perSecond(one.labels['__name__'] ?? '') === unit);
    const edges = chooseEdges(distinctBuckets(alike), { query, unit });
    chosen.set(unit, edges);
    return edges;
  };
};

const distinctBuckets = (native: readonly NativeSeries[]): readonly Bucket[] => {
  const found = new Map<string, Bucket>();
  for (const { samples } of native)
    for (const { buckets } of samples)
      for (const bucket of buckets) if (bucket.count > 0) found.set(`${bucket.left}/${bucket.right}`, bucket);
  return [...found.values()];
};

const chooseEdges = (
  buckets: readonly Bucket[],
  { query, unit }: { readonly query: SeriesQuery; readonly unit: number },
): readonly number[] => {
  const positive = buckets.filter(({ left, right }) => right > 0 && -left !== right);
  const scales = positive.map(scaleOf);
  const exponential = scales.every((scale) => scale !== undefined);
  const own = [...new Set(positive.flatMap(({ left, right }) => [left, right]))].filter(
    (edge) => edge > 0 && Number.isFinite(edge),
  );
  const usual = exponential ? commonEdges(scales, { from: RANGE_S.from * unit, to: RANGE_S.to * unit }) : thinned(own);
  const isExact = (edge: number): boolean =>
    buckets.every(({ left, right }) => edge <= left * (left > 0 ? 1 + SAME : 1) || edge >= right * (1 - SAME));
  const coarsest = Math.min(...scales.map((scale) => scale ?? 0));
  const wanted = (query.edges ?? []).map((edge) => {
    if (isExact(edge) || !Number.isFinite(coarsest)) return edge;
    return exponential ? nearestEdge(edge, coarsest) : nearestOf(own.filter(isExact), edge);
  });
  const all = query.labels['le'] === undefined ? [...usual, ...wanted] : wanted;
  const sorted = all
    .filter((edge) => edge !== undefined)
    .filter(isExact)
    .sort((a, b) => a - b);
  return sorted.filter((edge, i) => i === 0 || edge > (sorted[i - 1] ?? 0) * (1 + SAME));
};

/** undefined for a bucket that no exponential histogram has. */
const scaleOf = ({ left, right }: Bucket): number | undefined => {
  if (left <= 0 || !Number.isFinite(right)) return undefined;
  const scale = Math.round(-Math.log2(Math.log2(right / left)));
  const index = edgeIndex(left, scale);
  return index !== undefined && edgeIndex(right, scale) === index + 1 ? scale : undefined;
};

const nearestOf = (edges: readonly number[], to: number): number | undefined =>
  edges.toSorted((a, b) => Math.abs(a - to) - Math.abs(b - to))[0];

const thinned = (edges: readonly number[]): readonly number[] => {
  const step = Math.ceil(edges.length / MAX_EDGES);
  return edges.toSorted((a, b) => a - b).filter((_, i) => i % step === 0);
};

const baseOf = (name: string): string => name.replace(/_(?:count|bucket)$/, '');

const endOf = ({ samples }: RawSeries | NativeSeries): number => samples.at(-1)?.atMs ?? 0;

const histogramOf = ({ labels: { __name__: name = '', le: _, ...labels } }: RawSeries | NativeSeries): string =>
  JSON.stringify([baseOf(name), Object.entries(labels).sort()]);
