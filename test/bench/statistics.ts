/** The two numbers that a bench says of its repeats: the middle and the spread. */
import type { Measure } from './bench.ts';

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? NaN;
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? NaN) + upper) / 2 : upper;
};

/** The smallest value that at least that share of the values does not exceed. */
export const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(share * values.length) - 1)] ?? NaN;

/** undefined when nothing was promised. No values never holds. */
export const holds = ({ values, bound }: Measure): boolean | undefined => {
  if (bound === undefined) return undefined;
  const value = bound.of === 'median' ? median(values) : Math.max(...values);
  return values.length > 0 && value <= bound.atMost;
};
