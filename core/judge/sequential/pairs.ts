/** Cuts the counts of two arms into stretches of the same time. */
import { sumCells, type Arm, type Cell, type Total } from '../arms/arms.ts';

/** The new and the old version over the same time (fromMs, atMs]. */
export interface Stretch {
  readonly fromMs: number;
  readonly atMs: number;
  /**
   * The old version's stretch, moved by one sampling interval back, not at all, or forth. Pods are sampled at instants of
   * their own, so its counts may be of up to an interval earlier or later; where the arms share their instants, [0].
   */
  readonly shiftsMs: readonly number[];
}

export interface StretchesInput {
  readonly newArm: Arm;
  readonly oldArm: Arm;
  /** Counts up to here were used before. */
  readonly afterMs: number;
  /** Usual time between two samples, ms. */
  readonly intervalMs: number;
  /** Shortest stretch, ms; one that both arms share may end sooner where it is the last. */
  readonly shortestMs: number;
}

/** A count over more than so many intervals bridges a gap in the data: no stretch may begin or end within it. */
const GAP_INTERVALS = 2.5;

/** In order of time, without overlap; the last one ends when both arms are known for sure. */
export const stretches = ({ newArm, oldArm, afterMs, intervalMs, shortestMs }: StretchesInput): readonly Stretch[] => {
  if (newArm.newestMs === null || oldArm.newestMs === null) return [];
  const knownMs = Math.min(newArm.newestMs, oldArm.newestMs);
  const sharedMs = Math.min(newArm.sharedToMs ?? knownMs, oldArm.sharedToMs ?? knownMs);
  const gaps = [...newArm.cells, ...oldArm.cells].filter(
    (cell) => cell.atMs - cell.fromMs > GAP_INTERVALS * intervalMs,
  );
  const instants = new Set(oldArm.cells.map((cell) => cell.atMs));
  const found: Stretch[] = [];
  let fromMs = afterMs;
  let aligned = instants.has(afterMs) || oldArm.cells.some((cell) => cell.fromMs === afterMs);
  const ends = newArm.cells.filter(({ atMs }) => !gaps.some((gap) => gap.fromMs < atMs && atMs < gap.atMs));
  for (const [i, { atMs }] of ends.entries()) {
    if (atMs <= fromMs) continue;
    const endsAligned = instants.has(atMs);
    const together = aligned && endsAligned;
    if (together ? atMs > sharedMs : atMs + intervalMs > knownMs) break;
    // Where both arms are counted at the same instants nothing is won by waiting for a longer stretch.
    const isLast = together && !((ends[i + 1]?.atMs ?? Infinity) <= sharedMs);
    if (atMs - fromMs < shortestMs && !isLast) continue;
    found.push({ fromMs, atMs, shiftsMs: together ? [0] : [0, -intervalMs, intervalMs] });
    fromMs = atMs;
    aligned = endsAligned;
  }
  return found;
};

export const newCounts = (cells: readonly Cell[], { fromMs, atMs }: Stretch): Total => sumCells(cells, fromMs, atMs);

/**
 * The old version's counts that a breach must stand against, and those that a promotion must stand against. Usually
 * the same: the arms' error levels are steady, and a stretch moved by a sampling interval is as good as another. But where
 * the level changes within that interval (an outage that both share begins or ends), the one that makes the new version
 * look best, and the one that makes it look worst.
 */
export const oldCounts = (
  cells: readonly Cell[],
  { fromMs, atMs, shiftsMs }: Stretch,
): { kind: Total; harsh: Total } => {
  const all = shiftsMs.map((shiftMs) => sumCells(cells, fromMs + shiftMs, atMs + shiftMs));
  const [unmoved = { total: 0, bad: 0 }] = all;
  const changes = shiftsMs.some((shiftMs) => levelChanges(cells, { fromMs, atMs, shiftMs }));
  if (!changes) return { kind: unmoved, harsh: unmoved };
  return {
    kind: all.reduce(
      (best, one) => (one.total > 0 && one.bad * best.total > best.bad * one.total ? one : best),
      unmoved,
    ),
    harsh: all.reduce(
      (best, one) => (one.total > 0 && one.bad * best.total < best.bad * one.total ? one : best),
      unmoved,
    ),
  };
};

/** Standard deviations between what a moved stretch gains and what it loses, above which that is no chance. */
const CHANGE_Z = 2.5;

const levelChanges = (
  cells: readonly Cell[],
  { fromMs, atMs, shiftMs }: { fromMs: number; atMs: number; shiftMs: number },
): boolean => {
  if (shiftMs === 0) return false;
  const early = sumCells(cells, Math.min(fromMs, fromMs + shiftMs), Math.max(fromMs, fromMs + shiftMs));
  const late = sumCells(cells, Math.min(atMs, atMs + shiftMs), Math.max(atMs, atMs + shiftMs));
  if (early.total === 0 || late.total === 0) return early.total !== late.total;
  const difference = late.bad * early.total - early.bad * late.total;
  return difference ** 2 > CHANGE_Z ** 2 * early.total * late.total * (early.bad + late.bad);
};
