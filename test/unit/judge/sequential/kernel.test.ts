/** The kernel against numbers of SciPy, and against sums over every outcome of small tables. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { binomialLowerTail, binomialUpperTail } from '../../../../core/judge/statistics/binomial.ts';
import { logMoment, logMomentBound, logMoments } from '../../../../core/judge/statistics/hypergeometric.ts';
import { logChoose, logGamma, logSumExp } from '../../../../core/judge/statistics/log-gamma.ts';
import { logAbove } from '../../../../core/judge/sequential/one-arm.ts';
import { confseqCases, scipyCases } from './known-cases.ts';

/** Equal up to so many digits of the larger of 1 and the value. */
const near = (value: number, expected: number, digits: number): void => {
  expect(Math.abs(value - expected) / Math.max(1, Math.abs(expected))).toBeLessThan(10 ** -digits);
};

describe('ln of the gamma function', () => {
  it.each(scipyCases.logGamma)('is SciPy’s at $x', ({ x, log }) => near(logGamma(x), log, 13));
});

describe('hypergeometric log-moments', () => {
  it.each(scipyCases.logMoments)(
    'are SciPy’s for $bad bad of $newTotal new and $oldTotal old requests',
    ({ newTotal, oldTotal, bad, tilts, logs }) => {
      const newBad = Math.max(0, bad - oldTotal);
      const found = logMoments({ newTotal, oldTotal, newBad, oldBad: bad - newBad }, tilts);
      // SciPy's own probabilities of millions of requests are good to nine digits.
      found.forEach((log, i) => near(log, logs[i] ?? Number.NaN, 8));
    },
  );

  it.each(scipyCases.fisher)(
    'give the likelihood ratio of Fisher’s noncentral law: $newBad of $newTotal against $oldBad of $oldTotal, odds $odds',
    ({ newTotal, oldTotal, newBad, oldBad, odds, log }) => {
      const d = Math.log(odds);
      near(d * newBad - logMoment({ newTotal, oldTotal, newBad, oldBad }, d), log, 9);
    },
  );

  const table = fc
    .record({ newTotal: fc.integer({ min: 1, max: 60 }), oldTotal: fc.integer({ min: 1, max: 60 }) })
    .chain(({ newTotal, oldTotal }) =>
      fc.record({
        newTotal: fc.constant(newTotal),
        oldTotal: fc.constant(oldTotal),
        newBad: fc.integer({ min: 0, max: newTotal }),
        oldBad: fc.integer({ min: 0, max: oldTotal }),
      }),
    );
  const tilt = fc.double({ min: -3, max: 5, noNaN: true });

  it('are the sum over every way the bad requests can fall', () => {
    fc.assert(
      fc.property(table, tilt, (one, d) => {
        const bad = one.newBad + one.oldBad;
        const all = logChoose(one.newTotal + one.oldTotal, bad);
        const terms: number[] = [];
        for (let x = Math.max(0, bad - one.oldTotal); x <= Math.min(bad, one.newTotal); x++)
          terms.push(logChoose(one.newTotal, x) + logChoose(one.oldTotal, bad - x) - all + d * x);
        near(logMoment(one, d), logSumExp(terms), 10);
      }),
    );
  });

  it('do not jump where the sum changes its method, since one grid serves all sizes', () => {
    const tilts = [-2, -0.5, 0, 0.1, 1, 4];
    for (const bad of [38, 39, 40, 41, 42]) {
      const one = { newTotal: 500, oldTotal: 9500, newBad: 0, oldBad: bad };
      logMoments(one, tilts).forEach((log, i) => {
        const all = logChoose(10_000, bad);
        const terms = Array.from(
          { length: bad + 1 },
          (_, x) => logChoose(500, x) + logChoose(9500, bad - x) - all + (tilts[i] ?? 0) * x,
        );
        near(log, logSumExp(terms), 10);
      });
    }
  });

  it('are at most their bound for every tilt above 0', () => {
    fc.assert(
      fc.property(table, fc.double({ min: 0.01, max: 4, noNaN: true }), (one, d) => {
        expect(logMoment(one, d)).toBeLessThanOrEqual(logMomentBound(one, d) + 1e-9);
      }),
    );
  });

  it('say the same of swapped versions with the tilt turned round', () => {
    fc.assert(
      fc.property(table, tilt, (one, d) => {
        const swapped = {
          newTotal: one.oldTotal,
          oldTotal: one.newTotal,
          newBad: one.oldBad,
          oldBad: one.newBad,
        };
        const there = d * one.newBad - logMoment(one, d);
        const back = -d * swapped.newBad - logMoment(swapped, -d);
        near(back, there, 9);
      }),
    );
  });
});

describe('binomial tails', () => {
  it.each(scipyCases.binomialTails)('are SciPy’s for $k of $n at $p', ({ k, n, p, upper, lower }) => {
    near(binomialUpperTail(k, n, p), upper, 10);
    near(binomialLowerTail(k, n, p), lower, 10);
  });
});

describe('a mixture over a grid', () => {
  it.each(scipyCases.betaMixtures)(
    'converges to the closed form of a beta prior: Beta($a, $b), $bad bad and $good good',
    ({ a, b, bad, good, p, log }) => {
      const steps = 20_000;
      const norm = logGamma(a) + logGamma(b) - logGamma(a + b);
      // In the angle, where a prior of Beta(1/2, 1/2) is flat.
      const terms = Array.from({ length: steps }, (_, i) => {
        const angle = (((i + 0.5) / steps) * Math.PI) / 2;
        const [q, rest] = [Math.sin(angle) ** 2, Math.cos(angle) ** 2];
        const prior = (a - 0.5) * Math.log(q) + (b - 0.5) * Math.log(rest) - norm + Math.log(Math.PI / steps);
        return prior + bad * Math.log(q / p) + good * Math.log(rest / (1 - p));
      });
      near(logSumExp(terms), log, 6);
    },
  );
});

describe('the e-value against a fixed objective', () => {
  const { alpha, boundaries } = confseqCases;
  // The least that one-arm.ts looks for are odds of 1.5.
  it.each(boundaries.filter(({ p, n, bad }) => bad > 1.4 * p * n))(
    'needs at most one bad request or 5 % more of $n than confseq’s mixture tuned to that number, at $p allowed',
    ({ p, n, bad }) => {
      let ours = 0;
      while (logAbove({ total: n, bad: ours }, p, 1) < Math.log(1 / alpha)) ours += 1;
      expect(ours).toBeGreaterThanOrEqual(bad - 1);
      expect(ours).toBeLessThanOrEqual(Math.max(bad + 1, 1.05 * bad));
    },
  );
});
