/** Tidegate's judges and other tools' rules on the same counts. */
import { argoEveryMinute, argoExample, flaggerExample, kayentaExample } from '../../support/peer-judges.ts';
import { exactLimits, meanOf } from './intervals.ts';
import { peerNames, type PeerCell, type PeerName, type PeerRun } from './peer-runs.ts';
import { percentText, rangeText, secondsText, whole, type Section, type Table } from './table.ts';

const RUNS = 500;
const MINUTES = 30;

const cells: readonly PeerCell[] = [
  [20, 0.05, 0.001, 1],
  [20, 0.05, 0.005, 1],
  [1000, 0.05, 0.001, 1],
  [1000, 0.05, 0.001, 2],
  [1000, 0.05, 0.001, 5],
  [200, 0.05, 0.001, 5],
  [20, 0.05, 0.005, 5],
  [1000, 0.1, 0.005, 1.5],
  [200, 0.05, 0.005, 20],
].map(([perSecond = 0, share = 0, base = 0, ratio = 1]) => ({ perSecond, share, base, ratio, minutes: MINUTES }));

const judges: Readonly<Record<PeerName, string>> = {
  sequential: 'sequential (default)',
  flagger: 'threshold as Flagger',
  'argo 5 min': 'threshold as Argo, 5 min',
  'argo 1 min': 'threshold as Argo, 1 min',
  kayenta: 'kayenta',
};

export const peersTable: Table = {
  name: 'peers',
  about: 'sequential, Flagger’s and Argo’s rules, Kayenta’s, on the same counts',
  run: async ({ pool, scale, report }) => {
    const all = await pool.all(
      cells.map((cell) => ({ kind: 'peers' as const, cell, seed: 0, runs: whole(RUNS, scale) })),
      { done: (n) => report(`${n} of ${cells.length} cells`) },
    );
    return {
      title: 'Judges side by side',
      settings: {
        traffic: `Poisson, ${MINUTES} min a run, polls of 10 s, ${whole(RUNS, scale)} runs a cell; all judges see the same counts`,
        sequential: 'alpha 1 %, one SLO (99 % good)',
        Flagger: flaggerExample.note,
        'Argo, 5 min': argoExample.note,
        'Argo, 1 min': argoEveryMinute.note,
        Kayenta: kayentaExample.note,
        seeds: '0, with the name of the cell',
      },
      sections: cells.map((cell, i) => sectionOf(cell, all[i] ?? [])),
      notes: [
        'These are our own judges with the other tools’ documented settings, not the tools: test/support/peer-judges.ts has the sources.',
        'Bad requests served: mean count of bad answers of the new version until the tool acts, or until the end of the run when it does not.',
        'Mean delay is that of the runs in which the judge acted.',
      ],
    };
  },
};

const sectionOf = (cell: PeerCell, runs: readonly PeerRun[]): Section => {
  const { perSecond, share, base, ratio } = cell;
  const same = ratio === 1;
  return {
    title: `${perSecond} requests/s, share ${percentText(share)}, base ${percentText(base)}: ${same ? 'no difference' : `×${ratio}`}`,
    rows: peerNames.map((name) => {
      const ends = runs.map((run) => run[name]);
      const times = ends.map(({ atS }) => atS).filter((atS) => atS !== null);
      const limits = exactLimits(times.length, Math.max(1, runs.length));
      return {
        judge: judges[name],
        [same ? 'false breaches' : 'found']: percentText(times.length / Math.max(1, runs.length)),
        '95 %': rangeText(limits, percentText),
        'mean delay': times.length === 0 ? '-' : secondsText(meanOf(times)),
        'bad requests served': meanOf(ends.map(({ bad }) => bad)).toFixed(1),
      };
    }),
  };
};
