import { describe, expect, it } from '@jest/globals';
import { binomialLowerTail, binomialTwoSided, binomialUpperTail } from '../../../../core/judge/statistics/binomial.ts';

/** Sums the definition; right for small n. */
const byDefinition = (k: number, n: number, p: number): number => {
  let sum = 0;
  for (let i = k; i <= n; i++) {
    let choose = 1;
    for (let j = 1; j <= i; j++) choose *= (n - i + j) / j;
    sum += choose * p ** i * (1 - p) ** (n - i);
  }
  return sum;
};

describe('binomial tails', () => {
  it('agree with the definition for every k, on both sides of the mean', () => {
    for (const [n, p] of [
      [1, 0.5],
      [7, 0.01],
      [25, 0.3],
      [60, 0.99],
    ] as const) {
      for (let k = 0; k <= n + 1; k++) {
        expect(binomialUpperTail(k, n, p)).toBeCloseTo(byDefinition(k, n, p), 11);
        expect(binomialLowerTail(k - 1, n, p) + binomialUpperTail(k, n, p)).toBeCloseTo(1, 10);
      }
    }
  });

  it('keep their relative precision far out, where a naive sum is 0', () => {
    // P(X = n) is p^n exactly.
    expect(binomialUpperTail(50, 50, 0.001) / 0.001 ** 50).toBeCloseTo(1, 8);
    expect(binomialUpperTail(700, 10_000, 0.05)).toBeGreaterThan(1e-19);
    expect(binomialUpperTail(700, 10_000, 0.05)).toBeLessThan(1e-16);
  });

  it('treat the certain cases exactly: a subset of weight 0 with one request is impossible, not just unlikely', () => {
    expect(binomialTwoSided(1, 1_000_000, 0)).toBe(0);
    expect(binomialTwoSided(0, 1_000_000, 0)).toBe(1);
    expect(binomialTwoSided(999, 1000, 1)).toBe(0);
    expect(binomialTwoSided(1000, 1000, 1)).toBe(1);
  });

  it('stay finite and quick for a billion requests', () => {
    expect(binomialTwoSided(50_000_000, 1_000_000_000, 0.05)).toBeGreaterThan(0.9);
    expect(binomialTwoSided(51_000_000, 1_000_000_000, 0.05)).toBe(0);
  });
});
