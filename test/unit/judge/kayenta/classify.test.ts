/** The cases of Kayenta's ClassifierSuite, DetectorSuite and TransformSuite by what they show; long series are SciPy's. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { classify, type MetricLabel, type MetricRules } from '../../../../core/judge/kayenta/classify.ts';
import { clean, quantile } from '../../../../core/judge/kayenta/clean.ts';
import { effectSize, meanRatio } from '../../../../core/judge/kayenta/effect-size.ts';
import { confidence } from '../../../../core/judge/kayenta/mann-whitney.ts';
import { scipyCases } from './scipy-cases.ts';

/** The settings of most of Kayenta's own cases: tolerance 0.1, 95 %. */
const suite: MetricRules = {
  direction: 'either',
  nanStrategy: 'remove',
  effectSize: { measure: 'meanRatio' },
  tolerance: 0.1,
  quantile: confidence.of95,
};

const judge = (experiment: readonly number[], control: readonly number[], rules: Partial<MetricRules> = {}) =>
  classify({ ...suite, ...rules }, { name: 'errors', experiment, control });

const series = (name: string): [experiment: readonly number[], control: readonly number[]] => {
  const found = scipyCases.find((one) => one.name === name);
  if (!found) throw new Error(`no case ${name}`);
  return [found.experiment, found.control];
};

const constant = (value: number, n = 5): number[] => Array.from({ length: n }, () => value);
const tenfold: [number[], number[]] = [
  [20, 22, 21, 25, 30],
  [1, 2.2, 1.1, 2.5, 3],
];

describe('classify', () => {
  it.each<[string, MetricRules['direction'], MetricLabel]>([
    ['the same normal distribution', 'either', 'Pass'],
    ['twice as high', 'either', 'High'],
    ['twice as high', 'increase', 'High'],
    ['twice as high', 'decrease', 'Pass'],
    ['half as high', 'either', 'Low'],
    ['half as high', 'decrease', 'Low'],
    ['half as high', 'increase', 'Pass'],
    ['mostly zeros, alike', 'either', 'Pass'],
  ])('%s, looking for %s: %s', (name, direction, label) => {
    expect(judge(...series(name), { direction })).toMatchObject({ label, critical: false });
  });

  it('fails a metric of mostly zeros whose median does not move, as Kayenta does: the test rejects 0 itself', () => {
    const result = judge(...series('mostly zeros, three times as often'));
    expect(result.label).toBe('High');
    // Estimate and interval are 0 but for the tolerance of the search.
    expect(Math.abs(result.shift?.estimate ?? NaN)).toBeLessThan(1e-4);
  });

  it.each<[string, Partial<MetricRules['effectSize']>, MetricLabel, boolean]>([
    ['without any bound', {}, 'High', true],
    ['at least 1.2 times to be critical', { criticalIncrease: 1.2 }, 'High', true],
    ['5 times to fail, 13 times to be critical', { allowedIncrease: 5, criticalIncrease: 13 }, 'High', false],
    ['13 times to fail', { allowedIncrease: 13, criticalIncrease: 15 }, 'Pass', false],
  ])('a critical metric 12 times as high, %s', (_, bounds, label, critical) => {
    const rules = { critical: true, effectSize: { measure: 'meanRatio', ...bounds } } as const;
    expect(judge(...tenfold, rules)).toMatchObject({ label, critical });
  });

  it('a critical metric a ninth as high is Low and critical', () => {
    const effect = { measure: 'meanRatio', criticalDecrease: 1.2 } as const;
    const result = judge([2, 2, 2, 2, 3], [10, 20.2, 10.1, 20.5, 30], { critical: true, effectSize: effect });
    expect(result).toMatchObject({ label: 'Low', critical: true });
  });

  it.each<[string, number, number, MetricLabel]>([
    ['twice as high', 0.2, 0.8, 'High'],
    ['half as high', 0.2, 0.8, 'Low'],
    ['a shift of half a deviation', 0.5, 0.8, 'Pass'],
  ])(
    'with the common language effect size: %s, %d to %d allowed: %s',
    (name, allowedDecrease, allowedIncrease, label) => {
      const effect = { measure: 'cles', allowedDecrease, allowedIncrease } as const;
      expect(judge(...series(name), { effectSize: effect, tolerance: 0.2, quantile: confidence.of98 }).label).toBe(
        label,
      );
    },
  );

  it.each<[string, number[], number[], MetricLabel]>([
    ['all tied', [1, 1, 1], [1, 1], 'Pass'],
    ['the same values in another order', [1, 2, 3, 4, 5], [5, 4, 3, 2, 1], 'Pass'],
    ['one lower value among equal ones', [0, 1, 1, 1, 1], constant(1), 'Pass'],
    ['one higher value among equal ones', [1, 1, 1, 1, 10], constant(1), 'Pass'],
    ['two constants', constant(10), constant(1), 'High'],
    ['a constant against zeros', constant(10), constant(0), 'High'],
    ['zeros against zeros', constant(0), constant(0), 'Pass'],
    ['values against zeros', [54.9, 54.5, 55.1, 55.6, 57.4], constant(0), 'High'],
    ['zeros against values', constant(0), [54.9, 54.5, 55.1, 55.6, 57.4], 'Low'],
    ['one constant point each', [2], [1], 'Error'],
  ])('degenerate series: %s', (_, experiment, control, label) => {
    const effect = { measure: 'meanRatio', allowedDecrease: 0.8, allowedIncrease: 1.2 } as const;
    expect(judge(experiment, control, { effectSize: effect }).label).toBe(label);
  });

  it('has no ratio to a mean of 0, and lets no effect size stand in the way of it', () => {
    const rules = { critical: true, effectSize: { measure: 'meanRatio', criticalIncrease: 1.2 } } as const;
    expect(judge([0.05, 0.06, 0.02, 0.05, 0.13], constant(0), rules)).toMatchObject({
      label: 'High',
      critical: true,
      ratio: NaN,
    });
  });

  it('says the same of two constants each time: no random noise decides', () => {
    const results = Array.from({ length: 20 }, () => judge(constant(1.00001), constant(1)));
    expect(new Set(results.map((one) => JSON.stringify(one))).size).toBe(1);
  });

  it.each<[Partial<MetricRules>, MetricLabel, boolean]>([
    [{}, 'Nodata', false],
    [{ critical: true }, 'Nodata', true],
    [{ mustHaveData: true }, 'NodataFailMetric', false],
    [{ mustHaveData: true, critical: true }, 'Nodata', true],
    [{ nanStrategy: 'replace' }, 'Pass', false],
    [{ nanStrategy: 'replace', critical: true, mustHaveData: true }, 'Pass', false],
  ])('no data with %j: %s', (rules, label, critical) => {
    expect(judge([], [1, 2, 3], rules)).toMatchObject({ label, critical });
    expect(judge([1, 2, 3], [], rules)).toMatchObject({ label, critical });
  });

  const points = (max: number) => fc.uniqueArray(fc.integer({ min: 1, max }), { minLength: 10, maxLength: 40 });

  it('swapping the arms turns High into Low and Low into High, for values without ties', () => {
    const mirrored: Record<string, MetricLabel> = { High: 'Low', Low: 'High', Pass: 'Pass' };
    fc.assert(
      fc.property(points(100), points(300), fc.boolean(), (a, b, cles) => {
        const few = new Set(a.map((value) => value * 2));
        const odd = b.map((value) => value * 2 + 1);
        const effect = { measure: cles ? 'cles' : 'meanRatio' } as const;
        const there = judge([...few], odd, { effectSize: effect }).label;
        const back = judge(odd, [...few], { effectSize: effect }).label;
        expect(back).toBe(mirrored[there]);
      }),
      { numRuns: 300, seed: 21 },
    );
  });

  it('does not depend on the order of the points', () => {
    fc.assert(
      fc.property(points(60), points(90), (a, b) => {
        expect(judge(a.toReversed(), b.toSorted())).toEqual(judge(a, b));
      }),
      { numRuns: 200, seed: 22 },
    );
  });
});

describe('effectSize', () => {
  it('is the ratio of the means, and none to 0', () => {
    expect(meanRatio({ experiment: constant(10), control: constant(100) })).toBe(0.1);
    expect(meanRatio({ experiment: constant(10), control: constant(0) })).toBeNaN();
  });

  it('is 0.5 for series that are alike and 0 or 1 for series that do not overlap', () => {
    const same = [1, 2, 3, 4, 5];
    expect(effectSize('cles', { experiment: same, control: same })).toBe(0.5);
    expect(effectSize('cles', { experiment: [1, 2], control: [3, 4, 5] })).toBe(0);
    expect(effectSize('cles', { experiment: [6], control: [3, 4, 5] })).toBe(1);
  });
});

describe('clean', () => {
  const keep = { strategy: 'keep', factor: 3 } as const;

  it('leaves points without a value out, or counts them as 0', () => {
    expect(clean([0, 1, NaN, 1, 0], { nanStrategy: 'remove', outliers: keep })).toEqual([0, 1, 1, 0]);
    expect(clean([NaN, 10.1, NaN], { nanStrategy: 'replace', outliers: keep })).toEqual([0, 10.1, 0]);
    expect(clean([NaN, NaN], { nanStrategy: 'remove', outliers: keep })).toEqual([]);
  });

  it('removes what is beyond both Tukey’s fences and the outer percentiles', () => {
    const outliers = { strategy: 'remove', factor: 1.5 } as const;
    const values = Array.from({ length: 301 }, (_, i) => i % 10);
    expect(clean([...values, 500], { nanStrategy: 'remove', outliers })).toEqual(values);
    // One in five is within the 99th percentile's reach: a value that is not that rare is no outlier.
    expect(clean([1, 1, 1, 1, 9], { nanStrategy: 'remove', outliers: { ...outliers, factor: 3 } })).toEqual([
      1, 1, 1, 1,
    ]);
    expect(clean([], { nanStrategy: 'remove', outliers })).toEqual([]);
  });

  it('has quantiles of type 7, those of NIST’s example', () => {
    const nist = [
      95.1772, 95.1567, 95.1937, 95.1959, 95.1442, 95.061, 95.1591, 95.1195, 95.1772, 95.0925, 95.199, 95.1682,
    ].sort((a, b) => a - b);
    expect(quantile(nist, 0.9)).toBeCloseTo(95.19568, 8);
    expect(quantile([0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5], 0.05)).toBeCloseTo(0.175, 8);
    expect(quantile([7], 1)).toBe(7);
  });
});
