/** Runs over many clusters of which one is bad: who is named, and how long that takes. */
import { noDispersion } from '../../../core/judge/sequential/dispersion.ts';
import { namesByEvidence } from '../../../core/judge/sequential/e-bh.ts';
import {
  logEvidence,
  nothing,
  noStratumEvidence,
  withBake,
  withStretch,
  type Objective,
  type StratumEvidence,
} from '../../../core/judge/sequential/evidence.ts';
import type { Total } from '../../../core/judge/arms/arms.ts';
import { historyOf, nameOf, stretchOf } from './aa-runs.ts';
import { createRandom, type Random } from './random.ts';
import { drawPods, type Level } from './traffic.ts';
import { createWatch, errorsObjective, seeded, settings } from './watch.ts';

export interface ClusterCell {
  readonly clusters: number;
  /** Of each cluster. */
  readonly perSecond: number;
  readonly share: number;
  readonly base: number;
  /** How many times as often the new version fails in the first cluster. */
  readonly ratio: number;
  readonly pollS: number;
  readonly untilS: number;
}

export interface ClusterRun {
  /** The first breach, s; null: none. */
  readonly atS: number | null;
  readonly named: readonly string[];
  /** When the bad cluster would have been found on the same counts in a rollout of its own, s. */
  readonly aloneS: number | null;
}

const BAD = 'c0';

export const clusterRuns = (
  cell: ClusterCell,
  { seed, runs }: { seed: number; runs: number },
): readonly ClusterRun[] => {
  const random = createRandom(nameOf(cell), seed);
  const objective = errorsObjective(cell.clusters);
  return Array.from({ length: runs }, () => clusterRun(random, cell, objective));
};

const clusterRun = (random: Random, cell: ClusterCell, objective: Objective): ClusterRun => {
  const { clusters, perSecond, share, base, ratio, pollS, untilS } = cell;
  const levelOf = (name: string): Level => ({
    ...{ perSecond, share, oldRatio: base, burst: 1 },
    newRatio: name === BAD ? base * ratio : base,
  });
  const names = Array.from({ length: clusters }, (_, i) => `c${i}`);
  const histories = new Map(names.map((name) => [name, historyOf(random, levelOf(name))]));
  const evidence = withBake(null, objective, 0);
  let strata = Object.fromEntries(names.map((name) => [name, seeded({ '': histories.get(name) ?? noDispersion })]));
  const alone = createWatch(errorsObjective(), { '': histories.get(BAD) ?? noDispersion });
  const before = new Map<string, Total>();
  let found: Pick<ClusterRun, 'atS' | 'named'> | undefined;
  let aloneS: number | null = null;
  for (let atS = pollS; atS <= untilS && (found === undefined || aloneS === null); atS += pollS) {
    const next: Record<string, StratumEvidence> = {};
    for (const name of names) {
      const pods = drawPods(random, levelOf(name), pollS);
      const counts = stretchOf(pods, before.get(name), atS);
      before.set(name, pods.newer[0] ?? nothing);
      next[name] = withStretch(strata[name] ?? noStratumEvidence, objective, counts);
      if (name === BAD && alone.look(counts) !== undefined) aloneS ??= atS;
    }
    strata = next;
    const log = logEvidence({ ...evidence, strata }, objective);
    if (log.all >= Math.log(1 / settings.alpha))
      found ??= { atS, named: namesByEvidence(log.byCluster, { of: clusters, alpha: settings.alpha }) };
  }
  return { atS: found?.atS ?? null, named: found?.named ?? [], aloneS };
};
