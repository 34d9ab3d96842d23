/** Counts by the minute, as the kayenta judge's tests write them. */
import { noArm, sumCells, type Arm, type Cell } from '../../../../core/judge/arms/arms.ts';
import type { StratumCounts } from '../../../../core/judge/judge.ts';
import type { Slo } from '../../../../core/judge/settings.ts';

export const MINUTE_MS = 60_000;
export const STALE_MS = 8_000;
/** Counting begins here, off the full minute. */
export const SINCE_MS = 17_000;
export const slo: Slo = { name: 'errors', source: 'server', indicator: { kind: 'errors' }, target: 0.99 };

/** Bad requests of `total` in each 10 s cell of a minute, by the minute. */
export type Minutes = readonly { readonly total: number; readonly bad: number }[];

export const cellsOf = (minutes: Minutes): Cell[] =>
  minutes.flatMap(({ total, bad }, minute) =>
    Array.from({ length: 6 }, (_, i) => {
      const fromMs = SINCE_MS + minute * MINUTE_MS + i * 10_000;
      return { fromMs, atMs: fromMs + 10_000, total, bad };
    }),
  );

const upTo = (cells: readonly Cell[], nowMs: number): Arm => {
  const seen = cells.filter(({ atMs }) => atMs <= nowMs);
  return {
    ...noArm,
    cells: seen.filter(({ atMs }) => atMs > nowMs - 2.5 * MINUTE_MS),
    newestMs: seen.at(-1)?.atMs ?? null,
  };
};

/** v2 beside v1 in aws, as a look at that time finds them. */
export const stratumAt = (
  { mine, theirs }: { readonly mine: readonly Cell[]; readonly theirs: readonly Cell[] },
  nowMs: number,
): StratumCounts => ({
  cluster: 'aws',
  newVersion: 'v2',
  oldVersion: 'v1',
  newArm: upTo(mine, nowMs),
  oldArm: upTo(theirs, nowMs),
  newWhole: sumCells(mine, 0, nowMs),
  oldWhole: sumCells(theirs, 0, nowMs),
  sinceMs: SINCE_MS,
});

export const minutes = (n: number, total: number, bad: (minute: number) => number): Minutes =>
  Array.from({ length: n }, (_, i) => ({ total, bad: bad(i) }));

/** A few different points, so that nothing is constant. */
export const some = (minute: number): number => 1 + (minute % 3);
