/** Arms as the metrics sources give them, from simulated polls: for judges that are run as a whole. */
import type { Arm, Cell, Total } from '../../../core/judge/arms/arms.ts';

/** Grows by one cell per pod and sample. */
export interface GrowingArm {
  readonly add: (pods: readonly Total[], span: { fromMs: number; atMs: number }) => void;
  /** The arm as a source would give it at that time, not older than `backMs`. */
  readonly since: (fromMs: number, atMs: number) => Arm;
  readonly whole: () => Total;
}

export const createArm = (): GrowingArm => {
  const cells: Cell[] = [];
  const pods: Cell[][] = [];
  let [total, bad] = [0, 0];
  const cut = (all: readonly Cell[], fromMs: number, atMs: number): Cell[] => {
    const found: Cell[] = [];
    for (let i = all.length - 1; i >= 0; i--) {
      const cell = all[i];
      if (cell === undefined || cell.atMs <= fromMs) break;
      if (cell.atMs <= atMs) found.push(cell);
    }
    return found.reverse();
  };
  return {
    add: (counts, span) => {
      const sum = { total: 0, bad: 0 };
      for (const [i, pod] of counts.entries()) {
        (pods[i] ??= []).push({ ...span, ...pod });
        sum.total += pod.total;
        sum.bad += pod.bad;
      }
      cells.push({ ...span, ...sum });
      total += sum.total;
      bad += sum.bad;
    },
    since: (fromMs, atMs) => {
      const own = cut(cells, fromMs, atMs);
      return {
        cells: own,
        pods: pods.map((pod) => cut(pod, fromMs, atMs)),
        newestMs: own.at(-1)?.atMs ?? null,
        problem: '',
        missing: '',
      };
    },
    whole: () => ({ total, bad }),
  };
};
