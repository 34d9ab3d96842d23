/** How often the judge cries wolf: both versions alike, looked at every 10 s. */
import { nameOf, POLL_S, type AaCell, type AaCount } from './aa-runs.ts';
import { exactLimits } from './intervals.ts';
import { percentText, rangeText, whole, type Section, type Table, type TableContext } from './table.ts';

const perSeconds = [5, 20, 200, 1000, 10_000];
const shares = [0.01, 0.05, 0.25];
const bases = [0.0001, 0.001, 0.01];
const ALONE = { burst: 1, hours: 1, scenario: 'steady' } as const;

/** Runs of a cell in an hour of traffic, and in a day of it. */
const RUNS = 10_000;
const DAY_RUNS = 2000;
/** Runs per job of an hour: small enough that a deadline is kept. */
const CHUNK = 500;
/** Of these each cell gets so many before the dearest ones may be cut by a deadline. */
const FIRST_CHUNKS = 4;

const steady: readonly AaCell[] = perSeconds.flatMap((perSecond) =>
  shares.flatMap((share) => bases.map((base) => ({ perSecond, share, base, ...ALONE }))),
);

interface Group {
  readonly title: string;
  readonly cells: readonly AaCell[];
  readonly runs: number;
  /** Upper 95 % limit of false breaches. */
  readonly limit: number;
}

const groups: readonly Group[] = [
  {
    title: 'One hour',
    runs: RUNS,
    limit: 0.01,
    cells: steady,
  },
  {
    title: 'One hour, both versions out for 2 min',
    runs: RUNS,
    limit: 0.01,
    cells: (['outage x100', 'outage 30 %'] as const).flatMap((scenario) =>
      [20, 200, 1000].map((perSecond) => ({ perSecond, share: 0.05, base: 0.001, burst: 1, hours: 1, scenario })),
    ),
  },
  {
    title: 'One hour, share 1 → 5 → 25 % while the base ratio grows fourfold',
    runs: RUNS,
    limit: 0.01,
    cells: [20, 200, 1000].map((perSecond) => ({
      ...{ perSecond, share: 0.01, base: 0.001, burst: 1, hours: 1 },
      scenario: 'drift' as const,
    })),
  },
  {
    title: 'One hour, a fifth of the polls missing',
    runs: RUNS,
    limit: 0.01,
    cells: [20, 200, 1000].map((perSecond) => ({
      ...{ perSecond, share: 0.05, base: 0.001, burst: 1, hours: 1 },
      scenario: 'gaps' as const,
    })),
  },
  {
    title: 'One hour, failures in bursts (geometric, on one pod)',
    runs: RUNS,
    limit: 0.02,
    cells: [2, 5].flatMap((burst) => steady.map((cell) => ({ ...cell, burst }))),
  },
  {
    title: 'One day, with a window for late faults every hour',
    runs: DAY_RUNS,
    limit: 0.01,
    cells: [
      { perSecond: 20, share: 0.05, base: 0.001, ...ALONE, hours: 24 },
      { perSecond: 200, share: 0.05, base: 0.001, ...ALONE, hours: 24 },
      { perSecond: 1000, share: 0.01, base: 0.0001, ...ALONE, hours: 24 },
    ],
  },
];

export const aaTable: Table = {
  name: 'aa',
  about: 'false breaches when both versions are alike',
  run: async (context) => {
    const counts = await countAll(context);
    return {
      title: 'False breaches when both versions are alike',
      settings: {
        judge: 'sequential, alpha 1 %, one SLO (99 % good), one cluster',
        looks: `every ${POLL_S} s, counts without warm-up`,
        traffic: 'Poisson requests; 4 old pods, 1 new one, 2 from a share of 25 % on',
        history:
          '150 s of the old version before the first share, and up to an hour more until 60 bad requests are known',
        'outage x100, 30 %': 'both versions, minutes 20 to 22 of 60; x100 of a base of 0.1 % is 10 %',
        seeds: `0, 1, … per ${CHUNK} runs of a cell (${CHUNK / 10} of a day), with the cell's name`,
      },
      sections: groups.map((group) => sectionOf(group, counts, context.scale)),
      notes: [
        'False: a breach by the evidence or by a burn rate that pages, at any look of a run. Limits are 95 % by Clopper and Pearson; what must hold is the upper one.',
        'Burn rates compare the new version with the fixed objective alone, over the stretches in which the old one kept it; the column says how many of the false breaches are theirs.',
        'A cell with few runs can fail by its limit alone: the rate, and the limit of all cells together, say how far it is from 1 %. A bench that a deadline cut says so by its runs; `--keep` lets it go on.',
        'Polls of 10 s in which no request failed are taken together in the steady cells: they change no comparison.',
      ],
    };
  },
};

interface Planned {
  readonly cell: AaCell;
  readonly seed: number;
  readonly runs: number;
}

const jobsOf = ({ cells, runs }: Group, scale: number): Planned[] =>
  cells.flatMap((cell) => {
    const perJob = cell.hours > 1 ? CHUNK / 10 : CHUNK;
    const jobs = Math.max(1, Math.round((runs * scale) / perJob));
    return Array.from({ length: jobs }, (_, seed) => ({ cell, seed, runs: perJob }));
  });

/** Looks at which something failed, in thousands: what a job costs. */
const costOf = ({ cell, runs }: Planned): number => {
  const perPoll = (cell.perSecond * cell.base * POLL_S) / cell.burst;
  return runs * cell.hours * 0.36 * Math.min(1, perPoll) * (1 + Math.sqrt(perPoll) / 10);
};

/** The first jobs of all cells, then the others from the cheapest on: a deadline cuts the dearest. */
const inOrder = (scale: number): Planned[] => {
  const all = groups.flatMap((group) => jobsOf(group, scale));
  const early = (job: Planned): boolean => job.seed < FIRST_CHUNKS;
  return [
    ...all.filter(early).toSorted((a, b) => a.seed - b.seed),
    ...all.filter((job) => !early(job)).toSorted((a, b) => costOf(a) - costOf(b)),
  ];
};

const countAll = async ({ pool, scale, deadlineMs, report }: TableContext): Promise<Map<string, AaCount>> => {
  const planned = inOrder(scale);
  const found = await pool.all(
    planned.map((job) => ({ kind: 'aa' as const, ...job })),
    { deadlineMs, done: (n) => (n % 50 === 0 ? report(`${n} of ${planned.length} jobs`) : undefined) },
  );
  const counts = new Map<string, AaCount>();
  planned.forEach(({ cell }, i) => {
    const more = found[i];
    if (more === undefined) return;
    counts.set(nameOf(cell), plus(counts.get(nameOf(cell)) ?? none, more));
  });
  return counts;
};

const sectionOf = ({ title, cells, limit, runs }: Group, counts: Map<string, AaCount>, scale: number): Section => {
  const found = cells.map((cell) => counts.get(nameOf(cell)) ?? none);
  const rows = cells.map((cell, i) => ({
    'requests/s': String(cell.perSecond),
    share: cell.scenario === 'drift' ? '1 … 25 %' : percentText(cell.share),
    base: percentText(cell.base),
    ...(cells.some(({ burst }) => burst > 1) ? { burst: String(cell.burst) } : {}),
    ...(cells.some(({ scenario }) => scenario.startsWith('outage')) ? { scenario: cell.scenario } : {}),
    ...rateOf(found[i] ?? none, limit),
  }));
  const together = found.reduce(plus, none);
  const blank = Object.fromEntries(Object.keys(rows[0] ?? {}).map((key) => [key, '']));
  return {
    title: `${title}: ≤ ${percentText(limit)}, ${whole(runs, scale)} runs a cell planned`,
    rows: [...rows, { ...blank, 'requests/s': 'all cells', ...rateOf(together, limit) }],
  };
};

const none: AaCount = { runs: 0, evidence: 0, burn: 0 };

const plus = (a: AaCount, b: AaCount): AaCount => ({
  runs: a.runs + b.runs,
  evidence: a.evidence + b.evidence,
  burn: a.burn + b.burn,
});

const rateOf = ({ runs, evidence, burn }: AaCount, limit: number) => {
  const wrong = evidence + burn;
  const limits = exactLimits(wrong, Math.max(1, runs));
  return {
    runs,
    false: wrong,
    'by burn rate': burn,
    rate: percentText(wrong / Math.max(1, runs)),
    '95 %': rangeText(limits, percentText),
    holds: runs > 0 && limits.high <= limit,
  };
};
