/** Exact binomial tails in log space: right for n up to 1e9 and for tails far below what a double can hold as a ratio. */
import { logChoose } from './log-gamma.ts';

/** P(X >= k) for X ~ Binomial(n, p). */
export const binomialUpperTail = (k: number, n: number, p: number): number => {
  if (k <= 0) return 1;
  if (k > n || p <= 0) return 0;
  if (p >= 1) return 1;
  return k > n * p ? sumFrom(k, n, p) : 1 - sumFrom(n - k + 1, n, 1 - p);
};

/** P(X <= k) for X ~ Binomial(n, p). */
export const binomialLowerTail = (k: number, n: number, p: number): number => binomialUpperTail(n - k, n, 1 - p);

/** Chance of a count at least as far out as k, on both sides: twice the smaller tail. */
export const binomialTwoSided = (k: number, n: number, p: number): number =>
  Math.min(1, 2 * Math.min(binomialUpperTail(k, n, p), binomialLowerTail(k, n, p)));

/** Sums the terms from k up; they fall from there on, since k is above the mean. */
const sumFrom = (k: number, n: number, p: number): number => {
  const first = logChoose(n, k) + k * Math.log(p) + (n - k) * Math.log1p(-p);
  const odds = p / (1 - p);
  let term = 1;
  let sum = 1;
  for (let i = k; i < n && term > sum * 1e-16; i++) {
    term *= ((n - i) / (i + 1)) * odds;
    sum += term;
  }
  return Math.min(1, Math.exp(first + Math.log(sum)));
};
