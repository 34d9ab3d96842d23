/**
 * By how much two series differ: the Mann-Whitney U test, inverted to an interval of the shift, and the shift itself
 * (Hodges and Lehmann, Annals of Mathematical Statistics 34, 1963). Normal approximation, corrected for ties and for
 * continuity, as R's wilcox.test(conf.int = TRUE, exact = FALSE) and Kayenta do it.
 */
import { searchRoot } from './root-search.ts';

/** Two-sided normal quantiles: Kayenta's judge uses 98 %. */
export const confidence = { of98: 2.3263478740408408, of95: 1.959963984540054 } as const;

export interface Samples {
  readonly control: readonly number[];
  readonly experiment: readonly number[];
}

export interface Shift {
  /** Bounds of experiment - control. */
  readonly low: number;
  readonly high: number;
  readonly estimate: number;
}

/** undefined: all values are equal, or there are too few to tell them apart. */
export const shiftBetween = (
  { experiment, control }: Samples,
  quantile: number = confidence.of98,
): Shift | undefined => {
  const bracket = {
    low: Math.min(...experiment) - Math.max(...control),
    high: Math.max(...experiment) - Math.min(...control),
  };
  const at = (shift: number): number => standardisedU({ experiment, control }, shift);
  const [atLow, atHigh] = [at(bracket.low), at(bracket.high)];
  if (Number.isNaN(atLow) || Number.isNaN(atHigh)) return undefined;
  const crossing = (level: number): number => {
    if (atLow <= level) return bracket.low;
    if (atHigh >= level) return bracket.high;
    return searchRoot((shift) => at(shift) - level, bracket);
  };
  return {
    low: crossing(quantile),
    high: crossing(-quantile),
    estimate: searchRoot(at, bracket),
  };
};

/** U of the experiment shifted down, less its mean, in standard deviations; NaN when all values are tied. */
export const standardisedU = ({ experiment, control }: Samples, shift = 0): number => {
  const [n, m] = [experiment.length, control.length];
  const all = [
    ...experiment.map((value) => ({ value: value - shift, mine: 1 })),
    ...control.map((value) => ({ value, mine: 0 })),
  ].sort((a, b) => a.value - b.value);
  let rankSum = 0;
  let ties = 0;
  for (let from = 0; from < all.length;) {
    // At least one: values that equal nothing, not even themselves (NaN), must not stop the count.
    let to = from + 1;
    let mine = all[from]?.mine ?? 0;
    while (to < all.length && all[to]?.value === all[from]?.value) mine += all[to++]?.mine ?? 0;
    rankSum += (mine * (from + 1 + to)) / 2;
    ties += (to - from) ** 3 - (to - from);
    from = to;
  }
  const excess = rankSum - (n * (n + 1)) / 2 - (n * m) / 2;
  const deviation = Math.sqrt(((n * m) / 12) * (n + m + 1 - ties / ((n + m) * (n + m - 1))));
  return deviation === 0 ? NaN : (excess - Math.sign(excess) * 0.5) / deviation;
};
