/** False breaches when pods are sampled at instants of their own and both versions suffer one outage. */
import { exactLimits } from './intervals.ts';
import type { MisalignedCell } from './misaligned-runs.ts';
import { percentText, rangeText, whole, type Table } from './table.ts';

const RUNS = 1000;
const CHUNK = 50;

const cells: readonly MisalignedCell[] = [
  [20, 0.05, 0.001, 0.3],
  [200, 0.05, 0.001, 0.1],
  [200, 0.25, 0.001, 0.3],
  [1000, 0.05, 0.001, 0.3],
  [1000, 0.05, 0.001, 0.1],
].map(([perSecond = 0, share = 0, base = 0, outage = 0]) => ({ perSecond, share, base, outage }));

export const misalignedTable: Table = {
  name: 'misaligned',
  about: 'false breaches in a shared outage when the versions are sampled at different instants',
  run: async ({ pool, scale, deadlineMs, report }) => {
    const chunks = Math.max(1, Math.round((RUNS * scale) / CHUNK));
    const jobs = Array.from({ length: chunks }, (_, seed) => seed).flatMap((seed) =>
      cells.map((cell) => ({ kind: 'misaligned' as const, cell, seed, runs: CHUNK })),
    );
    const results = await pool.all(jobs, { deadlineMs, done: (n) => report(`${n} of ${jobs.length} jobs`) });
    return {
      title: 'False breaches when samples are not aligned',
      settings: {
        judge: 'sequential as a whole (judgeSequential, fed with arms), alpha 1 %, one SLO (99 % good), one cluster',
        samples: 'every 2 s, each version with a phase of its own (0 to 2 s)',
        looks: 'every 10 s for 12 min',
        outage: 'both versions, 2 min, from a random moment in minute 5 on',
        history: 'none',
        seeds: `0, 1, … per ${CHUNK} runs, with the name of the cell`,
        runs: `${whole(RUNS, scale)} a cell planned`,
      },
      sections: [
        {
          title: 'Both versions alike: ≤ 1 %',
          rows: cells.map((cell) => {
            const counts = jobs.flatMap((job, i) => (job.cell === cell ? (results[i] ?? []) : []));
            const runs = counts.reduce((sum, count) => sum + count.runs, 0);
            const wrong = counts.reduce((sum, count) => sum + count.breaches, 0);
            const limits = exactLimits(wrong, Math.max(1, runs));
            return {
              'requests/s': cell.perSecond,
              share: percentText(cell.share),
              base: percentText(cell.base),
              outage: percentText(cell.outage),
              runs,
              false: wrong,
              rate: percentText(wrong / Math.max(1, runs)),
              '95 %': rangeText(limits, percentText),
              holds: limits.high <= 0.01,
            };
          }),
        },
      ],
      notes: [
        'An outage that begins in one version’s sample and not yet in the other’s must not look like a difference.',
      ],
    };
  },
};
