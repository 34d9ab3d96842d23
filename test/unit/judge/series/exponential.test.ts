import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  commonEdges,
  countsAtOrBelow,
  downscale,
  edgeIndex,
  mergeHistograms,
  nearestEdge,
  totalCount,
  type ExponentialHistogram,
} from '../../../../core/judge/series/exponential.ts';

const histogram: fc.Arbitrary<ExponentialHistogram> = fc.record({
  scale: fc.integer({ min: -4, max: 20 }),
  zeroCount: fc.nat(1_000),
  offset: fc.integer({ min: -2_000, max: 2_000 }),
  counts: fc.array(fc.nat(1_000), { maxLength: 160 }),
});

/** Trailing and leading empty buckets mean nothing. */
const trimmed = ({ offset, counts, ...rest }: ExponentialHistogram) => ({
  ...rest,
  buckets: counts.map((count, i) => [offset + i, count]).filter(([, count]) => count !== 0),
});

/** What a measured value does, from the definition of the buckets. */
const recorded = (values: readonly number[], scale: number): ExponentialHistogram => {
  const indexes = values.map((value) => Math.ceil(Math.log2(value) * 2 ** scale) - 1);
  const offset = Math.min(0, ...indexes);
  const counts = Array.from({ length: Math.max(0, ...indexes) - offset + 1 }, () => 0);
  for (const index of indexes) counts[index - offset] = (counts[index - offset] ?? 0) + 1;
  return { scale, zeroCount: 0, offset, counts };
};

describe('an exponential histogram', () => {
  it('keeps every count when it is downscaled, in any number of steps', () => {
    fc.assert(
      fc.property(histogram, fc.nat(6), fc.nat(6), (one, a, b) => {
        const coarse = downscale(one, one.scale - a - b);
        expect(totalCount(coarse)).toBe(totalCount(one));
        expect(trimmed(downscale(downscale(one, one.scale - a), one.scale - a - b))).toEqual(trimmed(coarse));
      }),
    );
  });

  it('merges exactly: totals add up, the order does not matter, and downscaling before or after is the same', () => {
    fc.assert(
      fc.property(histogram, histogram, fc.nat(4), (a, b, steps) => {
        const merged = mergeHistograms(a, b);
        expect(merged.scale).toBe(Math.min(a.scale, b.scale));
        expect(totalCount(merged)).toBe(totalCount(a) + totalCount(b));
        expect(trimmed(mergeHistograms(b, a))).toEqual(trimmed(merged));
        const scale = merged.scale - steps;
        expect(trimmed(downscale(merged, scale))).toEqual(
          trimmed(mergeHistograms(downscale(a, scale), downscale(b, scale))),
        );
      }),
    );
  });

  it('gives cumulative counts that only rise, and the same ones after a merge and at any coarser scale', () => {
    fc.assert(
      fc.property(histogram, histogram, (a, b) => {
        const edges = commonEdges([a.scale, b.scale], { from: 2 ** -10, to: 32 });
        const [ofA, ofB] = [countsAtOrBelow(a, edges), countsAtOrBelow(b, edges)];
        expect(countsAtOrBelow(mergeHistograms(a, b), edges)).toEqual(ofA.map((count, i) => count + (ofB[i] ?? 0)));
        ofA.forEach((count, i) => {
          expect(count).toBeGreaterThanOrEqual(ofA[i - 1] ?? a.zeroCount);
          expect(count).toBeLessThanOrEqual(totalCount(a));
        });
      }),
    );
  });

  it('counts what was measured at or below an edge, at the edge itself too', () => {
    const values = [0.1, 0.24, 0.25, 0.26, 0.5, 0.9, 1, 1.01];
    for (const scale of [0, 3, 8]) {
      expect(countsAtOrBelow(recorded(values, scale), [0.25, 0.5, 1, 2])).toEqual([3, 5, 7, 8]);
    }
  });

  it('refuses to refine, and to count at what is no edge, since either would be a guess', () => {
    expect(() => downscale(recorded([1], 3), 4)).toThrow(/cannot be refined/);
    expect(() => countsAtOrBelow(recorded([1], 3), [0.1])).toThrow(/no bucket edge at scale 3/);
  });
});

describe('edges', () => {
  it('at powers of two are edges of every scale from 0 on; 0.1 s is one of none', () => {
    for (let scale = 0; scale <= 20; scale++) {
      expect([0.25, 0.5, 1].map((edge) => edgeIndex(edge, scale))).toEqual([-2 * 2 ** scale, -1 * 2 ** scale, 0]);
      expect(edgeIndex(0.1, scale)).toBeUndefined();
    }
    expect(edgeIndex(0.5, -1)).toBeUndefined();
    expect(edgeIndex(0.25, -1)).toBe(-1);
  });

  it('near to a value differ by at most half a bucket', () => {
    expect(nearestEdge(0.1, 3)).toBeCloseTo(2 ** (-27 / 8), 12);
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 10, noNaN: true }), fc.integer({ min: 0, max: 8 }), (value, scale) => {
        const off = Math.abs(Math.log2(nearestEdge(value, scale) / value));
        expect(off).toBeLessThanOrEqual(2 ** -scale / 2 + 1e-9);
      }),
    );
  });

  it('that all can be cut at are at most 40, and do not depend on scales finer than √2', () => {
    const range = { from: 2 ** -10, to: 32 };
    expect(commonEdges([8, 20], range)).toEqual(commonEdges([1], range));
    expect(commonEdges([8], range)).toHaveLength(31);
    expect(commonEdges([0, 5], range)).toHaveLength(16);
    expect(commonEdges([-1], range)).toEqual(Array.from({ length: 8 }, (_, i) => 4 ** (i - 5)));
  });
});
