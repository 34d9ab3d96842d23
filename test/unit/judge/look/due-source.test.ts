import { describe, expect, it } from '@jest/globals';
import { dueSource } from '../../../../core/judge/look/due-source.ts';
import type { RawSeries } from '../../../../core/judge/series/raw-series.ts';

const query = { names: ['requests'], labels: {} };
const everyMs = 5_000;

/** Two series, sampled every 5 s at instants of their own; `gone` stops at 20 s. */
function stored(phases: readonly number[], goneMs = Infinity) {
  let asked = 0;
  const source = dueSource({
    clockOffsetMs: () => Promise.resolve(0),
    range({ toMs, rangeMs }) {
      asked += 1;
      const series = phases.map((phase, i): RawSeries => {
        const until = i === 1 ? Math.min(toMs, goneMs) : toMs;
        const times = Array.from({ length: 100 }, (_, n) => phase + n * everyMs);
        const samples = times.filter((atMs) => atMs > toMs - rangeMs && atMs <= until);
        return { labels: { pod: String(i) }, samples: samples.map((atMs) => ({ atMs, value: atMs })) };
      });
      return Promise.resolve(series.filter(({ samples }) => samples.length > 0));
    },
  });
  const at = (toMs: number, rangeMs = 60_000) => source.range({ series: query, toMs, rangeMs });
  return { at, asked: () => asked };
}

const newest = (series: readonly RawSeries[]): number[] => series.map(({ samples }) => samples.at(-1)?.atMs ?? 0);

describe('a source that is asked for what is due', () => {
  it('is asked once per sample, and gives what the store would have given', async () => {
    const { at, asked } = stored([1_000]);
    for (let nowMs = 31_100; nowMs < 61_000; nowMs += 500) {
      const expected = Math.floor((nowMs - 1_000) / everyMs) * everyMs + 1_000;
      expect(newest(await at(nowMs))).toEqual([expected]);
    }
    // At 0.9 of an interval and at its end, six times.
    expect(asked()).toBeLessThanOrEqual(13);
  });

  it('trims what the range has left, and asks when the range reaches further back', async () => {
    const { at, asked } = stored([1_000]);
    const long = await at(51_100, 30_000);
    expect((await at(51_200, 10_000))[0]?.samples.map(({ atMs }) => atMs)).toEqual([46_000, 51_000]);
    expect(asked()).toBe(1);
    expect((await at(51_300, 40_000))[0]?.samples.length).toBeGreaterThan(long[0]?.samples.length ?? 0);
    expect(asked()).toBe(2);
  });

  it('does not wait for a process that is gone, and asks while nothing is known', async () => {
    const { at, asked } = stored([1_000, 2_000], 22_000);
    await at(41_100);
    await at(41_200);
    expect(asked()).toBe(1);
    const empty = stored([]);
    await empty.at(41_100);
    await empty.at(41_200);
    expect(empty.asked()).toBe(2);
  });

  it('asks for the past every time, and keeps what it knows of now', async () => {
    const { at, asked } = stored([1_000]);
    await at(51_100);
    await at(40_000);
    expect(asked()).toBe(2);
    expect(newest(await at(51_200))).toEqual([51_000]);
    expect(asked()).toBe(2);
  });
});
