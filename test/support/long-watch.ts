/** What the default judge keeps of a long watch over many clusters, without a metrics backend: seeded counts, judged at every look. */
import type { Arm, Cell } from '../../core/judge/arms/arms.ts';
import type { StratumCounts } from '../../core/judge/judge.ts';
import { judgeSlos, type JudgeStates } from '../../core/judge/look/judges.ts';
import { freshState, type WatchState } from '../../core/judge/look/state.ts';
import type { WatchSloInput } from '../../core/judge/look/watch.ts';
import type { Slo } from '../../core/judge/settings.ts';
import { randomFrom } from './simulated-bakes.ts';

/** OpenTelemetry's default edges of request durations, s, and which part of the requests is slower. */
const slower: readonly (readonly [string, number])[] = [
  ['0.005', 0.98],
  ['0.01', 0.9],
  ['0.025', 0.6],
  ['0.05', 0.3],
  ['0.075', 0.18],
  ['0.1', 0.1],
  ['0.25', 0.03],
  ['0.5', 0.01],
  ['0.75', 0.006],
  ['1', 0.004],
  ['2.5', 0.001],
  ['5', 0.0004],
  ['7.5', 0.0002],
  ['10', 0.0001],
];

const slos: readonly Slo[] = [
  { name: 'server-errors', source: 'server', indicator: { kind: 'errors' }, target: 0.99 },
  { name: 'envoy-errors', source: 'envoy', indicator: { kind: 'errors' }, target: 0.99 },
  { name: 'latency', source: 'server', indicator: { kind: 'latency', thresholdS: 0.5 }, target: 0.95 },
];

export interface LongWatch {
  readonly clusters: number;
  /** Looks in each of the two bakes. */
  readonly looks: number;
  /** Time between two looks, ms. */
  readonly everyMs: number;
}

/** What is asked of a watch over all clusters, each of which calls all others. */
export function longWatchInput(clusters: number): WatchSloInput {
  const names = Array.from({ length: clusters }, (_, i) => `aws-us-east-${i + 1}`);
  return {
    service: { mesh: 'shop', namespace: 'shop', service: 'checkout', installation: 'default' },
    strata: names.map((serving) => ({
      ...{ serving, share: 50_000, newVersion: 'v2.14.0', oldVersion: 'v2.13.5', clients: names, sinceMs: 0 },
      newStat: `shop_checkout-v2-14-0-${serving}-1a2b3c4d`,
      oldStat: `shop_checkout-v2-13-5-${serving}-5e6f7a8b`,
    })),
    slos,
    judge: { type: 'sequential', pollMs: 2_000, alpha: 0.01, beta: 0.05, minRequests: 30, healthyBy: 'either' },
    warmUpMs: 0,
    mode: 'hold',
    bakeMs: 0,
    maxUnknownMs: 0,
    clusters,
  };
}

/** Two bakes, so that what is kept of the whole rollout, of the bake and of the window are three things. */
export function watchLong({ clusters, looks, everyMs }: LongWatch, seed = 7): WatchState {
  const input = longWatchInput(clusters);
  const random = randomFrom(seed);
  let states: JudgeStates = {};
  let evidence: Readonly<Record<string, unknown>> = {};
  for (let bake = 0; bake < 2; bake++) {
    for (let at = 1; at <= looks; at++) {
      const nowMs = (bake * looks + at) * everyMs;
      const given = slos.map((slo) => ({
        ...{ slo, nowMs, staleMs: 4 * everyMs, intervalMs: everyMs, family: { clusters, part: 0.3 } },
        strata: input.strata.map((stratum, i) =>
          countsOf({ slo, stratum, random, nowMs, everyMs, bad: 0.002 * (1 + (i % 5)) }),
        ),
      }));
      const judged = judgeSlos({ ...input, evidence }, given, states);
      states = Object.assign({}, ...judged.map((one) => one.states)) as JudgeStates;
    }
    if (bake === 0) {
      evidence = Object.fromEntries(
        Object.entries(states).map(([key, state]) => [key, (state as { evidence: unknown }).evidence]),
      );
      states = {};
    }
  }
  const totals = { newWhole: { total: 712_345, bad: 1_234 }, oldWhole: { total: 7_123_456, bad: 12_345 } };
  const settled = slos.flatMap((slo) =>
    input.strata.map(({ serving }) => [`${slo.name}/${slo.source}/${serving}`, totals] as const),
  );
  return { ...freshState(0), settledToMs: 2 * looks * everyMs, settled: Object.fromEntries(settled), judges: states };
}

interface OfStratum {
  readonly slo: Slo;
  readonly stratum: WatchSloInput['strata'][number];
  readonly random: () => number;
  readonly nowMs: number;
  readonly everyMs: number;
  /** Part of the requests that fail. */
  readonly bad: number;
}

function countsOf({ slo, stratum, random, nowMs, everyMs, bad }: OfStratum): StratumCounts {
  const drawn = (mean: number): number => Math.max(0, Math.round(mean + Math.sqrt(12 * mean) * (random() - 0.5)));
  const pods = (mean: number): number[] => [drawn(mean), drawn(mean)];
  const [newer, older] = [pods(100), pods(1_000)];
  const arm = (totals: readonly number[], part: number): Arm => {
    const cells = totals.map((total): Cell => {
      return { fromMs: nowMs - everyMs, atMs: nowMs, total, bad: Math.min(total, drawn(total * part)) };
    });
    const sum = (pick: (cell: Cell) => number): number => cells.reduce((all, cell) => all + pick(cell), 0);
    const whole = { fromMs: nowMs - everyMs, atMs: nowMs, total: sum((one) => one.total), bad: sum((one) => one.bad) };
    return { cells: [whole], pods: cells.map((cell) => [cell]), newestMs: nowMs, problem: '', missing: '' };
  };
  const both = (part: number) => ({ newArm: arm(newer, part), oldArm: arm(older, part) });
  const { indicator } = slo;
  const own = indicator.kind === 'errors' ? undefined : String(indicator.thresholdS);
  const edges = own === undefined ? [] : slower.filter(([edge]) => edge !== own);
  return {
    cluster: stratum.serving,
    newVersion: stratum.newVersion,
    oldVersion: stratum.oldVersion,
    ...both(own === undefined ? bad : 0.01),
    newWhole: { total: 0, bad: 0 },
    oldWhole: { total: 0, bad: 0 },
    sinceMs: 0,
    comparison: { compared: true, edges: Object.fromEntries(edges.map(([edge, part]) => [edge, both(part)])) },
  };
}
