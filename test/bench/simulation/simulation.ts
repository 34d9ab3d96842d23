/** The planner's shares and those of others, in a simulator that knows no formula of the planner's. */
import { TidegateError } from '../../../core/values/error.ts';
import { sum, WHOLE } from '../../../core/values/share.ts';
import { admit, type Demand } from '../../../core/topology/admit.ts';
import { evaluate, SECONDS_PER_MONTH, spreadCalls } from '../../../core/topology/evaluate.ts';
import { topologyModel, type TopologyInput, type TopologyModel } from '../../../core/topology/model.ts';
import { planTopology } from '../../../core/topology/plan.ts';
import type { LinearSolver } from '../../../core/topology/program.ts';
import type { TopologyShares } from '../../../core/topology/shares.ts';
import { withHighs } from '../../../platform/solver/highs.ts';
import type { Bench, Measure } from '../bench.ts';
import { randomMesh } from '../topology/random-mesh.ts';
import { baselines } from './baselines.ts';
import { scenarios, type Scenario } from './scenarios.ts';
import { simulate, type Simulated } from './simulate.ts';

/** Days that each mesh is simulated, the same for all policies, and how long. */
const DAYS = 3;
const SECONDS = 20;
const PLANNER = 'planner';

interface Figures {
  readonly meanMs: number;
  readonly p99Ms: number;
  readonly egress: number;
  readonly overload: number;
  /** Millionths of a dollar per request. */
  readonly objective: number;
  /** Part of all calls that is answered elsewhere than before the change; NaN without one. */
  readonly churn: number;
  /** No site is given more than the planner's limits allow (utilisation, residency). */
  readonly isWithin: boolean;
}

interface Case {
  readonly scenario: Scenario;
  readonly served: Readonly<Record<string, number>>;
  readonly figures: Readonly<Record<string, Figures>>;
}

export const simulationBench: Bench = {
  name: 'simulation',
  about: 'mean, p99, egress, overload and churn of the planner and of seven other ways, on random meshes',
  repeats: 207,
  run: async ({ repeats, report, signal }) => {
    const cases: Case[] = [];
    let refused = 0;
    for (let seed = 1; seed <= repeats && !signal.aborted; seed += 1) {
      const scenario = scenarios[seed % scenarios.length];
      if (scenario === undefined) continue;
      const one = await withHighs((solver) => simulated(scenario, { seed, solver }));
      if (one === null) refused += 1;
      else cases.push(one);
      if (seed % 10 === 0) report(`${seed} of ${repeats} meshes`);
    }
    return {
      title: 'The planner and others, simulated',
      settings: {
        meshes:
          '3 to 5 clusters on a map of 100 × 100 ms, 4 to 7 services, 2 classes (tier 1 and 2), the seed is its number',
        objective: 'balanced: 0.05 dollars for a million requests that are 1 ms faster, and egress',
        days: `${DAYS} of ${SECONDS} s each, after ${SECONDS / 2} s of warm-up, the same for all ways`,
        'meshes refused by the planner (tier 1 does not fit)': refused,
      },
      measures: [...scenarios.flatMap((scenario) => measuresOf(scenario, cases)), ...comparisons(cases)],
      notes: [
        'All ways get the demand that the planner admits; what it sheds, by tier, is stated. They would serve more, late.',
        'The simulator: Poisson arrivals, lognormal holds of a server (coefficient of variation 1), queues without end, calls of a request one after the other. The planner reckons with Sakasegawa’s formula and straight pieces of it.',
        'Shared with the planner: prices of egress, what a site can do, and who is let in. L3-like goes by the time at a site, without what the site calls.',
        'Who keeps the limits: no site above 70 % of what it can do. The waterfall at 80 % is given more room than the planner, and at a high load wins by it; at 70 % it has the same.',
        'A ratio above 1 is what the other way costs more than the planner. Overload: seconds in which more work came to a site than it can do, summed over sites, per minute.',
      ],
    };
  },
};

async function simulated(
  scenario: Scenario,
  { seed, solver }: { readonly seed: number; readonly solver: LinearSolver },
): Promise<Case | null> {
  const size = { clusters: 3 + (seed % 3), services: 4 + (seed % 4), classes: 2 };
  const before = randomMesh(size, { seed, load: scenario.load, whole: true });
  const after = scenario.change(before);
  const [was, is] = [await waysOf(before, { seed, solver }), await waysOf(after, { seed, solver })];
  if (is === null) return null;
  const figures = Object.entries(is.ways).map(([name, shares]) => {
    const days = Array.from({ length: DAYS }, (_, day) =>
      simulate(is.model, { demand: is.demand, shares, seed: seed * 1_000 + day, seconds: SECONDS }),
    );
    const churn = was === null || before === after ? NaN : churnOf(is, { before: was.ways[name] ?? {}, shares });
    const isWithin = evaluate(is.model, { demand: is.demand, shares }).above.length === 0;
    return [name, { ...figuresOf(is.model, is.demand, days), churn, isWithin }] as const;
  });
  return { scenario, served: is.served, figures: Object.fromEntries(figures) };
}

interface Ways {
  readonly model: TopologyModel;
  readonly demand: Demand;
  readonly served: Readonly<Record<string, number>>;
  readonly ways: Readonly<Record<string, TopologyShares>>;
}

/** null: the planner refuses, because tier 1 does not fit. */
async function waysOf(
  input: TopologyInput,
  { seed, solver }: { readonly seed: number; readonly solver: LinearSolver },
): Promise<Ways | null> {
  const model = topologyModel(input);
  const { demand } = admit(
    model,
    model.classes.map((one) => one.demand),
  );
  const plan = await planTopology(input, solver).catch((error: unknown) => {
    if (error instanceof TidegateError && error.code === 'Invalid') return null;
    throw error;
  });
  if (plan === null) return null;
  const others = Object.entries(baselines).map(([name, of]) => [name, of(model, { demand, seed })] as const);
  return { model, demand, served: plan.served, ways: { [PLANNER]: plan.shares, ...Object.fromEntries(others) } };
}

function figuresOf(
  model: TopologyModel,
  demand: Demand,
  days: readonly Simulated[],
): Omit<Figures, 'churn' | 'isWithin'> {
  const mean = (of: (day: Simulated) => number): number => sum(days.map(of)) / days.length;
  const [meanMs, egress] = [mean((day) => day.meanMs), mean((day) => day.egressDollarsPerMonth)];
  const perRequest = (egress * 1e6) / SECONDS_PER_MONTH / sum(demand.flat());
  return {
    meanMs,
    p99Ms: mean((day) => day.p99Ms),
    egress,
    overload: mean((day) => day.overloadSeconds),
    objective: model.perMs * meanMs + model.egressCounts * perRequest,
  };
}

function churnOf(
  { model, demand }: Ways,
  { before, shares }: { readonly before: TopologyShares; readonly shares: TopologyShares },
): number {
  const { calls } = spreadCalls(model, { demand, shares });
  const moved = model.edges.flatMap((edge, index) =>
    model.clusters.map((client, from) => {
      const service = model.services[edge.to] ?? '';
      const rate = calls[index * model.clusters.length + from] ?? 0;
      const [was, is] = [before[service]?.[client] ?? {}, shares[service]?.[client] ?? {}];
      const gained = model.clusters.map((to) => Math.max(0, (is[to] ?? 0) - (was[to] ?? 0)));
      return { rate, moved: (rate * sum(gained)) / WHOLE };
    }),
  );
  return sum(moved.map((one) => one.moved)) / sum(moved.map((one) => one.rate));
}

const others = Object.keys(baselines);

function measuresOf(scenario: Scenario, cases: readonly Case[]): Measure[] {
  const own = cases.filter((one) => one.scenario === scenario);
  const against = (isMeant: (figures: Figures) => boolean): number[] =>
    own.flatMap(({ figures }) => {
      const meant = others.flatMap((name) => figures[name] ?? []).filter(isMeant);
      const best = Math.min(...meant.map(({ objective }) => objective));
      return meant.length === 0 ? [] : [(figures[PLANNER]?.objective ?? NaN) / best];
    });
  const shed = own.map(({ served }) => 1 - (served['k1'] ?? 1));
  return [
    {
      what: `${scenario.name}: objective, planner / best of the others that keep the limits`,
      unit: '×',
      values: against(({ isWithin }) => isWithin),
      bound: { of: 'every', atMost: 1.01 },
    },
    { what: `${scenario.name}: planner / best of all others`, unit: '×', values: against(() => true) },
    ...(shed.some((one) => one > 0)
      ? [{ what: `${scenario.name}: part of tier 2 that is shed`, unit: '', values: shed } as const]
      : []),
  ];
}

function comparisons(cases: readonly Case[]): Measure[] {
  const valuesOf = (name: string, of: (figures: Figures) => number): number[] =>
    cases.flatMap(({ figures }) => figures[name] ?? []).flatMap((one) => (Number.isNaN(of(one)) ? [] : [of(one)]));
  const ratios = (name: string, of: (figures: Figures) => number): number[] =>
    cases.flatMap(({ figures }) => {
      const [own, other] = [figures[PLANNER], figures[name]];
      return own === undefined || other === undefined || of(own) === 0 ? [] : [of(other) / of(own)];
    });
  return [
    ...others.flatMap((name): Measure[] => [
      { what: `${name} / planner: objective`, unit: '×', values: ratios(name, (one) => one.objective) },
      { what: `${name} / planner: mean latency`, unit: '×', values: ratios(name, (one) => one.meanMs) },
      { what: `${name} / planner: p99 latency`, unit: '×', values: ratios(name, (one) => one.p99Ms) },
      { what: `${name} / planner: egress`, unit: '×', values: ratios(name, (one) => one.egress) },
    ]),
    ...[PLANNER, ...others].flatMap((name): Measure[] => [
      { what: `${name}: overload, s/min`, unit: '', values: valuesOf(name, (one) => one.overload) },
      { what: `${name}: part of calls that a change moves`, unit: '', values: valuesOf(name, (one) => one.churn) },
    ]),
  ];
}
