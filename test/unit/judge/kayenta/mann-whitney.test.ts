import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { confidence, shiftBetween, standardisedU } from '../../../../core/judge/kayenta/mann-whitney.ts';
import { effectSize } from '../../../../core/judge/kayenta/effect-size.ts';
import { searchRoot } from '../../../../core/judge/kayenta/root-search.ts';
import { scipyCases } from './scipy-cases.ts';

/** What the root search leaves open, in units of the data (Kayenta's tolerance). */
const SEARCH = 1.1e-4;

describe('shiftBetween', () => {
  it.each(scipyCases)('has SciPy’s U for $name', ({ experiment, control, u, p }) => {
    const z = standardisedU({ experiment, control });
    const pairs = experiment.length * control.length;
    expect(effectSize('cles', { experiment, control })).toBeCloseTo(u / pairs, 12);
    expect(Math.abs(z)).toBeCloseTo(quantileOfTwoSided(p), 6);
    expect(Math.sign(z)).toBe(Math.abs(u - pairs / 2) <= 0.5 ? 0 : Math.sign(u - pairs / 2));
  });

  it.each(scipyCases)('finds the interval and the estimate of $name to the tolerance of the search', (one) => {
    const shift = shiftBetween(one) ?? { low: NaN, high: NaN, estimate: NaN };
    expect(Math.abs(shift.low - one.low)).toBeLessThan(SEARCH);
    expect(Math.abs(shift.high - one.high)).toBeLessThan(SEARCH);
    expect(shift.estimate).toBeGreaterThan(one.plateau[0] - SEARCH);
    expect(shift.estimate).toBeLessThan(one.plateau[1] + SEARCH);
  });

  it('agrees with the numbers that Kayenta’s own test asserts: 6 to 39 around 22.5', () => {
    const samples = { experiment: [10, 20, 30, 40], control: [1, 2, 3, 4] };
    const { low, high, estimate } = shiftBetween(samples, confidence.of95) ?? { low: 0, high: 0, estimate: 0 };
    expect([low, high, estimate]).toEqual([expect.closeTo(6, 6), expect.closeTo(39, 6), expect.closeTo(22.5, 6)]);
  });

  it('needs five points of each arm for 98 %: with four it takes the extreme differences for an interval, as Kayenta', () => {
    const apart = (n: number) => ({
      experiment: Array.from({ length: n }, (_, i) => 1000 + i),
      control: Array.from({ length: n }, (_, i) => i),
    });
    expect(standardisedU(apart(4))).toBeLessThan(confidence.of98);
    expect(shiftBetween(apart(4))).toMatchObject({ low: 997, high: 1003 });
    expect(standardisedU(apart(5))).toBeGreaterThan(confidence.of98);
  });

  it('tells nothing about values that are all tied', () => {
    expect(shiftBetween({ experiment: [3], control: [3] })).toBeUndefined();
  });

  it('ends, without a number, on points that are no numbers', () => {
    const broken = shiftBetween({ experiment: [NaN, Infinity, 1], control: [2, -Infinity, 3] });
    expect(Object.values(broken ?? {}).every((bound) => !Number.isFinite(bound))).toBe(true);
  });

  it('does not depend on the order of the points, and orders its bounds', () => {
    const points = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 5, maxLength: 25 });
    fc.assert(
      fc.property(points, points, (experiment, control) => {
        const shift = shiftBetween({ experiment, control });
        const reversed = { experiment: experiment.toReversed(), control: control.toReversed() };
        expect(shiftBetween(reversed)).toEqual(shift);
        if (shift) expect(shift.low).toBeLessThanOrEqual(shift.high + SEARCH);
      }),
      { numRuns: 300, seed: 11 },
    );
  });

  it('moves with the data: 7 more on every point of the experiment is a shift of 7 more', () => {
    const points = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 5, maxLength: 25 });
    fc.assert(
      fc.property(points, points, (experiment, control) => {
        const [a, b] = [
          shiftBetween({ experiment, control }),
          shiftBetween({ experiment: experiment.map((x) => x + 7), control }),
        ];
        fc.pre(a !== undefined && b !== undefined);
        expect(Math.abs(b.low - a.low - 7)).toBeLessThan(2 * SEARCH);
        expect(Math.abs(b.high - a.high - 7)).toBeLessThan(2 * SEARCH);
      }),
      { numRuns: 300, seed: 12 },
    );
  });
});

describe('searchRoot', () => {
  it.each([
    ['a line', (x: number) => 3 - x, 3],
    ['a curve', (x: number) => 2 - x ** 3, Math.cbrt(2)],
    ['a step', (x: number) => (x < 1.25 ? 1 : -5), 1.25],
    ['an end', (x: number) => -x, 0],
  ])('finds where %s crosses zero', (_, valueAt, root) => {
    expect(Math.abs(searchRoot(valueAt, { low: 0, high: 10 }) - root)).toBeLessThan(SEARCH);
  });
});

/** z with P(|Z| > z) = p, by bisection on a series: far from the code under test. */
function quantileOfTwoSided(p: number): number {
  let [low, high] = [0, 40];
  for (let i = 0; i < 80; i++) {
    const middle = (low + high) / 2;
    if (tail(middle) > p) low = middle;
    else high = middle;
  }
  return low;
}

/** P(|Z| > z): the series of the error function near 0, its continued fraction beyond. */
function tail(z: number): number {
  if (z < 2) {
    let term = z;
    let sum = z;
    for (let k = 1; k < 60; k++) {
      term *= -(z * z) / (2 * k);
      sum += term / (2 * k + 1);
    }
    return 1 - Math.sqrt(2 / Math.PI) * sum;
  }
  let fraction = 0;
  for (let k = 200; k > 0; k--) fraction = k / (z + fraction);
  return (2 * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI) / (z + fraction);
}
