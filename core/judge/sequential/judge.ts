/** The `sequential` judge: adds the counts of a look to the evidence, and says what that proves by now. */
import type { Judged, JudgeInput, StratumCounts } from '../judge.ts';
import { dataTrouble, readingOf } from '../reading.ts';
import type { SequentialSettings, Slo } from '../settings.ts';
import type { ReadingEvidence, SloReading, VerdictKind } from '../slo-reading.ts';
import { burning } from './burn-rate.ts';
import { namesByEvidence } from './e-bh.ts';
import { enoughOf, logEvidence, phiAt, withBake, withWindow, type Evidence, type Objective } from './evidence.ts';
import { describeBreach, describeBurn, describeHealthy, describeUnknown, type SeenEvidence } from './explain.ts';
import { clear, healthyInS } from './healthy.ts';
import { withLook } from './look.ts';
import { oddsInterval, sumProfiles } from './profile.ts';
import { createGrid, defaultTolerances, type Grid } from './tilts.ts';

type SequentialInput = JudgeInput<SequentialSettings>;

export interface SequentialState {
  readonly schema: 1;
  readonly evidence: Evidence;
}

/** A window for late faults is this long, ms; a bake begins one in any case. */
const WINDOW_MS = 3_600_000;

/**
 * @param before what the last look of this watch left; null at its first
 * @param earlier what the watch before left: evidence goes on over steps, so that alpha is the whole rollout's
 */
export const judgeSequential = (
  input: SequentialInput,
  before: SequentialState | null,
  earlier: Evidence | null = null,
): Judged<SequentialState> => {
  const objective = objectiveOf(input);
  const kept = before?.evidence ?? withBake(earlier, objective, input.nowMs);
  const due = input.nowMs - kept.windowSinceMs >= WINDOW_MS;
  const evidence = withLook(due ? withWindow(kept, objective, input.nowMs) : kept, objective, {
    // A look that gave nothing is no first look: the past of the old version is still to come.
    strata: input.providerError === undefined ? input.strata.map((stratum) => lookStratum(input, stratum)) : [],
    intervalMs: input.intervalMs ?? 0,
    shortestMs: input.settings.pollMs,
  });
  return { readings: readingsOf(input, objective, evidence), state: { schema: 1, evidence } };
};

/** Points of the grid above "no difference": errors are one comparison, a histogram is one for each edge. */
const FINE = 36;
const COARSE = 14;
const margins = { errors: 1, latency: 1.1 } as const;
/**
 * Most versions with a fault fail badly, some 20 times as often, and a few requests must tell; a few fail a little more
 * often. With these the mean delay is at most 1.5 times Wald's bound and one look, from 1.5 to 20 times as many bad
 * requests (docs/benchmarks/judge-delay.md). A slow-down moves the odds of every edge by little (judge-latency.md).
 */
const expectations = {
  errors: [
    { part: 0.92, tilt: 3, sd: 0.75 },
    { part: 0.08, tilt: 0.4, sd: 0.4 },
  ],
  latency: [{ part: 1, tilt: 0.4, sd: 1.2 }],
} as const;

export const objectiveOf = ({
  slo,
  settings,
  family,
}: Pick<SequentialInput, 'slo' | 'settings' | 'family'>): Objective => {
  const { kind } = slo.indicator;
  const clusters = family?.clusters ?? 1;
  const alpha = settings.alpha * (family?.part ?? 1);
  const enough = kind === 'errors' ? enoughOf({ alpha, clusters }) : Infinity;
  return { grid: gridOf(kind, settings), allowed: 1 - slo.target, edge: edgeOf(slo), clusters, alpha, enough };
};

/** By kind and settings, of which a mesh has a few: a grid is the same at every look. */
const grids = new Map<string, Grid>();

const gridOf = (kind: Slo['indicator']['kind'], settings: SequentialSettings): Grid => {
  const { margin = margins[kind], tolerance = defaultTolerances[kind] } = settings;
  const key = `${kind} ${margin} ${tolerance}`;
  const points = kind === 'errors' ? FINE : COARSE;
  const grid = grids.get(key) ?? createGrid({ margin, tolerance, expected: expectations[kind], points });
  grids.set(key, grid);
  return grid;
};

/** The objective's own comparison. */
const edgeOf = ({ indicator }: Slo): string => (indicator.kind === 'errors' ? '' : String(indicator.thresholdS));

const lookStratum = ({ slo }: SequentialInput, stratum: StratumCounts) => {
  const { newArm, oldArm, comparison } = stratum;
  const own = { newArm, oldArm };
  const history = comparison?.history;
  return {
    cluster: stratum.cluster,
    known: newArm.problem === '',
    compared: stratum.oldVersion !== '' && comparison?.compared !== false && oldArm.problem === '',
    sinceMs: stratum.sinceMs,
    arms: own,
    edges: { ...comparison?.edges, [edgeOf(slo)]: own },
    history: history === undefined ? {} : { ...history.edges, [edgeOf(slo)]: history.own },
  };
};

const readingsOf = (input: SequentialInput, objective: Objective, evidence: Evidence): readonly SloReading[] => {
  const { strata, slo } = input;
  const { alpha } = objective;
  const log = logEvidence(evidence, objective);
  const breach = log.all >= Math.log(1 / alpha);
  const named = breach ? namesByEvidence(log.byCluster, { of: objective.clusters, alpha }) : [];
  const cleared = clear(input, objective, evidence);
  const seen: SeenEvidence = { input, objective, evidence, log, cleared };
  const each = strata.map((stratum) => {
    const { verdict, reason } = named.includes(stratum.cluster)
      ? { verdict: 'breach' as const, reason: describeBreach(seen, [stratum], 'one') }
      : judgeStratum(seen, stratum);
    return reading(seen, { cluster: stratum.cluster, verdict, reason, strata: [stratum] });
  });
  const phi = phiAt(Object.values(evidence.strata), objective.edge);
  const burn = burning(evidence.spent, { allowed: objective.allowed, nowMs: input.nowMs, phi });
  const pages = burn.filter(({ rule }) => rule.severity === 'page');
  const all = (verdict: VerdictKind, reason: string): SloReading =>
    reading(seen, { cluster: '*', verdict, reason, strata });
  if (pages.length > 0) return [...each, all('breach', describeBurn(seen, pages))];
  if (strata.length === 1 && breach && named.length === 0) return [all('breach', describeBreach(seen, strata, 'all'))];
  if (strata.length === 1) return each;
  if (breach) return [...each, all('breach', describeBreach(seen, strata, 'all'))];
  const open = each.find(({ verdict }) => verdict !== 'healthy');
  const pooled = open === undefined ? 'healthy in every cluster' : `not healthy while ${open.cluster} is not`;
  return [...each, all(open === undefined ? 'healthy' : 'unknown', `${slo.name}: ${pooled}`)];
};

const judgeStratum = (seen: SeenEvidence, stratum: StratumCounts): { verdict: VerdictKind; reason: string } => {
  const trouble = dataTrouble(seen.input, stratum);
  if (trouble !== '') return { verdict: 'unknown', reason: trouble };
  const cleared = seen.cleared[stratum.cluster];
  return cleared?.by === undefined
    ? { verdict: 'unknown', reason: describeUnknown(seen, stratum) }
    : { verdict: 'healthy', reason: describeHealthy(seen, stratum, cleared.by) };
};

const reading = (
  seen: SeenEvidence,
  parts: { cluster: string; verdict: VerdictKind; reason: string; strata: readonly StratumCounts[] },
): SloReading => ({
  ...readingOf(seen.input.slo, parts),
  ...bakeTotals(seen, parts.strata),
  judge: 'sequential',
  evidence: evidenceOf(seen, parts.cluster),
});

/** What the verdict rests on: counts that both arms have for the same time. */
const bakeTotals = ({ evidence }: SeenEvidence, strata: readonly StratumCounts[]) => {
  const used = strata.flatMap(({ cluster }) => evidence.strata[cluster] ?? []);
  const sum = (pick: (one: (typeof used)[number]) => number): number => used.reduce((all, one) => all + pick(one), 0);
  return {
    newTotal: sum(({ newBake }) => newBake.total),
    newBad: sum(({ newBake }) => newBake.bad),
    oldTotal: sum(({ oldBake }) => oldBake.total),
    oldBad: sum(({ oldBake }) => oldBake.bad),
  };
};

const evidenceOf = ({ input, objective, evidence, log, cleared }: SeenEvidence, cluster: string): ReadingEvidence => {
  const names = cluster === '*' ? Object.keys(evidence.strata) : [cluster];
  const strata = names.flatMap((name) => evidence.strata[name] ?? []);
  const phi = phiAt(strata, objective.edge);
  const profile = sumProfiles(strata.map(({ comparisons }) => comparisons[objective.edge]?.whole ?? []));
  const { low, high } = oddsInterval(profile, { grid: objective.grid, phi, alpha: input.settings.beta });
  const waits = names.map((name) => cleared[name]).map((one) => (one === undefined ? null : healthyInS(one)));
  const known = waits.filter((wait) => wait !== null);
  return {
    log10E: rounded((cluster === '*' ? log.all : (log.byCluster[cluster] ?? 0)) / Math.LN10),
    log10Needed: rounded(Math.log10((cluster === '*' ? 1 : objective.clusters) / objective.alpha)),
    low: rounded(low),
    high: Number.isFinite(high) ? rounded(high) : null,
    phi: rounded(phi),
    healthyInS: known.length < waits.length || known.length === 0 ? null : Math.round(Math.max(...known)),
  };
};

const rounded = (value: number): number => Number(value.toPrecision(3));
