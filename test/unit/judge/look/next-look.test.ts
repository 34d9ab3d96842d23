/** Looks that follow samples, on a clock that travels: how long after a sample can be read is it looked at? */
import { describe, expect, it } from '@jest/globals';
import { nextLookMs, paceOf, type Pace } from '../../../../core/judge/look/next-look.ts';
import type { SequentialSettings } from '../../../../core/judge/settings.ts';

const judge: SequentialSettings = {
  type: 'sequential',
  pollMs: 2_000,
  alpha: 0.01,
  beta: 0.05,
  minRequests: 30,
  healthyBy: 'either',
};

interface World {
  /** When each series is sampled within the interval, ms. */
  readonly phases: readonly number[];
  readonly intervalMs: number;
  /** From a sample until it can be read, ms. */
  readonly lagMs: (sample: number) => number;
  /** Series that stop at that time. */
  readonly gone?: Readonly<Record<number, number>>;
}

/** Delays of looks behind samples that could be read, and looks per interval, of ten minutes after one of learning. */
function watch({ phases, intervalMs, lagMs, gone = {} }: World): { delays: number[]; perInterval: number } {
  const endMs = 660_000;
  const samples = phases.flatMap((phase, series) =>
    Array.from({ length: Math.floor((endMs - phase) / intervalMs) }, (_, i) => phase + i * intervalMs)
      .filter((atMs) => atMs < (gone[series] ?? endMs))
      .map((atMs, i) => ({ series, atMs, readableMs: atMs + lagMs(i) })),
  );
  const seen = new Set<(typeof samples)[number]>();
  const delays: number[] = [];
  let pace: Pace | undefined;
  let looks = 0;
  for (let nowMs = 1_000; nowMs < endMs - intervalMs;) {
    const readable = samples.filter((one) => one.readableMs <= nowMs);
    for (const one of readable.filter((sample) => !seen.has(sample))) {
      seen.add(one);
      if (nowMs > 60_000) delays.push(nowMs - one.readableMs);
    }
    const newest = phases.map((_, i) =>
      Math.max(0, ...readable.filter(({ series }) => series === i).map((s) => s.atMs)),
    );
    const series = newest
      .filter((ms) => ms > 0)
      .map((newestMs) => ({ labels: {}, increments: [], firstMs: newestMs, newestMs }));
    const sampled = { counted: [{ series, intervalMs }], nowMs };
    pace = paceOf(sampled, pace);
    if (nowMs > 60_000) looks += 1;
    nowMs += nextLookMs(judge, sampled, pace);
  }
  return { delays: delays.sort((a, b) => a - b), perInterval: looks / (600_000 / intervalMs) };
}

const at = (sorted: readonly number[], share: number): number => sorted[Math.floor(share * sorted.length)] ?? NaN;
/** Between 0 and 1, the same at every run. */
const noise = (i: number): number => (Math.sin(i * 12.9898) * 43_758.5453 + 43_758.5453) % 1;

describe('the next look', () => {
  it.each([
    ['a push every 5 s, there at once', { phases: [1_700], intervalMs: 5_000, lagMs: () => 20 }],
    [
      'a scrape every 15 s that takes a while',
      { phases: [9_000], intervalMs: 15_000, lagMs: (i: number) => 300 + 200 * noise(i) },
    ],
    ['a collector that holds numbers back', { phases: [2_000], intervalMs: 5_000, lagMs: () => 2_400 }],
    [
      'two arms and an Envoy, each at its own time',
      { phases: [300, 1_900, 4_100], intervalMs: 5_000, lagMs: () => 60 },
    ],
  ])('comes soon after the samples: %s', (_, world: World) => {
    const { delays, perInterval } = watch(world);
    expect(at(delays, 0.5)).toBeLessThan(400);
    expect(at(delays, 0.95)).toBeLessThan(1_200);
    expect(perInterval).toBeLessThanOrEqual(world.phases.length * 3);
  });

  it('is not asked for more than a few times per interval, however many pods sample at times of their own', () => {
    const phases = Array.from({ length: 40 }, (_, i) => noise(i) * 5_000);
    const { delays, perInterval } = watch({ phases, intervalMs: 5_000, lagMs: () => 50 });
    expect(perInterval).toBeLessThanOrEqual(5);
    expect(at(delays, 0.95)).toBeLessThan(1_100);
  });

  it('does not wait for a process that is gone, nor look for it without end', () => {
    const { delays, perInterval } = watch({
      phases: [500, 3_000],
      intervalMs: 5_000,
      lagMs: () => 50,
      gone: { 1: 30_000 },
    });
    expect(at(delays, 0.95)).toBeLessThan(400);
    expect(perInterval).toBeLessThanOrEqual(1.5);
  });

  it('comes at the poll while nothing is known of the interval', () => {
    const sampled = { counted: [{ series: [], intervalMs: 0 }], nowMs: 5_000 };
    expect(nextLookMs(judge, sampled, paceOf(sampled, undefined))).toBe(2_000);
  });
});
