import { describe, expect, it } from '@jest/globals';
import { poissonLowerTail } from '../../../../core/judge/statistics/poisson.ts';

describe('poissonLowerTail', () => {
  // Values of scipy.stats.poisson.cdf.
  it.each([
    [0, 13.8, 1.0157e-6],
    [3, 10, 0.010336],
    [10, 10, 0.58304],
    [100, 250, 2.9535e-27],
  ])('P(X <= %d) at mean %d is %d', (k, mean, expected) => {
    expect(poissonLowerTail(k, mean) / expected).toBeCloseTo(1, 3);
  });

  it('is sure where nothing is awaited, and impossible below nothing', () => {
    expect(poissonLowerTail(0, 0)).toBe(1);
    expect(poissonLowerTail(-1, 5)).toBe(0);
  });
});
