/**
 * Exponential histograms (OpenTelemetry's, and Prometheus' native ones): bucket i counts what fell in (b^i, b^(i+1)]
 * with b = 2^(2^-scale). Every edge of a coarser scale is an edge of a finer one too, so downscaling and merging lose
 * resolution but no count, and "at or below an edge" stays an integer: a test on such counts stays valid.
 */

export interface ExponentialHistogram {
  /** -10 … 20; one less halves the number of buckets. */
  readonly scale: number;
  /** What is too near to 0 for a bucket. */
  readonly zeroCount: number;
  /** Index of the first bucket in `counts`; negative below 1. */
  readonly offset: number;
  readonly counts: readonly number[];
}

/** The same counts at a scale that is coarser or equal. */
export const downscale = (histogram: ExponentialHistogram, scale: number): ExponentialHistogram => {
  const steps = histogram.scale - scale;
  if (!Number.isInteger(steps) || steps < 0)
    throw new RangeError(`scale ${histogram.scale} cannot be refined to ${scale}`);
  const offset = coarser(histogram.offset, steps);
  const counts: number[] = [];
  histogram.counts.forEach((count, i) => {
    const index = coarser(histogram.offset + i, steps) - offset;
    while (counts.length <= index) counts.push(0);
    counts[index] = (counts[index] ?? 0) + count;
  });
  return { scale, zeroCount: histogram.zeroCount, offset, counts };
};

/** Sum of both, at the coarser scale of the two. */
export const mergeHistograms = (a: ExponentialHistogram, b: ExponentialHistogram): ExponentialHistogram => {
  const scale = Math.min(a.scale, b.scale);
  const parts = [downscale(a, scale), downscale(b, scale)].filter(({ counts }) => counts.length > 0);
  const offset = parts.length === 0 ? 0 : Math.min(...parts.map((part) => part.offset));
  const end = Math.max(offset, ...parts.map((part) => part.offset + part.counts.length));
  const counts = Array.from({ length: end - offset }, (_, i) =>
    parts.reduce((sum, part) => sum + (part.counts[offset + i - part.offset] ?? 0), 0),
  );
  return { scale, zeroCount: a.zeroCount + b.zeroCount, offset, counts };
};

export const totalCount = ({ zeroCount, counts }: ExponentialHistogram): number =>
  counts.reduce((sum, count) => sum + count, zeroCount);

/** Cumulative counts, one per edge, in the order of the edges. All of them must be edges at the histogram's scale. */
export const countsAtOrBelow = (histogram: ExponentialHistogram, edges: readonly number[]): readonly number[] =>
  edges.map((edge) => {
    const upTo = edgeIndex(edge, histogram.scale);
    if (upTo === undefined) throw new RangeError(`${edge} is no bucket edge at scale ${histogram.scale}`);
    const below = Math.max(0, upTo - histogram.offset);
    return histogram.counts.slice(0, below).reduce((sum, count) => sum + count, histogram.zeroCount);
  });

/** i with b^i = edge; undefined when the edge lies inside a bucket. 0.25, 0.5, 1 and 2 are edges at every scale >= 0. */
export const edgeIndex = (edge: number, scale: number): number | undefined => {
  const index = Math.log2(edge) * 2 ** scale;
  const nearest = Math.round(index);
  return Math.abs(index - nearest) < ROUNDING ? nearest : undefined;
};

/** The bucket edge at a scale that is nearest to a value, by ratio. */
export const nearestEdge = (value: number, scale: number): number =>
  edgeAt(Math.round(Math.log2(value) * 2 ** scale), scale);

/** log2 is off by 1e-15 at most, times 2^20 at the finest scale; buckets there are 1 apart. */
const ROUNDING = 1e-6;

/** Two edges per octave tell a p50 that moved by a fifth; the classic default has 14 edges in this range. */
const FINEST_GRID = 1;

export interface EdgeRange {
  /** In the unit of the metric. */
  readonly from: number;
  readonly to: number;
}

/**
 * Edges at which histograms of these scales can all be cut: those of the coarsest scale, or every √2 where it is finer.
 * They depend on no count, so they are the same at every look while no scale gets coarser.
 */
export const commonEdges = (scales: readonly number[], { from, to }: EdgeRange): readonly number[] => {
  const scale = Math.min(FINEST_GRID, ...scales);
  const [first, last] = [Math.ceil(Math.log2(from) * 2 ** scale), Math.floor(Math.log2(to) * 2 ** scale)];
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => edgeAt(first + i, scale));
};

/** Powers of two and √2 times them are the same bits in every engine. */
const edgeAt = (index: number, scale: number): number => {
  const exponent = index / 2 ** scale;
  if (Number.isInteger(exponent - 0.5)) return Math.SQRT2 * 2 ** (exponent - 0.5);
  return 2 ** exponent;
};

/** i >> 1 per step; a shift by more than 31 would wrap. */
const coarser = (index: number, steps: number): number => index >> Math.min(steps, 31);
