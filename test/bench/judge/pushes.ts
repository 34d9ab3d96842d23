/** How soon after the errors can be read is there a verdict, and how often is it false, on metrics that come by themselves? */
import { exactLimits } from './intervals.ts';
import { INGEST_MS, LOOK_MS, type PushRun } from './push-runs.ts';
import { INTERVAL_MS, type PushCell } from './push-traffic.ts';
import { percentText, rangeText, secondsText, whole, type Section, type Table } from './table.ts';

const RUNS = 500;
const AA_RUNS = 1000;
const CHUNK = 50;
/** Median to the verdict, over the median to the third error in the store. */
const OVER = 1.4;
const LIMIT = 0.01;

const common = { perSecond: 200, share: 0.05, base: 0, fault: 0, outage: 0, seconds: 60 };

const faults: readonly PushCell[] = (
  [
    [1, 1, 1, 'one'],
    [1, 2, 2, 'one'],
    [3, 2, 2, 'one'],
    [1, 1, 2, 'own'],
    [1, 2, 2, 'own'],
    [3, 2, 2, 'own'],
  ] as const
).map(([clusters, envoys, pods, phases]) => ({ ...common, clusters, reached: 1, envoys, pods, phases, fault: 0.2 }));

const alike: readonly PushCell[] = (
  [
    [1, 1, 1, 'one', 0.01, 0],
    [3, 1, 2, 'own', 0.001, 0],
    [3, 1, 2, 'own', 0.01, 0],
    [3, 3, 2, 'own', 0.01, 0],
    [3, 1, 2, 'own', 0.001, 0.3],
    [3, 3, 2, 'own', 0.001, 0.3],
  ] as const
).map(([clusters, reached, envoys, phases, base, outage]) => ({
  ...common,
  ...{ clusters, reached, envoys, phases, base, outage },
  pods: envoys,
}));

export const pushesTable: Table = {
  name: 'pushes',
  about: 'metrics that come every 5 s: when a verdict follows the third error, and false ones',
  run: async ({ pool, scale, deadlineMs, report }) => {
    const planned = [
      ...faults.map((cell) => ({ cell, runs: whole(RUNS, scale) })),
      ...alike.map((cell) => ({ cell, runs: whole(AA_RUNS, scale) })),
    ];
    const jobs = planned
      .flatMap(({ cell, runs }) =>
        Array.from({ length: Math.ceil(runs / CHUNK) }, (_, seed) => ({
          ...{ kind: 'pushes' as const, cell, seed },
          runs: Math.min(CHUNK, runs - seed * CHUNK),
        })),
      )
      .toSorted((a, b) => a.seed - b.seed);
    const results = await pool.all(jobs, { deadlineMs, done: (n) => report(`${n} of ${jobs.length} jobs`) });
    const runsOf = (cell: PushCell): readonly PushRun[] =>
      jobs.flatMap((job, i) => (job.cell === cell ? (results[i] ?? []) : []));
    return {
      title: 'Metrics that come by themselves',
      settings: {
        judge:
          'sequential with its defaults and the default SLOs: at most 1 % errors, as the pods and as the Envoys count the same requests',
        samples: `every ${INTERVAL_MS / 1000} s, each process at a phase of its own or all at one; read ${INGEST_MS} ms later, a look takes ${LOOK_MS} ms`,
        traffic:
          '200 requests/s in each cluster, 5 % of them to the new version; pods of each version as many as Envoys, or two',
        looks: 'the whole of `look`, at its own pace, for 60 s',
        seeds: `0, 1, … per ${CHUNK} runs, with the name of the cell`,
      },
      sections: [
        {
          title: `20 % errors of the new version: the verdict within ${OVER} × the time to the third error in the store`,
          rows: faults.map((cell) => faultRow(cell, runsOf(cell))),
        },
        {
          title: `Both versions alike: ≤ ${percentText(LIMIT)}`,
          rows: alike.map((cell) => alikeRow(cell, runsOf(cell))),
        },
      ],
      notes: [
        'Time 0 is the first bad answer of the new version. In the store: three bad answers, as the pods or as the Envoys tell it, whichever is first.',
        'Both SLOs see the same requests and share one alpha; the outage is of both versions and all clusters, for 20 s.',
        'Writing weight 0 is not in it: see looks.md.',
      ],
    };
  },
};

const settingOf = ({ clusters, reached, envoys, pods, phases }: PushCell) => ({
  clusters: reached === clusters ? String(clusters) : `${reached} of ${clusters}`,
  'Envoys of each': envoys,
  'pods of each': pods,
  phases: phases === 'own' ? 'of their own' : 'one',
});

/** A run without a verdict took for ever. */
const medianS = (all: readonly (number | null)[]): number =>
  (all.map((ms) => ms ?? Infinity).sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? NaN) / 1000;

const faultRow = (cell: PushCell, runs: readonly PushRun[]): Section['rows'][number] => {
  const [visible, breach] = [medianS(runs.map((run) => run.visibleMs)), medianS(runs.map((run) => run.breachMs))];
  return {
    ...settingOf(cell),
    runs: runs.length,
    'third error in the store': secondsText(visible),
    verdict: secondsText(breach),
    '×': (breach / visible).toFixed(2),
    holds: breach <= OVER * visible,
  };
};

const alikeRow = (cell: PushCell, runs: readonly PushRun[]): Section['rows'][number] => {
  const wrong = runs.filter(({ breachMs }) => breachMs !== null).length;
  const limits = exactLimits(wrong, Math.max(1, runs.length));
  return {
    ...settingOf(cell),
    base: percentText(cell.base),
    outage: percentText(cell.outage),
    runs: runs.length,
    false: wrong,
    rate: percentText(wrong / Math.max(1, runs.length)),
    '95 %': rangeText(limits, percentText),
    holds: limits.high <= LIMIT,
  };
};
