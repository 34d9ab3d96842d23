/** Runs in which the new version is worse from the first request on: how long until the judge says so. */
import { historyOf, nameOf, stretchOf } from './aa-runs.ts';
import type { Total } from '../../../core/judge/arms/arms.ts';
import { createRandom } from './random.ts';
import { drawPods } from './traffic.ts';
import { createWatch, errorsObjective } from './watch.ts';

export interface DelayCell {
  readonly perSecond: number;
  readonly share: number;
  readonly base: number;
  /** How many times as often the new version fails. */
  readonly ratio: number;
  readonly pollS: number;
  /** When a run is given up, s. */
  readonly untilS: number;
}

/** Delay of each run, s; null: not found. */
export type Delays = readonly (number | null)[];

export const delayRuns = (cell: DelayCell, { seed, runs }: { seed: number; runs: number }): Delays => {
  const random = createRandom(nameOf(cell), seed);
  const { perSecond, share, base, ratio, pollS, untilS } = cell;
  const objective = errorsObjective();
  const level = { perSecond, share, newRatio: base * ratio, oldRatio: base, burst: 1 };
  return Array.from({ length: runs }, () => {
    const watch = createWatch(objective, { '': historyOf(random, level) });
    let before: Total | undefined;
    for (let atS = pollS; atS <= untilS; atS += pollS) {
      const pods = drawPods(random, level, pollS);
      if (watch.look(stretchOf(pods, before, atS)) !== undefined) return atS;
      before = pods.newer[0];
    }
    return null;
  });
};
