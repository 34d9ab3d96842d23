import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { asksForNothing, promqlOf } from '../../../platform/metrics/promql.ts';

describe('a series query as PromQL', () => {
  it('puts a plain name in front, and several into a matcher', () => {
    expect(promqlOf({ names: ['up'], labels: {} })).toBe('up');
    expect(promqlOf({ names: ['b', 'a'], labels: { le: ['+Inf', '0.25'], job: ['x'] } })).toBe(
      String.raw`{__name__=~"a|b",job="x",le=~"\\+Inf|0\\.25"}`,
    );
  });

  it('quotes names that PromQL does not take bare, so that no value can end the query', () => {
    expect(promqlOf({ names: ['a"} or up{'], labels: {} })).toBe(String.raw`{__name__="a\"} or up{"}`);
  });

  it('has the empty value for series without the label', () => {
    expect(promqlOf({ names: ['up'], labels: { job: ['a', ''] } })).toBe('up{job=~"|a"}');
  });

  it('is the same bytes for equal sets, since caches and tests compare queries', () => {
    const values = fc.array(fc.string(), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(values, values, values, (names, a, b) => {
        const one = promqlOf({ names, labels: { a, b } });
        expect(promqlOf({ names: names.toReversed(), labels: { b: [...b, ...b], a: a.toReversed() } })).toBe(one);
      }),
    );
  });

  it('is not asked when no name or value can match: an empty expression would match series without the label', () => {
    expect(asksForNothing({ names: ['up'], labels: { job: [] } })).toBe(true);
    expect(asksForNothing({ names: [], labels: {} })).toBe(true);
    expect(asksForNothing({ names: ['up'], labels: {} })).toBe(false);
  });
});
