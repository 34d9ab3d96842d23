import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { countIncrements } from '../../../../core/judge/series/counters.ts';
import { originKey } from '../../../../core/judge/series/origin.ts';
import type { RawSeries } from '../../../../core/judge/series/raw-series.ts';

const series = (
  labels: Record<string, string>,
  points: readonly (readonly [seconds: number, value: number])[],
): RawSeries => ({
  labels: { k8s_cluster_name: 'aws', instance: 'pod-1', ...labels },
  samples: points.map(([seconds, value]) => ({ atMs: seconds * 1000, value })),
});

/** Once a second in [from, to], `perSecond` more each time. */
const steady = (from: number, to: number, perSecond: number, start = 0): (readonly [number, number])[] =>
  Array.from({ length: to - from + 1 }, (_, i) => [from + i, start + i * perSecond] as const);

const sum = (
  raw: readonly RawSeries[],
  which: (labels: Readonly<Record<string, string>>) => boolean,
  rangeStartMs = 0,
): number =>
  countIncrements(raw, rangeStartMs)
    .series.filter((one) => which(one.labels))
    .flatMap((one) => one.increments)
    .reduce((total, { by }) => total + by, 0);

const isBad = (labels: Readonly<Record<string, string>>): boolean => labels['code'] === '500';

describe('countIncrements', () => {
  it('takes the first sample of an old series as a baseline, since what it counted before is not known', () => {
    expect(sum([series({}, steady(1, 5, 10, 7_000))], () => true)).toBe(40);
  });

  it('counts the first errors of a pod that was seen without any, although their series has one sample', () => {
    const raw = [series({ code: '200' }, steady(1, 40, 10, 500)), series({ code: '500' }, [[40, 3]])];
    expect(sum(raw, isBad)).toBe(3);
    const born = countIncrements(raw, 0).series.find((one) => isBad(one.labels));
    expect(born?.increments).toEqual([{ fromMs: 39_000, atMs: 40_000, by: 3 }]);
  });

  it('counts a new pod from 0 when a neighbour was seen all the time, so the backend was not blind', () => {
    const raw = [
      series({ instance: 'old' }, steady(1, 40, 10, 500)),
      series({ instance: 'new', code: '500' }, [[40, 3]]),
    ];
    expect(sum(raw, isBad)).toBe(3);
  });

  it('does not count the first sample of a pod that comes back together with the whole backend', () => {
    const raw = [
      series({ instance: 'old' }, [...steady(1, 5, 10, 500), ...steady(35, 40, 10, 900)]),
      series({ instance: 'back', code: '500' }, steady(36, 40, 0, 9_000)),
    ];
    expect(sum(raw, isBad)).toBe(0);
  });

  it('does not count the first sample of a pod that was heard before the range, and missed by scrapes since', () => {
    const back = series({ instance: 'back' }, [[40, 30]]);
    const raw = [series({ instance: 'old' }, steady(1, 40, 10, 500)), back];
    const isBack = ({ instance }: Readonly<Record<string, string>>): boolean => instance === 'back';
    expect(sum(raw, isBack)).toBe(30);
    const known = countIncrements(raw, 0, new Set([originKey(back.labels)]));
    expect(known.series.find(({ labels }) => isBack(labels))?.increments).toEqual([]);
  });

  it('does not count thousands of requests at first sight, where others count ten a second', () => {
    const raw = [
      series({ instance: 'old' }, steady(1, 40, 10, 500)),
      series({ instance: 'back' }, steady(39, 40, 10, 9_000)),
    ];
    expect(sum(raw, ({ instance }) => instance === 'back')).toBe(10);
  });

  it('takes two samples of one instant and value for one', () => {
    const twice = [1, 2, 2, 3].map((at) => [at, 10 * at] as const);
    expect(countIncrements([series({}, twice)], 0)).toMatchObject({ problems: [] });
    expect(sum([series({}, twice)], () => true)).toBe(20);
  });

  it('does not take a pod of another cluster for a neighbour', () => {
    const raw = [
      series({ k8s_cluster_name: 'gcp' }, steady(1, 40, 10)),
      series({ instance: 'new', code: '500' }, [[40, 3]]),
    ];
    expect(sum(raw, isBad)).toBe(0);
  });

  it('bridges a gap exactly: nothing is lost, nothing is extrapolated', () => {
    expect(
      sum(
        [
          series({}, [
            [1, 100],
            [2, 110],
            [60, 700],
            [61, 710],
          ]),
        ],
        () => true,
      ),
    ).toBe(610);
  });

  it('counts from 0 after a reset', () => {
    expect(
      sum(
        [
          series({}, [
            [1, 100],
            [2, 110],
            [3, 4],
            [4, 9],
          ]),
        ],
        () => true,
      ),
    ).toBe(19);
  });

  it('takes a fall of one series for a restart of its process, although another one has passed its old value', () => {
    const raw = [
      series({ __name__: 'x_bucket', le: '0.25' }, [
        [1, 4],
        [2, 5],
        [3, 20],
      ]),
      series({ __name__: 'x_bucket', le: '+Inf' }, [
        [1, 90],
        [2, 100],
        [3, 20],
      ]),
    ];
    expect(sum(raw, ({ le }) => le === '0.25')).toBe(21);
    expect(sum(raw, ({ le }) => le === '+Inf')).toBe(30);
  });

  it('does not take the fall of one subset for a restart of its Envoy, which drops counters of removed clusters', () => {
    const raw = [
      series({ __name__: 'rq', envoy_cluster_name: 'v1' }, steady(1, 4, 10, 1_000)),
      series({ __name__: 'rq', envoy_cluster_name: 'v2' }, [
        [1, 50],
        [2, 60],
        [3, 1],
      ]),
    ];
    expect(sum(raw, (labels) => labels['envoy_cluster_name'] === 'v1')).toBe(30);
  });

  it('does not share a restart among processes that no instance label tells apart', () => {
    const raw = ['a', 'b'].map((route) => ({
      labels: { __name__: 'x_count', route },
      samples: [500, route === 'a' ? 3 : 510].map((value, i) => ({ atMs: i * 1_000, value })),
    }));
    expect(sum(raw, ({ route }) => route === 'b')).toBe(10);
  });

  it.each([Number.POSITIVE_INFINITY, -1, 0.5, 2 ** 60])('reports %p instead of counting it', (value) => {
    const counted = countIncrements(
      [
        series({ __name__: 'x_total' }, [
          [1, 1],
          [2, value],
        ]),
        series({ instance: 'ok' }, steady(1, 3, 1)),
      ],
      0,
    );
    expect(counted.problems).toEqual([expect.stringContaining('x_total of aws/pod-1 is not a counter')]);
    expect(counted.series).toHaveLength(1);
  });

  it.each([[[3, 1, 2]], [[1, Number.NaN, 2]]])(
    'reports samples at the times %j, since a reset could not be told',
    (times) => {
      const counted = countIncrements(
        [
          series(
            { __name__: 'x_total' },
            times.map((at) => [at, 5] as const),
          ),
        ],
        0,
      );
      expect(counted).toMatchObject({
        series: [],
        problems: ['the samples of x_total of aws/pod-1 are not in order of time'],
      });
    },
  );

  it('gives back any counter without resets: the increments sum to last - first', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1_000), { minLength: 1, maxLength: 50 }), fc.nat(1e6), (steps, start) => {
        let value = start;
        const points = steps.map((by, i) => [i + 1, (value += by)] as const);
        const first = points[0]?.[1] ?? 0;
        expect(sum([series({}, points)], () => true)).toBe(value - first);
      }),
    );
  });

  it('never gives a negative or fractional increment, whatever the backend sends', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 50 }), fc.double()), { maxLength: 30 }), (points) => {
        const ordered = points.toSorted((a, b) => a[0] - b[0]);
        const counted = countIncrements([series({}, ordered), series({ code: '500' }, ordered.slice(2))], 0);
        for (const { by } of counted.series.flatMap((one) => one.increments))
          expect(Number.isSafeInteger(by) && by >= 0).toBe(true);
      }),
    );
  });
});

describe('series that several pods share', () => {
  it('are a problem, not many restarts: their counts would be inflated', () => {
    const shared = series({ __name__: 'x_count' }, [
      [1, 500],
      [2, 40],
      [3, 510],
      [4, 50],
      [5, 520],
      [6, 60],
    ]);
    expect(countIncrements([shared], 0)).toMatchObject({
      series: [],
      problems: [expect.stringContaining('service.instance.id')],
    });
  });
});
