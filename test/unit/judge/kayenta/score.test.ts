/** The cases of Kayenta's ScorerSuite, and what must hold for all scores. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { MetricLabel } from '../../../../core/judge/kayenta/classify.ts';
import { classifyScore, score, type MetricResult } from '../../../../core/judge/kayenta/score.ts';

const metric = (label: MetricLabel, group = 'one', critical = false): MetricResult => ({
  label,
  critical,
  reason: `errors was classified as ${label}`,
  groups: [group],
});

describe('score', () => {
  it.each<[string, number, MetricResult[], Record<string, number>?]>([
    ['one that passes', 100, [metric('Pass')]],
    ['one that fails', 0, [metric('High')]],
    ['one without data: half or more are missing', 0, [metric('Nodata')]],
    ['a group without data beside one that passes', 100, [metric('Pass'), metric('Pass'), metric('Nodata', 'two')]],
    ['half of a group', 50, [metric('Pass'), metric('High')]],
    ['a third of a group, to two decimals', 33.33, [metric('Pass'), metric('High'), metric('Low')]],
    ['groups by weight', 75, [metric('Pass'), metric('Pass'), metric('High', 'two')], { one: 75, two: 25 }],
    [
      'half of a group of half the weight',
      25,
      [metric('Pass'), metric('High'), metric('High', 'two')],
      { one: 50, two: 50 },
    ],
    [
      'no data counts for nothing in its group',
      50,
      [metric('Pass'), metric('Nodata'), metric('High', 'two')],
      { one: 50, two: 50 },
    ],
    [
      'a third of 15 %',
      5,
      [metric('High'), metric('Low'), metric('Pass'), metric('High', 'two')],
      { one: 15, two: 85 },
    ],
    ['a group without a weight gets what is left', 60, [metric('Pass'), metric('High', 'two')], { one: 60 }],
    ['required data that is missing counts as failed', 50, [metric('Pass'), metric('NodataFailMetric')]],
    ['a critical failure beats the rest', 0, [metric('Pass'), metric('High', 'one', true)]],
    ['a critical metric that passes', 50, [metric('Low'), metric('Pass', 'one', true)]],
    ['a critical metric without data', 0, [metric('Pass'), metric('Pass'), metric('Nodata', 'one', true)]],
    ['nothing at all', 0, []],
  ])('%s: %d', (_, expected, results, weights = {}) => {
    expect(score(results, weights).score).toBe(expected);
  });

  it('says why a score is 0 whatever the groups say', () => {
    expect(score([metric('Pass'), metric('High', 'one', true)]).reason).toBe(
      'a critical metric failed: errors was classified as High',
    );
    expect(score([metric('Pass'), metric('Nodata')]).reason).toBe('50 % or more of the metrics have no data');
  });

  it.each([
    [100, 'Pass'],
    [95, 'Pass'],
    [94.99, 'Marginal'],
    [75, 'Marginal'],
    [74.99, 'Fail'],
  ])('%d with 95 and 75 is %s', (value, expected) => {
    expect(classifyScore(value, { pass: 95, marginal: 75 })).toBe(expected);
  });

  const label = fc.constantFrom<MetricLabel>('Pass', 'High', 'Low', 'Nodata', 'NodataFailMetric', 'Error');
  const results = fc.array(
    fc.record({
      label,
      critical: fc.boolean(),
      reason: fc.constant('reason'),
      groups: fc.uniqueArray(fc.constantFrom('one', 'two', 'three'), { maxLength: 3 }),
    }),
    { maxLength: 12 },
  );
  const weights = fc
    .tuple(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 100 }))
    .map(([a, b]): Record<string, number> => ({ one: Math.min(a, b), two: Math.abs(a - b) }));

  it('is 0 to 100 and does not depend on the order of the metrics, for weights of at most 100', () => {
    fc.assert(
      fc.property(results, weights, (all, byGroup) => {
        const scored = score(all, byGroup).score;
        expect(scored).toBeGreaterThanOrEqual(0);
        expect(scored).toBeLessThanOrEqual(100);
        expect(score(all.toReversed(), byGroup).score).toBe(scored);
      }),
      { numRuns: 500, seed: 31 },
    );
  });

  it('does not fall when a failed metric passes', () => {
    fc.assert(
      fc.property(results, weights, (all, byGroup) => {
        const better = all.map((one) => (one.label === 'High' ? { ...one, label: 'Pass' as const } : one));
        expect(score(better, byGroup).score).toBeGreaterThanOrEqual(score(all, byGroup).score);
      }),
      { numRuns: 500, seed: 32 },
    );
  });
});
