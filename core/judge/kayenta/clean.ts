/** Points before they are compared: intervals without a value, and outliers. */

export interface Cleaning {
  /** remove: leave points without a value out. replace: count them as 0, for what is only reported when it happens. */
  readonly nanStrategy: 'remove' | 'replace';
  readonly outliers: { readonly strategy: 'keep' | 'remove'; readonly factor: number };
}

export const clean = (values: readonly number[], { nanStrategy, outliers }: Cleaning): readonly number[] => {
  const known =
    nanStrategy === 'remove'
      ? values.filter((value) => !Number.isNaN(value))
      : values.map((value) => (Number.isNaN(value) ? 0 : value));
  return outliers.strategy === 'keep' ? known : withoutOutliers(known, outliers.factor);
};

/**
 * Tukey's fences, `factor` interquartile ranges beyond the quartiles, but never within the 1st and 99th percentile: in
 * a series of equal values with a few others the quartiles fall together, and every other value would be an outlier.
 */
const withoutOutliers = (values: readonly number[], factor: number): readonly number[] => {
  if (values.length === 0) return values;
  const sorted = values.toSorted((a, b) => a - b);
  const low = quantile(sorted, 0.25);
  const high = quantile(sorted, 0.75);
  const lowest = Math.min(quantile(sorted, 0.01), low - factor * (high - low));
  const highest = Math.max(quantile(sorted, 0.99), high + factor * (high - low));
  return values.filter((value) => value >= lowest && value <= highest);
};

/** Linear between neighbours (type 7 of Hyndman and Fan, The American Statistician 50, 1996). */
export const quantile = (sorted: readonly number[], p: number): number => {
  const position = (sorted.length - 1) * p;
  const below = sorted[Math.floor(position)] ?? NaN;
  const above = sorted[Math.ceil(position)] ?? NaN;
  return below + (position - Math.floor(position)) * (above - below);
};
