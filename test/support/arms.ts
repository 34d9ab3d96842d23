/** Arms of counts without a metrics backend: a cell a sampling interval, at instants of the arm's own. */
import type { Arm, Cell } from '../../core/judge/arms/arms.ts';

export interface ArmShape {
  /** Requests and bad requests of the arm in an interval that ends at atMs. */
  readonly count: (fromMs: number, atMs: number) => { readonly total: number; readonly bad: number };
  readonly untilMs: number;
  /** Time between two samples, ms; default 2 s. */
  readonly everyMs?: number;
  /** When in its interval the arm is sampled, ms; default 0: arms are sampled at the same instants. */
  readonly phaseMs?: number;
}

export const armOfShape = ({ count, untilMs, everyMs = 2_000, phaseMs = 0 }: ArmShape): Arm => {
  const cells: Cell[] = [];
  for (let atMs = everyMs + phaseMs; atMs <= untilMs; atMs += everyMs)
    cells.push({ fromMs: atMs - everyMs, atMs, ...count(atMs - everyMs, atMs) });
  // Two pods that share the load: nothing comes in bursts.
  const half = (up: 0 | 1): Cell[] =>
    cells.map((cell) => ({ ...cell, total: (cell.total + up) >> 1, bad: (cell.bad + up) >> 1 }));
  return { cells, pods: [half(0), half(1)], newestMs: cells.at(-1)?.atMs ?? null, problem: '', missing: '' };
};

/** The same numbers in every interval. */
export const steady =
  (total: number, bad: number): ArmShape['count'] =>
  () => ({ total, bad });
