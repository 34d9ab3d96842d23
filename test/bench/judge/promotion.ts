/** How often a version that is as bad as tolerated is called healthy, and how long a good one waits. */
import { clearS } from '../../../core/judge/sequential/forecast.ts';
import { exactLimits, meanLimits, meanOf } from './intervals.ts';
import type { Promotion, PromotionCell } from './promotion-runs.ts';
import { percentText, rangeText, secondsText, whole, type Section, type Table, type TableContext } from './table.ts';
import { settings } from './watch.ts';

const TOLERANCE = 1.5;
const RUNS = 2000;
const GOOD_RUNS = 500;
/** Of the forecast's time: how long is watched, and how often. */
const WATCHED = 3;
const LOOKS = 150;

const traffics: readonly (readonly [number, number, number])[] = [
  [20, 0.25, 0.01],
  [200, 0.05, 0.01],
  [200, 0.25, 0.001],
  [1000, 0.05, 0.001],
  [1000, 0.25, 0.001],
  [1000, 0.25, 0.01],
  [10_000, 0.01, 0.001],
  [10_000, 0.05, 0.0001],
];

const forecastOf = ({ perSecond, share, base }: Pick<PromotionCell, 'perSecond' | 'share' | 'base'>): number =>
  clearS({ perSecond, share, badRatio: base }, { tolerance: TOLERANCE, beta: settings.beta });

const cellsAt = (odds: number): PromotionCell[] =>
  traffics.map(([perSecond, share, base]) => {
    const forecast = forecastOf({ perSecond, share, base });
    const pollS = Math.max(10, Math.ceil(forecast / LOOKS));
    return { perSecond, share, base, odds, pollS, untilS: WATCHED * forecast };
  });

export const promotionTable: Table = {
  name: 'promotion',
  about: 'versions as bad as tolerated that are called healthy; time to call a good one healthy',
  run: async (context) => {
    const [bad, good] = [cellsAt(TOLERANCE), cellsAt(1)];
    const wrong = await measure(context, bad, RUNS);
    const right = await measure(context, good, GOOD_RUNS);
    return {
      title: 'Healthy by comparison',
      settings: {
        judge: `sequential, tolerance ${TOLERANCE} (odds ratio), beta 5 %, healthyBy comparison`,
        looks: `every 10 s, or ${LOOKS} in the forecast's time where that is longer`,
        watched: `${WATCHED} times as long as the forecast of core/judge/sequential/forecast.ts`,
        runs: `${whole(RUNS, context.scale)} as bad as tolerated, ${whole(GOOD_RUNS, context.scale)} without a difference`,
        seeds: '0, with the name of the cell',
      },
      sections: [
        { title: 'The truth is the tolerance: ≤ 5 %', rows: wrong.map((runs, i) => wrongRow(bad[i], runs)) },
        { title: 'The truth is no difference', rows: right.map((runs, i) => rightRow(good[i], runs)) },
      ],
      notes: [
        'Called healthy at any look of a run counts, also where a breach had been found before: a rollout would have ended there ("before a breach").',
        'What must hold is the rate itself: an e-value that gives nothing away comes close to its 5 %.',
        'The forecast is 1.5 times the bound for a version without a difference.',
      ],
    };
  },
};

const measure = async ({ pool, scale, report }: TableContext, cells: readonly PromotionCell[], runs: number) =>
  (await pool.all(
    cells.map((cell) => ({ kind: 'promotion' as const, cell, seed: 0, runs: whole(runs, scale) })),
    { done: (n) => report(`${n} of ${cells.length} cells`) },
  )) as readonly (readonly Promotion[])[];

const traffic = ({ perSecond, share, base }: PromotionCell) => ({
  'requests/s': perSecond,
  share: percentText(share),
  base: percentText(base),
});

const none: PromotionCell = { perSecond: 0, share: 0, base: 0, odds: 1, pollS: 10, untilS: 0 };

const wrongRow = (cell: PromotionCell = none, runs: readonly Promotion[]): Section['rows'][number] => {
  const healthy = runs.filter(({ atS }) => atS !== null);
  const before = healthy.filter(({ breachS }) => breachS === null);
  const limits = exactLimits(healthy.length, runs.length);
  return {
    ...traffic(cell),
    runs: runs.length,
    watched: secondsText(cell.untilS),
    healthy: healthy.length,
    rate: percentText(healthy.length / runs.length),
    '95 %': rangeText(limits, percentText),
    'before a breach': before.length,
    holds: healthy.length <= settings.beta * runs.length,
  };
};

const rightRow = (cell: PromotionCell = none, runs: readonly Promotion[]): Section['rows'][number] => {
  const times = runs.map(({ atS }) => atS).filter((atS) => atS !== null);
  return {
    ...traffic(cell),
    runs: runs.length,
    healthy: percentText(times.length / runs.length),
    mean: secondsText(meanOf(times)),
    'mean, 95 %': rangeText(meanLimits(times), secondsText),
    forecast: secondsText(forecastOf(cell)),
  };
};
