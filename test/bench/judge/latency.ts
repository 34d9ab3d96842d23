/** How soon slower requests are found, by histograms, and how often when nothing is slower. */
import { exactLimits, meanLimits, meanOf } from './intervals.ts';
import { edgesS, type LatencyCell } from './latency-runs.ts';
import { percentText, rangeText, secondsText, whole, type Section, type Table, type TableContext } from './table.ts';

const RUNS = 300;
const SAME_RUNS = 1000;
const SAME_CHUNK = 50;
/** Width of the lognormal: the narrow one is a service with an even load, the wide one has p99 at ten times the median. */
const SIGMAS = [0.5, 1];

interface Claim {
  readonly cell: LatencyCell;
  /** Missing: measured, not promised. */
  readonly atMostS?: number;
}

const claims: readonly Claim[] = [
  ...SIGMAS.flatMap((sigma) =>
    [0.5, 0.25, 0.05].map((share): Claim => {
      const cell = { perSecond: 200, share, sigma, fault: 'median +10 %', untilS: 1800 } as const;
      return share === 0.5 ? { cell, atMostS: 300 } : { cell };
    }),
  ),
  ...[0.5, 0.25, 0.05].map((share): Claim => {
    const cell = { perSecond: 200, share, sigma: 0.5, fault: '1 % to 0.75-1 s', untilS: 1800 } as const;
    return share === 0.5 ? { cell, atMostS: 60 } : { cell };
  }),
];

const same: readonly LatencyCell[] = [0.5, 0.05].map((share) => ({
  perSecond: 200,
  share,
  sigma: 0.5,
  fault: 'none',
  untilS: 3600,
}));

export const latencyTable: Table = {
  name: 'latency',
  about: 'time to find slower requests by histograms, and false breaches',
  run: async (context) => {
    const { pool, scale } = context;
    const found = await pool.all(
      claims.map(({ cell }) => ({ kind: 'latency' as const, cell, seed: 0, runs: whole(RUNS, scale) })),
    );
    return {
      title: 'Slower requests',
      settings: {
        judge: 'sequential, alpha 1 %, margin 1.1 (odds ratio at each edge), one SLO (90 % below 0.5 s), one cluster',
        traffic: '200 requests/s, lognormal with a median of 100 ms; 4 old pods, 1 or 2 new ones',
        edges: `${edgesS.join(', ')} s (OpenTelemetry's default)`,
        looks: 'every 10 s',
        history: '15 polls of the old version before the first share',
        runs: `${whole(RUNS, scale)} with a fault, ${whole(SAME_RUNS, scale)} without`,
        seeds: `0, with the name of the cell; without a fault 0, 1, … per ${SAME_CHUNK} runs`,
      },
      sections: [
        { title: 'Found', rows: claims.map((claim, i) => row(claim, found[i] ?? [])) },
        { title: 'Both versions alike, one hour: ≤ 1 %', rows: await alike(context) },
      ],
      notes: [
        'Promised at a share of 50 %; the smaller shares show what less traffic of the new version costs. The pilot behind the promise had 5 %.',
        'Delay is the time of counts from the first request to the look that is a breach.',
      ],
    };
  },
};

const row = ({ cell, atMostS }: Claim, delays: readonly (number | null)[]): Section['rows'][number] => {
  const found = delays.filter((delay) => delay !== null);
  const mean = meanOf(found);
  return {
    fault: cell.fault,
    sigma: String(cell.sigma),
    share: percentText(cell.share),
    runs: delays.length,
    found: percentText(found.length / delays.length),
    'found, 95 %': rangeText(exactLimits(found.length, delays.length), percentText),
    mean: secondsText(mean),
    'mean, 95 %': rangeText(meanLimits(found), secondsText),
    'must hold': atMostS === undefined ? '' : `≤ ${secondsText(atMostS)}`,
    ...(atMostS === undefined ? {} : { holds: found.length === delays.length && mean <= atMostS }),
  };
};

const alike = async ({ pool, scale, deadlineMs, report }: TableContext): Promise<Section['rows']> => {
  const chunks = Math.max(1, Math.round((SAME_RUNS * scale) / SAME_CHUNK));
  const jobs = Array.from({ length: chunks }, (_, seed) => seed).flatMap((seed) =>
    same.map((cell) => ({ kind: 'latency' as const, cell, seed, runs: SAME_CHUNK })),
  );
  const results = await pool.all(jobs, {
    deadlineMs,
    done: (n) => report(`${n} of ${jobs.length} jobs without a fault`),
  });
  return same.map((cell) => {
    const runs = jobs.flatMap((job, i) => (job.cell === cell ? (results[i] ?? []) : []));
    const wrong = runs.filter((delay) => delay !== null).length;
    const limits = exactLimits(wrong, Math.max(1, runs.length));
    return {
      share: percentText(cell.share),
      runs: runs.length,
      false: wrong,
      rate: percentText(wrong / Math.max(1, runs.length)),
      '95 %': rangeText(limits, percentText),
      holds: limits.high <= 0.01,
    };
  });
};
