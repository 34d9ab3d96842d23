/** How soon a regression is found, against Wald's bound on what any judge could do. */
import { boundS } from '../../../core/judge/sequential/forecast.ts';
import type { DelayCell, Delays } from './delay-runs.ts';
import { exactLimits, meanLimits, meanOf } from './intervals.ts';
import { percentText, rangeText, secondsText, whole, type Section, type Table, type TableContext } from './table.ts';
import { settings } from './watch.ts';

const RUNS = 2000;
const NAMED_RUNS = 3000;
const OVER = 1.5;
/** No ratio above it: nobody needs a judge there. */
const MOST_BAD = 0.5;
/** A run is given up after so many bounds and polls. */
const GIVE_UP = { bounds: 20, polls: 20 };
/** Where the bound is long, polls are longer too, so that a run has about as many looks. */
const POLLS_PER_BOUND = 100;

interface Named extends DelayCell {
  readonly atMostS: number;
}

const named: readonly Named[] = [
  { perSecond: 1000, share: 0.05, base: 0.001, ratio: 5, pollS: 10, untilS: 600, atMostS: 45 },
  { perSecond: 20, share: 0.05, base: 0.005, ratio: 5, pollS: 10, untilS: 3600, atMostS: 360 },
];

const boundOf = ({ perSecond, share, base, ratio }: Omit<DelayCell, 'pollS' | 'untilS'>): number =>
  boundS({ perSecond, share, badRatio: base }, { ratio, alpha: settings.alpha });

const cells: readonly DelayCell[] = [5, 20, 200, 1000, 10_000].flatMap((perSecond) =>
  [0.01, 0.05, 0.25].flatMap((share) =>
    [0.0001, 0.001, 0.01].flatMap((base) =>
      [1.5, 2, 5, 20].flatMap((ratio) => {
        const bound = boundOf({ perSecond, share, base, ratio });
        const pollS = Math.max(10, Math.ceil(bound / POLLS_PER_BOUND));
        const untilS = GIVE_UP.bounds * bound + GIVE_UP.polls * pollS;
        return base * ratio > MOST_BAD ? [] : [{ perSecond, share, base, ratio, pollS, untilS }];
      }),
    ),
  ),
);

export const delayTable: Table = {
  name: 'delay',
  about: 'time to find a regression, against the bound of Wald',
  run: async (context) => {
    const [two, all] = [
      await measure(context, named, namedRuns(context)),
      await measure(context, cells, whole(RUNS, context.scale)),
    ];
    return {
      title: 'Time to find a regression',
      settings: {
        judge: 'sequential, alpha 1 %, one SLO (99 % good), one cluster',
        looks: `every 10 s, or every 1/${POLLS_PER_BOUND} of the bound where that is longer`,
        traffic: 'Poisson; the new version is worse from the first request on; 4 old pods, 1 or 2 new ones',
        bound: 'ln(1/alpha) / (R (w KL(p_new || p) + (1 - w) KL(p_old || p))), p the pooled ratio',
        'given up after': `${GIVE_UP.bounds} bounds and ${GIVE_UP.polls} polls`,
        runs: `${namedRuns(context)} of the named cells, ${whole(RUNS, context.scale)} of the others`,
        seeds: '0, with the name of the cell',
      },
      sections: [
        { title: 'Named in the contract', rows: two.map((delays, i) => namedRow(named[i], delays)) },
        summaryOf(all),
        { title: `Every cell: mean ≤ ${OVER} × bound + one poll`, rows: all.map((delays, i) => row(cells[i], delays)) },
      ],
      notes: [
        'Delay is the time of counts from the first request to the look that is a breach; warm-up (60 s by default) and what metrics take to arrive come on top.',
        'A mean holds when it is at most the limit; its 95 % interval is beside it (central limit theorem), that of "found" is exact.',
        'The burn rates and the fixed objective (99 %) are part of the judge: where the new version breaks it while the old one keeps it, they help.',
      ],
    };
  },
};

/** They are few: in full, but in a quick bench. */
const namedRuns = ({ scale }: TableContext): number => (scale > 0.1 ? NAMED_RUNS : whole(NAMED_RUNS, scale));

const measure = async ({ pool, report }: TableContext, of: readonly DelayCell[], runs: number) =>
  (await pool.all(
    of.map(({ perSecond, share, base, ratio, pollS, untilS }) => ({
      kind: 'delay' as const,
      cell: { perSecond, share, base, ratio, pollS, untilS },
      seed: 0,
      runs,
    })),
    { done: (n) => (n % 20 === 0 ? report(`${n} of ${of.length} cells`) : undefined) },
  )) as readonly Delays[];

const seen = (delays: Delays): number[] => delays.filter((delay) => delay !== null);

const foundText = (delays: Delays): string => {
  const found = seen(delays).length;
  return found === delays.length ? '100 %' : percentText(found / delays.length);
};

const named0: Named = { perSecond: 0, share: 0, base: 0, ratio: 1, pollS: 10, untilS: 0, atMostS: 0 };

const namedRow = (cell: Named = named0, delays: Delays): Section['rows'][number] => {
  const found = seen(delays);
  return {
    'requests/s': cell.perSecond,
    share: percentText(cell.share),
    base: percentText(cell.base),
    ratio: cell.ratio,
    runs: delays.length,
    found: foundText(delays),
    'found, 95 %': rangeText(exactLimits(found.length, delays.length), percentText),
    bound: secondsText(boundOf(cell)),
    mean: secondsText(meanOf(found)),
    'mean, 95 %': rangeText(meanLimits(found), secondsText),
    'must hold': `≤ ${secondsText(cell.atMostS)}`,
    holds: found.length === delays.length && meanOf(found) <= cell.atMostS,
  };
};

const limitOf = (cell: DelayCell): number => OVER * boundOf(cell) + cell.pollS;

const row = (cell: DelayCell = named0, delays: Delays): Section['rows'][number] => {
  const found = seen(delays);
  const [bound, mean] = [boundOf(cell), meanOf(found)];
  return {
    'requests/s': cell.perSecond,
    share: percentText(cell.share),
    base: percentText(cell.base),
    ratio: cell.ratio,
    found: foundText(delays),
    bound: secondsText(bound),
    poll: secondsText(cell.pollS),
    mean: secondsText(mean),
    'mean, 95 %': rangeText(meanLimits(found), secondsText),
    limit: secondsText(limitOf(cell)),
    'mean/bound': (mean / bound).toFixed(2),
    holds: found.length === delays.length && mean <= limitOf(cell),
  };
};

const summaryOf = (all: readonly Delays[]): Section => ({
  title: 'In short',
  rows: [1.5, 2, 5, 20].map((ratio) => {
    const some = cells.flatMap((cell, i) => {
      const delays = all[i] ?? [];
      return cell.ratio === ratio
        ? [{ cell, mean: meanOf(seen(delays)), missed: delays.length - seen(delays).length }]
        : [];
    });
    const parts = some.map(({ cell, mean }) => mean / limitOf(cell)).toSorted((a, b) => a - b);
    const long = some.filter(({ cell }) => boundOf(cell) > 10 * cell.pollS);
    const over = long.map(({ cell, mean }) => mean / boundOf(cell)).toSorted((a, b) => a - b);
    return {
      ratio,
      cells: some.length,
      'mean above the limit': parts.filter((part) => part > 1).length,
      'runs not found': some.reduce((sum, { missed }) => sum + missed, 0),
      'largest mean/limit': (parts.at(-1) ?? NaN).toFixed(2),
      'mean/bound where the bound is over 10 polls':
        over.length === 0 ? '-' : `${over[0]?.toFixed(2)} … ${over.at(-1)?.toFixed(2)}`,
    };
  }),
});
