import { describe, expect, it } from '@jest/globals';
import type { RawSeries } from '../../../core/judge/series/raw-series.ts';
import { readLongRange } from '../../../platform/metrics/read-long-range.ts';
import { createRecordedSource } from '../../../platform/metrics/recorded.ts';
import type { SeriesQuery } from '../../../core/judge/series/source.ts';

const series = (labels: Record<string, string>, ...times: number[]): RawSeries => ({
  labels: { __name__: 'up', ...labels },
  samples: times.map((atMs) => ({ atMs, value: 1 })),
});
const up: SeriesQuery = { names: ['up'], labels: {} };
const { signal } = new AbortController();
const timesOf = (all: readonly RawSeries[]): number[][] => all.map(({ samples }) => samples.map(({ atMs }) => atMs));

describe('a recorded source', () => {
  it('answers with (to - range, to], as Prometheus does: neighbouring ranges share no sample', async () => {
    const source = createRecordedSource([series({}, 10, 20, 30, 40)]);
    expect(timesOf(await source.range({ series: up, toMs: 30, rangeMs: 20 }))).toEqual([[20, 30]]);
    expect(timesOf(await source.range({ series: up, toMs: 50, rangeMs: 20 }))).toEqual([[40]]);
    expect(await source.range({ series: up, toMs: 60, rangeMs: 20 })).toEqual([]);
  });

  it('keeps samples that are out of order so, since counting tells of it', async () => {
    const source = createRecordedSource([series({}, 30, 10, 20)]);
    expect(timesOf(await source.range({ series: up, toMs: 30, rangeMs: 15 }))).toEqual([[30, 20]]);
  });

  it("takes '' for a series without the label, and an empty list for nothing", async () => {
    const source = createRecordedSource([series({}, 1), series({ le: '1' }, 2), series({ le: '2' }, 3)]);
    const asked = async (le: readonly string[]): Promise<number[][]> =>
      timesOf(await source.range({ series: { ...up, labels: { le } }, toMs: 9, rangeMs: 9 }));
    expect(await asked(['', '2'])).toEqual([[1], [3]]);
    expect(await asked([])).toEqual([]);
  });
});

describe('a long range', () => {
  const minutes = Array.from({ length: 40 }, (_, i) => i * 60_000);

  it('is read in pieces, and has every sample once', async () => {
    const source = createRecordedSource([series({}, ...minutes)]);
    const asked: number[] = [];
    const metrics = {
      range: (query: Parameters<typeof source.range>[0]) => {
        asked.push(query.rangeMs);
        return source.range(query);
      },
    };
    const read = await readLongRange(metrics, { queries: [up, up], fromMs: 0, toMs: 25 * 60_000 }, signal);
    expect(timesOf(read)).toEqual([minutes.slice(1, 26)]);
    expect(asked).toEqual([600_000, 600_000, 300_000, 600_000, 600_000, 300_000]);
  });

  it('leaves out edges that only some pieces have: they would count as buckets that are new', async () => {
    const everywhere = ['1', '+Inf'].map((le) => series({ le }, ...minutes));
    const late = series({ le: '0.5' }, ...minutes.slice(30));
    const newPod = ['0.5', '+Inf'].map((le) => series({ le, instance: 'new' }, ...minutes.slice(30)));
    const source = createRecordedSource([...everywhere, late, ...newPod]);
    const read = await readLongRange(source, { queries: [up], fromMs: 0, toMs: 40 * 60_000 }, signal);
    expect(read.map(({ labels }) => `${labels['instance'] ?? 'old'} ${labels['le'] ?? ''}`)).toEqual([
      'old 1',
      'old +Inf',
      'new 0.5',
      'new +Inf',
    ]);
  });
});
