/** Counters whose source says since when they count: OTLP's start times. */
import { describe, expect, it } from '@jest/globals';
import { countIncrements } from '../../../../core/judge/series/counters.ts';
import type { RawSeries } from '../../../../core/judge/series/raw-series.ts';

type Written = readonly [seconds: number, value: number, start: number | null];

const series = (samples: readonly Written[], labels: Record<string, string> = {}): RawSeries => ({
  labels: { __name__: 'x_count', k8s_cluster_name: 'aws', instance: 'pod-1', ...labels },
  samples: samples.map(([seconds, value, start]) => ({
    atMs: seconds * 1000,
    value,
    startMs: start === null ? null : start * 1000,
  })),
});

const increments = (raw: readonly RawSeries[], rangeStartS = 0) =>
  countIncrements(raw, rangeStartS * 1000).series.map((one) =>
    one.increments.map(({ fromMs, atMs, by }) => [fromMs / 1000, atMs / 1000, by]),
  );

describe('a known start', () => {
  it('counts the first sample of a counter that began inside the range, from its beginning', () => {
    expect(increments([series([[20, 7, 12]])])).toEqual([[[12, 20, 7]]]);
  });

  it('makes no increment of a first sample that counts from before the range', () => {
    const raw = series([
      [20, 7, 12],
      [30, 9, 12],
    ]);
    expect(increments([raw], 15)).toEqual([[[20, 30, 2]]]);
  });

  it('is a reset when it changes, although the value is higher: all of it is new', () => {
    const raw = series([
      [20, 7, 2],
      [30, 40, 25],
    ]);
    expect(increments([raw])).toEqual([
      [
        [2, 20, 7],
        [25, 30, 40],
      ],
    ]);
  });

  it('leaves a gap between two deltas uncounted: it is missing, not zero', () => {
    const deltas = series([
      [10, 5, 0],
      [20, 5, 10],
      [50, 5, 40],
    ]);
    expect(increments([deltas])).toEqual([
      [
        [0, 10, 5],
        [10, 20, 5],
        [40, 50, 5],
      ],
    ]);
  });

  it('explains any number of falls: deltas fall all the time, and are not shared by several pods', () => {
    const falling = series(Array.from({ length: 10 }, (_, i) => [i + 1, 10 - i, i] as const));
    expect(countIncrements([falling], 0).problems).toEqual([]);
    // Nor are they restarts of a sibling, whose counter goes on.
    const sibling = series(
      Array.from({ length: 10 }, (_, i) => [i + 1, 100 + i, null] as const),
      { code: '500' },
    );
    expect(increments([falling, sibling])[1]?.map(([, , by]) => by)).toEqual(Array.from({ length: 9 }, () => 1));
  });

  it('that goes back belongs to another process: several pods report one series, which is a problem', () => {
    const shared = series([
      [10, 500, 1],
      [11, 40, 5],
      [20, 510, 1],
    ]);
    expect(countIncrements([shared], 0)).toMatchObject({
      series: [],
      problems: [expect.stringContaining('goes on from an older start: several pods')],
    });
  });
});

describe('a start that the source knows not to know (null)', () => {
  it('makes a baseline of the first sample, although other series of the process are older', () => {
    const older = series(
      Array.from({ length: 40 }, (_, i) => [i + 1, 10 * i, null] as const),
      { code: '200' },
    );
    expect(increments([older, series([[40, 9_000, null]])])[1]).toEqual([]);
  });

  it('still lets a lower value be a reset', () => {
    const raw = series([
      [10, 500, null],
      [20, 4, null],
    ]);
    expect(increments([raw])).toEqual([[[10, 20, 4]]]);
  });
});
