/** Runs of a bake: is the new version ever called no worse than tolerated, and when. */
import { phiAt } from '../../../core/judge/sequential/evidence.ts';
import { logBetter } from '../../../core/judge/sequential/profile.ts';
import type { Total } from '../../../core/judge/arms/arms.ts';
import { historyOf, nameOf, stretchOf } from './aa-runs.ts';
import { createRandom } from './random.ts';
import { drawPods } from './traffic.ts';
import { createWatch, errorsObjective, settings } from './watch.ts';

export interface PromotionCell {
  readonly perSecond: number;
  readonly share: number;
  readonly base: number;
  /** True odds ratio of bad requests, new to old. */
  readonly odds: number;
  readonly pollS: number;
  readonly untilS: number;
}

export interface Promotion {
  /** When it was shown, s; null: never. */
  readonly atS: number | null;
  /** When a breach was found, s; null: none until the end. A rollout would have ended there. */
  readonly breachS: number | null;
}

export const promotionRuns = (
  cell: PromotionCell,
  { seed, runs }: { seed: number; runs: number },
): readonly Promotion[] => {
  const random = createRandom(nameOf(cell), seed);
  const { perSecond, share, base, odds, pollS, untilS } = cell;
  const newRatio = (odds * base) / (1 - base + odds * base);
  const level = { perSecond, share, newRatio, oldRatio: base, burst: 1 };
  const objective = errorsObjective();
  const needed = Math.log(1 / settings.beta);
  return Array.from({ length: runs }, () => {
    const watch = createWatch(objective, { '': historyOf(random, level) });
    let before: Total | undefined;
    let breachS: number | null = null;
    for (let atS = pollS; atS <= untilS; atS += pollS) {
      const pods = drawPods(random, level, pollS);
      if (watch.look(stretchOf(pods, before, atS)) !== undefined) breachS ??= atS;
      before = pods.newer[0];
      const stratum = watch.stratum();
      const profile = stratum.comparisons['']?.bake ?? [];
      const shown = logBetter(profile, objective.grid, phiAt([stratum], objective.edge)) >= needed;
      if (shown && stratum.newBake.total >= settings.minRequests) return { atS, breachS };
    }
    return { atS: null, breachS };
  });
};
