/** One bad cluster of eight: is it named, alone, and how much later than in a rollout of its own. */
import { boundS } from '../../../core/judge/sequential/forecast.ts';
import type { ClusterCell, ClusterRun } from './cluster-runs.ts';
import { exactLimits, meanLimits, meanOf } from './intervals.ts';
import { percentText, rangeText, secondsText, whole, type Section, type Table } from './table.ts';
import { settings } from './watch.ts';

const RUNS = 1000;
const CLUSTERS = 8;
const RATIO = 5;
const OVER = 1.3;
/** Runs that must name the bad cluster and no other: what e-BH leaves of alpha. */
const NAMED = 0.95;
const LOOKS_PER_BOUND = 20;

const cells: readonly ClusterCell[] = [
  [1000, 0.05, 0.001],
  [200, 0.05, 0.001],
  [200, 0.25, 0.01],
  [20, 0.05, 0.005],
].map(([perSecond = 0, share = 0, base = 0]) => {
  const bound = boundS({ perSecond, share, badRatio: base }, { ratio: RATIO, alpha: settings.alpha });
  const pollS = Math.max(10, Math.ceil(bound / LOOKS_PER_BOUND));
  return { clusters: CLUSTERS, perSecond, share, base, ratio: RATIO, pollS, untilS: 12 * bound + 20 * pollS };
});

export const clustersTable: Table = {
  name: 'clusters',
  about: `one bad cluster of ${CLUSTERS}: named alone, and when`,
  run: async ({ pool, scale, report }) => {
    const all = await pool.all(
      cells.map((cell) => ({ kind: 'clusters' as const, cell, seed: 0, runs: whole(RUNS, scale) })),
      { done: (n) => report(`${n} of ${cells.length} cells`) },
    );
    return {
      title: `One bad cluster of ${CLUSTERS}`,
      settings: {
        judge: 'sequential, alpha 1 %, one SLO (99 % good); clusters are named by e-BH',
        fault: `${RATIO} times as many bad requests in one cluster, none in the others`,
        looks: `every 10 s, or every 1/${LOOKS_PER_BOUND} of the bound of one cluster`,
        seeds: '0, with the name of the cell',
      },
      sections: [
        {
          title: `That cluster alone is named, within ${OVER} × its own delay`,
          rows: cells.map((cell, i) => row(cell, all[i] ?? [])),
        },
      ],
      notes: [
        'Own delay: the same counts of the bad cluster, judged in a rollout that has no other cluster.',
        'The first breach of a run counts, and the clusters that it names; a breach of all clusters pooled that names none counts as not named.',
      ],
    };
  },
};

const row = (cell: ClusterCell, runs: readonly ClusterRun[]): Section['rows'][number] => {
  const found = runs.filter(({ atS, aloneS }) => atS !== null && aloneS !== null);
  const right = found.filter(({ named }) => named.length === 1 && named[0] === 'c0').length;
  const delays = found.map(({ atS }) => atS ?? 0);
  const alone = found.map(({ aloneS }) => aloneS ?? 0);
  const over = meanOf(delays) / meanOf(alone);
  return {
    'requests/s of each': cell.perSecond,
    share: percentText(cell.share),
    base: percentText(cell.base),
    runs: runs.length,
    found: percentText(found.length / runs.length),
    'it alone': percentText(right / runs.length),
    '95 %': rangeText(exactLimits(right, runs.length), percentText),
    'others too': found.filter(({ named }) => named.length > 1).length,
    'none named': found.filter(({ named }) => named.length === 0).length,
    poll: secondsText(cell.pollS),
    mean: secondsText(meanOf(delays)),
    'mean, 95 %': rangeText(meanLimits(delays), secondsText),
    own: secondsText(meanOf(alone)),
    'mean/own': over.toFixed(2),
    holds: found.length === runs.length && right >= NAMED * runs.length && over <= OVER,
  };
};
