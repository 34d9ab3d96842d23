/** How sure a rate or a mean of simulated runs is. */
import { binomialLowerTail, binomialUpperTail } from '../../../core/judge/statistics/binomial.ts';

export interface Range {
  readonly low: number;
  readonly high: number;
}

/** Clopper and Pearson 1934: exact 95 % limits of a ratio, `count` of `runs`. */
export const exactLimits = (count: number, runs: number): Range => ({
  low: count === 0 ? 0 : halved((p) => binomialUpperTail(count, runs, p) < 0.025),
  high: count === runs ? 1 : halved((p) => binomialLowerTail(count, runs, p) > 0.025),
});

/** Largest p for which `below` still holds; it must hold at 0 and not at 1. */
const halved = (below: (p: number) => boolean): number => {
  let [low, high] = [0, 1];
  for (let i = 0; i < 50; i++) {
    const middle = (low + high) / 2;
    if (below(middle)) low = middle;
    else high = middle;
  }
  return high;
};

export const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** 95 % limits of a mean, by the central limit theorem: for hundreds of runs. */
export const meanLimits = (values: readonly number[]): Range => {
  const mean = meanOf(values);
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length - 1);
  const half = 1.96 * Math.sqrt(variance / values.length);
  return { low: mean - half, high: mean + half };
};
