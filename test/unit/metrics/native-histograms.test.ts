import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { RawSeries } from '../../../core/judge/series/raw-series.ts';
import { countsAtOrBelow, totalCount } from '../../../core/judge/series/exponential.ts';
import { parseMatrix } from '../../../platform/metrics/answer.ts';
import { asClassic, withNativeHistograms } from '../../../platform/metrics/native-histograms.ts';
import type { SeriesQuery } from '../../../core/judge/series/source.ts';

const NAME = 'http_server_request_duration_seconds';
const buckets = (edges: readonly number[]): SeriesQuery => ({ names: [`${NAME}_bucket`], labels: {}, edges });
const only = (edges: readonly number[]): SeriesQuery => ({
  ...buckets(edges),
  labels: { le: [...edges.map(String), '+Inf'] },
});

type Bucket = readonly [left: number | string, right: number | string, count: number | string];
const sample = (all: readonly Bucket[], { count, atS = 1 }: { count?: string; atS?: number } = {}) => [
  atS,
  {
    count: count ?? String(all.reduce((sum, [, , by]) => sum + Number(by), 0)),
    sum: '1',
    buckets: all.map(([left, right, by]) => [0, String(left), String(right), String(by)]),
  },
];
const series = (labels: Record<string, string>, ...histograms: unknown[]) => ({
  metric: { __name__: NAME, ...labels },
  histograms,
});
const convert = (query: SeriesQuery, ...result: unknown[]): readonly RawSeries[] =>
  asClassic(parseMatrix({ resultType: 'matrix', result }, 'Prometheus'), query);
const byEdge = (all: readonly RawSeries[]): Record<string, number | undefined> =>
  Object.fromEntries(all.map(({ labels, samples }) => [labels['le'] ?? '', samples.at(-1)?.value]));

/** Buckets of an exponential histogram as the backend prints them. */
const exponential = (scale: number, counts: Readonly<Record<number, number>>): Bucket[] =>
  Object.entries(counts).map(([i, count]) => [
    2 ** (Number(i) / 2 ** scale),
    2 ** ((Number(i) + 1) / 2 ** scale),
    count,
  ]);

describe('native histograms', () => {
  it('are asked for beside the classic series', () => {
    expect(withNativeHistograms(only([0.25]))).toEqual({
      names: [`${NAME}_bucket`, NAME],
      labels: { le: ['0.25', '+Inf', ''] },
      edges: [0.25],
    });
    const counters = { names: ['envoy_cluster_upstream_rq_total'], labels: { le: ['1'] } };
    expect(withNativeHistograms(counters)).toEqual(counters);
  });

  it('give their count where only they exist', () => {
    const counts = convert({ names: [`${NAME}_count`], labels: {} }, series({ x: 'y' }, sample([[0.5, 1, 7]])));
    expect(counts).toEqual([{ labels: { __name__: `${NAME}_count`, x: 'y' }, samples: [{ atMs: 1000, value: 7 }] }]);
  });

  it('give exact counts at powers of two, and at the nearest edge of their scale for other objectives', () => {
    const fine = series({}, sample(exponential(3, { [-28]: 1, [-27]: 2, [-17]: 4, [-16]: 8, [-1]: 16, 0: 32 })));
    expect(byEdge(convert(only([0.25, 1]), fine))).toEqual({ '0.25': 7, '1': 31, '+Inf': 63 });
    expect(byEdge(convert(only([0.1]), fine))).toEqual({ [String(2 ** (-27 / 8))]: 1, '+Inf': 63 });
  });

  it('are cut at the edges of the coarsest scale of the answer, every series and sample alike', () => {
    const fine = series({ v: '1' }, sample(exponential(3, { 0: 1 })), sample(exponential(3, { 0: 2, 1: 1 })));
    const coarse = series({ v: '2' }, sample(exponential(-1, { [-1]: 5 })));
    const all = convert(buckets([0.25, 1]), fine, coarse);
    const edgesOf = (v: string) => all.filter(({ labels }) => labels['v'] === v).map(({ labels }) => labels['le']);
    expect(edgesOf('1')).toEqual(edgesOf('2'));
    expect(edgesOf('1')).toEqual(['0.0009765625', '0.00390625', '0.015625', '0.0625', '0.25', '1', '4', '16', '+Inf']);
  });

  it('have at most 40 edges besides those that were asked for', () => {
    const all = convert(buckets([0.25]), series({}, sample(exponential(8, { [-300]: 1, [-299]: 5 }))));
    expect(all.length).toBeLessThanOrEqual(41);
  });

  it('with custom buckets (NHCB) are classic ones: counted at their own edges only', () => {
    const custom = series(
      {},
      sample([
        ['-Inf', 0.1, 3],
        [0.1, 0.25, 2],
        [0.5, 0.75, 1],
        [10, '+Inf', 4],
      ]),
    );
    expect(byEdge(convert(buckets([0.25]), custom))).toEqual({
      '0.1': 3,
      '0.25': 5,
      '0.5': 5,
      '0.75': 6,
      '10': 6,
      '+Inf': 10,
    });
    expect(byEdge(convert(only([0.1]), custom))).toEqual({ '0.1': 3, '+Inf': 10 });
  });

  it('of both kinds meet at the edges that are exact in both', () => {
    const custom = series(
      { v: '1' },
      sample([
        [0.1, 0.25, 2],
        [0.25, 0.5, 1],
      ]),
    );
    const native = series({ v: '2' }, sample(exponential(0, { [-4]: 1, [-3]: 1, [-2]: 6 })));
    const edges = convert(buckets([]), custom, native).map(({ labels }) => labels['le']);
    expect([...new Set(edges)]).toEqual(['0.0625', '0.25', '0.5', '+Inf']);
  });

  it('count what is too near to 0 for a bucket as fast', () => {
    const zero = series(
      {},
      sample([
        [-1e-128, 1e-128, 9],
        [0.5, 1, 1],
      ]),
    );
    expect(byEdge(convert(only([0.25]), zero))).toEqual({ '0.25': 9, '+Inf': 10 });
  });

  it('in milliseconds get edges in milliseconds', () => {
    const name = 'rpc_server_duration_milliseconds';
    const all = asClassic(
      parseMatrix(
        { resultType: 'matrix', result: [{ ...series({}, sample([[256, 512, 3]])), metric: { __name__: name } }] },
        'x',
      ),
      { names: [`${name}_bucket`], labels: {} },
    );
    expect(all.map(({ labels }) => Number(labels['le'])).slice(0, -1)).toEqual(
      Array.from({ length: 15 }, (_, i) => 2 ** i),
    );
  });

  it('that are stored as classic ones too are given once, the fresher of the two', () => {
    const classic = { metric: { __name__: `${NAME}_count`, pod: 'a' }, values: [[5, '10']] };
    const both = (atS: number) =>
      convert({ names: [`${NAME}_count`], labels: {} }, classic, series({ pod: 'a' }, sample([[0.5, 1, 9]], { atS })));
    expect(both(5).map(({ samples }) => samples[0]?.value)).toEqual([10]);
    expect(both(6).map(({ samples }) => samples[0]?.value)).toEqual([9]);
  });

  it.each([
    ['a fraction', sample([[0.5, 1, 0.5]])],
    ['more requests in buckets than in all', sample([[0.5, 1, 5]], { count: '3' })],
    ['a bucket that is none', [1, { count: '5', buckets: [[0, 'x', '1', '5']] }]],
    ['a bucket that ends before it begins', sample([[2, 1, 5]])],
    ['no count', [1, { buckets: [] }]],
  ])('with %s are no counters, which counting reports', (_, broken) => {
    const values = convert(only([1]), series({}, broken)).map(({ samples }) => samples[0]?.value);
    expect(values.length).toBeGreaterThan(0);
    expect(values.every((value) => !Number.isInteger(value))).toBe(true);
  });

  it('give the same counts as the histograms that they were printed from, merged to any scale', () => {
    const counts = fc.array(fc.nat(50), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 8 }), fc.integer({ min: -40, max: 10 }), counts, (scale, offset, all) => {
        const printed = exponential(scale, Object.fromEntries(all.map((count, i) => [offset + i, count])));
        const result = byEdge(
          convert(buckets([0.25, 1]), series({}, sample(printed.filter(([, , count]) => Number(count) > 0)))),
        );
        const histogram = { scale, zeroCount: 0, offset, counts: all };
        for (const [le, value] of Object.entries(result))
          expect(value).toBe(le === '+Inf' ? totalCount(histogram) : countsAtOrBelow(histogram, [Number(le)])[0]);
      }),
    );
  });
});
