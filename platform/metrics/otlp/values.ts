/** Values of data points, checked: what does not add up is refused as a whole, with the reason. */
import type { ExponentialHistogram } from '../../../core/judge/series/exponential.ts';
import { fieldOf, listOf } from './decode.ts';
import { countOf, doubleOf, integerOf } from './numbers.ts';

/** SDKs send 160 at most; thousands are a mistake, and would cost memory for every sample. */
const MAX_BUCKETS = 1_000;

export const numberOf = (point: unknown): Value | string => {
  const integer = integerOf(fieldOf(point, 'asInt'));
  const value = integer === undefined ? doubleOf(fieldOf(point, 'asDouble')) : Number(integer);
  return value === undefined ? 'it has no value' : { kind: 'number', value };
};

export const histogramOf = (point: unknown): Value | string => {
  const count = countOf(fieldOf(point, 'count') ?? 0);
  const counts = countsOf(point);
  const bounds = listOf(point, 'explicitBounds').map(doubleOf);
  if (count === undefined || counts === undefined) return 'its counts are not numbers of events';
  if (counts.length > MAX_BUCKETS) return `it has ${counts.length} buckets, more than ${MAX_BUCKETS}`;
  if (counts.length === 0) return { kind: 'histogram', count, bounds: [], counts };
  if (counts.length !== bounds.length + 1) return 'the numbers of its buckets and edges do not fit';
  if (!isAscending(bounds)) return 'its edges are not in ascending order';
  if (sum(counts) !== count) return 'its buckets do not add up to its count';
  return { kind: 'histogram', count, bounds, counts };
};

export const exponentialOf = (point: unknown): Value | string => {
  const [positive, negative] = [fieldOf(point, 'positive'), fieldOf(point, 'negative')];
  const count = countOf(fieldOf(point, 'count') ?? 0);
  const zeroCount = countOf(fieldOf(point, 'zeroCount') ?? 0);
  const [counts, below] = [countsOf(positive), countsOf(negative)];
  const scale = Number(fieldOf(point, 'scale') ?? 0);
  const offset = Number(fieldOf(positive, 'offset') ?? 0);
  const zeroThreshold = doubleOf(fieldOf(point, 'zeroThreshold') ?? 0);
  if (count === undefined || zeroCount === undefined || counts === undefined || below === undefined)
    return 'its counts are not numbers of events';
  if (counts.length > MAX_BUCKETS) return `it has ${counts.length} buckets, more than ${MAX_BUCKETS}`;
  if (!Number.isInteger(scale) || scale < -10 || scale > 20) return `it has the scale ${scale}, outside of -10 to 20`;
  if (!Number.isInteger(offset) || Math.abs(offset) > 2 ** 31) return 'its offset is not an index';
  if (zeroThreshold === undefined || !(zeroThreshold >= 0)) return 'its zero threshold is not a number';
  if (below.some((one) => one > 0)) return 'it has negative values, which no duration has';
  if (sum(counts) + zeroCount !== count) return 'its buckets do not add up to its count';
  return { kind: 'exponential', count, zeroThreshold, histogram: { scale, zeroCount, offset, counts } };
};

const countsOf = (buckets: unknown): readonly number[] | undefined => {
  const counts = listOf(buckets, 'bucketCounts').map(countOf);
  return counts.every((count) => count !== undefined) ? counts : undefined;
};

const isAscending = (bounds: readonly (number | undefined)[]): bounds is readonly number[] =>
  bounds.every((bound, i) => bound !== undefined && Number.isFinite(bound) && bound > (bounds[i - 1] ?? -Infinity));

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);

export type Value =
  | { readonly kind: 'number'; readonly value: number }
  | {
      readonly kind: 'histogram';
      readonly count: number;
      /** Upper edges, ascending; the last bucket has none. */
      readonly bounds: readonly number[];
      /** Per bucket, one more than bounds; empty when only the count is known. */
      readonly counts: readonly number[];
    }
  | {
      readonly kind: 'exponential';
      readonly count: number;
      readonly histogram: ExponentialHistogram;
      readonly zeroThreshold: number;
    };
