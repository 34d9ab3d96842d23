import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { sameTraffic, subsetsOf, weightsOf } from '../../../core/routing/weights.ts';
import { apportion, positiveShares, sharesOf, WHOLE } from '../../../core/values/share.ts';
import { arbitraryRecord, arbitraryVersions, canary, recordOf } from './records.ts';

const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

const perCluster = (record: Parameters<typeof weightsOf>[0]): Record<string, number> => {
  const totals: Record<string, number> = {};
  for (const { cluster, weight } of weightsOf(record, 'current')) totals[cluster] = (totals[cluster] ?? 0) + weight;
  return totals;
};

describe('sharesOf', () => {
  it('takes percent with fractions', () => {
    expect(sharesOf({ v1: 99.9, v2: 0.1 }, { unit: 'percent', of: 'versions' })).toEqual({ v1: 999_000, v2: 1_000 });
    expect(sharesOf({ a: 33.3333, b: 33.3333, c: 33.3334 }, { unit: 'percent', of: 'x' })).toEqual({
      a: 333_333,
      b: 333_333,
      c: 333_334,
    });
  });

  it('refuses what does not sum to the whole, and says what it was', () => {
    expect(() => sharesOf({ v1: 90, v2: 5 }, { unit: 'percent', of: 'versions in aws' })).toThrow(
      'versions in aws: shares sum to 95 percent, not 100',
    );
    expect(() => sharesOf({}, { unit: 'ppm', of: 'x' })).toThrow('sum to 0 ppm');
  });

  it('names every share that is no share', () => {
    expect(() => sharesOf({ a: -1, b: Number.NaN, c: 100.00001, d: 1 }, { unit: 'percent', of: 'x' })).toThrow(
      'a: -1, b: NaN, c: 100.00001',
    );
  });
});

describe('apportion', () => {
  it('sums exactly, and each part is within one of its exact share', () => {
    const parts = fc.dictionary(fc.string({ minLength: 1 }), fc.integer({ min: 1, max: WHOLE }), {
      minKeys: 1,
      maxKeys: 8,
    });
    fc.assert(
      fc.property(parts, fc.integer({ min: WHOLE / 2, max: WHOLE }), (shares, whole) => {
        const sum = total(Object.values(shares));
        fc.pre(Object.values(shares).every((share) => (share * whole) / sum >= 1));
        const result = apportion(shares, whole);
        expect(total(Object.values(result))).toBe(whole);
        for (const [name, part] of Object.entries(result)) {
          expect(Math.abs(part - ((shares[name] ?? 0) * whole) / sum)).toBeLessThan(1);
        }
      }),
    );
  });

  it('gives the rest to the largest remainders, then by name', () => {
    expect(apportion({ b: 1, a: 1, c: 1 }, 100)).toEqual({ a: 34, b: 33, c: 33 });
  });

  it('refuses a positive share that would get nothing: it would be ignored in silence', () => {
    expect(() => apportion({ v1: 999_999, v2: 1 }, 1_000)).toThrow('a positive share rounds to no traffic: v2');
    expect(apportion({ v1: WHOLE, v2: 0 }, 1_000)).toEqual({ v1: 1_000, v2: 0 });
  });
});

describe('weightsOf', () => {
  it('sums to the whole for any record', () => {
    fc.assert(
      fc.property(
        arbitraryRecord,
        (record) => total(weightsOf(record, 'current').map(({ weight }) => weight)) === WHOLE,
      ),
    );
  });

  it('gives each serving cluster exactly its topology share, so a deploy never moves traffic between clusters', () => {
    fc.assert(
      fc.property(arbitraryRecord, arbitraryVersions, (record, deployed) => {
        const after = { ...record, versions: { ...record.versions, current: deployed } };
        const expected = Object.fromEntries(
          Object.entries(record.topology.current ?? {}).filter(([, share]) => share > 0),
        );
        expect(positiveShares(perCluster(record))).toEqual(expected);
        expect(positiveShares(perCluster(after))).toEqual(expected);
      }),
    );
  });

  it('has a line for every live subset, sorted: what enters, drains or stays warm has weight 0', () => {
    const record = recordOf({
      topology: { a: WHOLE, b: 0 },
      current: { a: { v2: WHOLE, v3: 0 }, b: { v1: WHOLE } },
      proven: { a: { v1: WHOLE } },
    });
    const lines = (which: 'current' | 'proven'): unknown =>
      weightsOf(record, which).map(({ cluster, version, weight }) => [cluster, version, weight]);
    expect(lines('current')).toEqual([
      ['a', 'v1', 0],
      ['a', 'v2', WHOLE],
      ['a', 'v3', 0],
      ['b', 'v1', 0],
    ]);
    expect(lines('proven')).toEqual([
      ['a', 'v1', WHOLE],
      ['a', 'v2', 0],
      ['a', 'v3', 0],
      ['b', 'v1', 0],
    ]);
  });

  it('keeps the subsets of a cluster that topology just left, until the proven topology leaves it too', () => {
    const record = recordOf({ topology: { a: WHOLE }, current: { a: { v1: WHOLE }, b: { v1: WHOLE } } });
    const moved = { ...record, topology: { ...record.topology, proven: { b: WHOLE } } };
    expect(subsetsOf(moved)).toEqual([
      { cluster: 'a', version: 'v1' },
      { cluster: 'b', version: 'v1' },
    ]);
    expect(subsetsOf(record)).toEqual([{ cluster: 'a', version: 'v1' }]);
  });

  it('is empty for a part that does not exist, and an error for traffic without a version', () => {
    expect(
      weightsOf(recordOf({ topology: { a: WHOLE }, current: { a: { v1: WHOLE } }, proven: null }), 'proven'),
    ).toEqual([]);
    expect(() => weightsOf(recordOf({ topology: { a: WHOLE }, current: {} }), 'current')).toThrow(
      'record of aws-us-east-1/shop/checkout: a gets traffic but has no version with a share',
    );
  });

  it('multiplies the two levels', () => {
    expect(weightsOf(canary, 'current').map(({ weight }) => weight)).toEqual([665_000, 35_000, 300_000]);
  });
});

describe('sameTraffic', () => {
  it('ignores entries of 0 and the order of keys, and nothing else', () => {
    expect(sameTraffic({ a: { v1: WHOLE, v2: 0 }, b: {} }, { a: { v1: WHOLE } })).toBe(true);
    expect(sameTraffic({ a: { v1: 1, v2: 2 } }, { a: { v2: 2, v1: 1 } })).toBe(true);
    expect(sameTraffic({ a: { v1: 2, v2: 1 } }, { a: { v1: 1, v2: 2 } })).toBe(false);
    expect(sameTraffic({ a: { v1: WHOLE } }, { b: { v1: WHOLE } })).toBe(false);
    expect(sameTraffic(null, {})).toBe(false);
    expect(sameTraffic(null, null)).toBe(true);
  });
});
