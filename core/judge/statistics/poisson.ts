/** Exact tail of a Poisson count, as a sum of its terms: right also far below what a double can hold as one of them. */
import { logFactorial } from './log-gamma.ts';

/** P(X <= k) for X ~ Poisson(mean), k a whole number. */
export const poissonLowerTail = (k: number, mean: number): number => {
  if (k < 0) return 0;
  if (mean <= 0) return 1;
  let term = 1;
  let sum = 1;
  for (let i = k; i > 0 && term > sum * 1e-16; i--) {
    term *= i / mean;
    sum += term;
  }
  return Math.min(1, Math.exp(k * Math.log(mean) - mean - logFactorial(k) + Math.log(sum)));
};
