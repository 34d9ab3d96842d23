import { describe, expect, it } from '@jest/globals';
import { milliOf, quantityText } from '../../../../core/workload/capacity/quantity.ts';

describe('amounts as Kubernetes writes them', () => {
  it.each([
    ['100m', 100],
    ['1', 1_000],
    [2, 2_000],
    ['0.1', 100],
    ['1.5Gi', 1.5 * 2 ** 30 * 1_000],
    ['1e3', 1_000_000],
    ['2k', 2_000_000],
    ['500u', 1],
  ])('reads %s', (text, milli) => {
    expect(milliOf(text)).toBe(milli);
  });

  it('takes what is no amount for none, and not for zero', () => {
    expect([milliOf(''), milliOf('much'), milliOf('1Q')]).toEqual([null, null, null]);
  });

  it('adds up exactly: 30 pods of 100m fit into 3', () => {
    expect(30 * (milliOf('100m') ?? 0)).toBe(milliOf('3'));
  });

  it('writes them short', () => {
    expect([1_500, 2_000, 0, 3 * 2 ** 30 * 1_000].map(quantityText)).toEqual(['1500m', '2', '0', '3Gi']);
  });
});
