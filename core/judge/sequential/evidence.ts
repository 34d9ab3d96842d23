/** The evidence on one objective: what is kept from look to look, and what it says by now. */
import { endedOf, plusTotal, type Total } from '../arms/arms.ts';
import type { Table } from '../statistics/hypergeometric.ts';
import { logSumExp } from '../statistics/log-gamma.ts';
import type { Bucket } from './burn-rate.ts';
import { noDispersion, phiOf, plusDispersion, withCounts, type Dispersion } from './dispersion.ts';
import { logAbove } from './one-arm.ts';
import { refundOf } from './overshoot.ts';
import { emptyProfile, likelihoodOf, logWorse, plusProfile, sumProfiles, type Profile } from './profile.ts';
import type { Grid } from './tilts.ts';

export const nothing: Total = { total: 0, bad: 0 };

/** One comparison: all errors, or "slower than one edge of the histogram". */
export interface Comparison {
  /** From the first share on. */
  readonly whole: Profile;
  /** From the begin of the window on: what was good for long must not hide what is bad now. */
  readonly recent: Profile;
  /**
   * From the begin of the bake on, against the old counts that make the new version look worst. Only of the objective's own
   * comparison, which promotes; empty elsewhere.
   */
  readonly bake: Profile;
  /** ln of what `whole` is paid for overshoot; see overshoot.ts. */
  readonly refund: number;
  readonly dispersion: Dispersion;
  /**
   * What counts of different times have shown in the last stretch. It counts from the next stretch on: a fault that begins
   * between two counts looks like a burst of one of them, and must not be explained away by itself. Left out: nothing.
   */
  readonly later?: Dispersion;
  /** What `whole` rests on. */
  readonly newer: Total;
  readonly older: Total;
}

export const noComparison: Comparison = {
  whole: emptyProfile,
  recent: emptyProfile,
  bake: emptyProfile,
  refund: 0,
  dispersion: noDispersion,
  newer: nothing,
  older: nothing,
};

/** Everything on one serving cluster. */
export interface StratumEvidence {
  /** Counts up to here are used, ms; null: none yet. */
  readonly toMs: number | null;
  /** By edge; '' for errors. */
  readonly comparisons: Readonly<Record<string, Comparison>>;
  /** The new version against the objective, over the stretches in which the old one kept it (or had no traffic). */
  readonly absolute: { readonly whole: Total; readonly recent: Total };
  /** All counts of the bake that were used. */
  readonly newBake: Total;
  readonly oldBake: Total;
}

export const noStratumEvidence: StratumEvidence = {
  toMs: null,
  comparisons: {},
  absolute: { whole: nothing, recent: nothing },
  newBake: nothing,
  oldBake: nothing,
};

/** What was counted in one stretch of time, of all requests or of one edge. */
export interface Counts {
  readonly newer: Total;
  /** The old version's counts that make the new one look best, and worst; the same unless a change of level blurs them. */
  readonly kind: Total;
  readonly harsh: Total;
  /** Per arm counts of the same time that should differ by chance only: its processes side by side. */
  readonly alike: readonly (readonly Total[])[];
  /** The same of times that differ: a process's neighbouring intervals, processes with instants of their own. */
  readonly unalike: readonly (readonly Total[])[];
}

export interface StretchCounts {
  /** End of the stretch, ms. */
  readonly toMs: number;
  /** Of the objective itself. */
  readonly own: Counts;
  readonly edges: Readonly<Record<string, Counts>>;
}

/** All clusters. Plain JSON. */
export interface Evidence {
  readonly schema: 2;
  readonly strata: Readonly<Record<string, StratumEvidence>>;
  /** Serving clusters that were looked at first. Left out: none yet, or an older worker did not say. */
  readonly first?: readonly string[];
  /** How many windows have begun. */
  readonly windows: number;
  /** When the running one began, ms. */
  readonly windowSinceMs: number;
  /** ln Σ part × e-value of the windows that are over, by cluster, '*' for all pooled: bets that are settled. */
  readonly settled: Readonly<Record<string, number>>;
  /** The new version's counts over all clusters, for burn rates. */
  readonly spent: readonly Bucket[];
}

/** What the evidence is about; the same for a whole rollout. */
export interface Objective {
  readonly grid: Grid;
  /** Part of the requests that may be bad, 0..1. */
  readonly allowed: number;
  /** The comparison that is the objective's own: '' for errors, its threshold for latency. */
  readonly edge: string;
  /** Serving clusters that the rollout will reach in all. */
  readonly clusters: number;
  /** Chance of one false breach in the whole rollout, 0..1. */
  readonly alpha: number;
  /**
   * ln of the e-value at which one cluster's comparison is a breach by itself, where clusters have equal parts; Infinity
   * where edges share the evidence.
   */
  readonly enough: number;
}

/** Part of alpha for the time since the first share; the rest is for windows. */
export const WHOLE_PART = 0.9;
/** What the n-th window (n = 1, 2, …) may bet; all of them together 1 - WHOLE_PART. */
const windowPart = (n: number): number => (1 - WHOLE_PART) / (n * (n + 1));
/** Part of alpha for the comparison with the old version; the rest is for the fixed objective. */
export const RELATIVE_PART = 0.95;
/** Part of alpha for clusters by themselves, together; the rest is for all of them pooled. */
const LOCAL_PART = 0.8;

/** … and of this, for the clusters that the rollout reaches first: whoever has a canary wave has it to find faults. */
const FIRST_PART = 0.5;

const ALL = '*';

/** What a cluster by itself may bet, of 1 for all clusters together; fixed by the plan, before anything is counted. */
export const clusterPart = (name: string, { first = [], of }: { first?: readonly string[]; of: number }): number => {
  if (first.length === 0 || first.length >= of) return 1 / of;
  const together = Math.max(FIRST_PART, first.length / of);
  return first.includes(name) ? together / first.length : (1 - together) / (of - first.length);
};

/** ln of the e-value since the first share at which the only comparison of a cluster is a breach, whatever all others say. */
export const enoughOf = ({ alpha, clusters }: Pick<Objective, 'alpha' | 'clusters'>): number =>
  -Math.log((alpha * WHOLE_PART * RELATIVE_PART * (clusters === 1 ? 1 : LOCAL_PART)) / clusters);

export const withStretch = (
  before: StratumEvidence,
  { grid, allowed, enough, edge: promoting }: Objective,
  counts: StretchCounts,
): StratumEvidence => {
  const { newer, kind } = counts.own;
  const counted = oldKept(kind, before.oldBake, allowed) ? newer : nothing;
  return {
    toMs: counts.toMs,
    comparisons: Object.fromEntries(
      Object.entries(counts.edges).map(([edge, of]) => [
        edge,
        withComparison(before.comparisons[edge] ?? noComparison, of, { grid, enough, promotes: edge === promoting }),
      ]),
    ),
    absolute: { whole: plusTotal(before.absolute.whole, counted), recent: plusTotal(before.absolute.recent, counted) },
    newBake: plusTotal(before.newBake, newer),
    oldBake: plusTotal(before.oldBake, kind),
  };
};

/** Did the old version keep the objective? Where it did not, bad requests are no fault of the new one by themselves. */
export const oldKept = (now: Total, bake: Total, allowed: number): boolean =>
  now.bad <= allowed * now.total && now.bad + bake.bad <= allowed * (now.total + bake.total);

const withComparison = (
  before: Comparison,
  { newer, kind, harsh, alike, unalike }: Counts,
  { grid, enough, promotes }: Pick<Objective, 'grid' | 'enough'> & { readonly promotes: boolean },
): Comparison => {
  const given = tableOf(newer, kind);
  const kindly = likelihoodOf(given, grid);
  const isSame = harsh === kind && newer.ended === undefined && kind.ended === undefined;
  return {
    whole: plusProfile(before.whole, kindly),
    recent: plusProfile(before.recent, kindly),
    bake: promotes
      ? plusProfile(before.bake, isSame ? kindly : likelihoodOf(tableOf(endedOf(newer), endedOf(harsh)), grid))
      : emptyProfile,
    refund: refundOf(before, { table: given, more: kindly, grid, enough }),
    dispersion: alike.reduce(withCounts, plusDispersion(before.dispersion, before.later ?? noDispersion)),
    later: unalike.reduce(withCounts, noDispersion),
    newer: plusTotal(before.newer, newer),
    older: plusTotal(before.older, kind),
  };
};

const tableOf = (newer: Total, older: Total): Table => ({
  newTotal: newer.total,
  newBad: newer.bad,
  oldTotal: older.total,
  oldBad: older.bad,
});

/** Begins a bake: its promotion evidence starts from nothing, and so does a window for late faults. */
export const withBake = (evidence: Evidence | null, objective: Objective, atMs: number): Evidence => {
  if (evidence === null) return { schema: 2, strata: {}, windows: 1, windowSinceMs: atMs, settled: {}, spent: [] };
  const next = withWindow(evidence, objective, atMs);
  return {
    ...next,
    strata: mapStrata(next.strata, (stratum) => ({
      ...stratum,
      newBake: nothing,
      oldBake: nothing,
      comparisons: mapComparisons(stratum, (one) => ({ ...one, bake: emptyProfile })),
    })),
  };
};

/** Settles the running window and begins the next. */
export const withWindow = (evidence: Evidence, objective: Objective, atMs: number): Evidence => {
  const part = Math.log(windowPart(evidence.windows));
  const names = Object.keys(evidence.strata);
  const settle = (key: string, of: readonly string[]): readonly [string, number] => [
    key,
    logSumExp([settledOf(evidence, key), part + logBet(evidence, objective, { names: of, span: 'recent' })]),
  ];
  return {
    ...evidence,
    windows: evidence.windows + 1,
    windowSinceMs: atMs,
    settled: finite([settle(ALL, names), ...names.map((name) => settle(name, [name]))]),
    strata: mapStrata(evidence.strata, (stratum) => ({
      ...stratum,
      absolute: { ...stratum.absolute, recent: nothing },
      comparisons: mapComparisons(stratum, (one) => ({ ...one, recent: emptyProfile })),
    })),
  };
};

/** JSON has no -Infinity; a bet of nothing is left out. */
const finite = (entries: readonly (readonly [string, number])[]): Record<string, number> =>
  Object.fromEntries(entries.filter(([, value]) => Number.isFinite(value)));

const mapStrata = (
  strata: Evidence['strata'],
  change: (stratum: StratumEvidence) => StratumEvidence,
): Evidence['strata'] => Object.fromEntries(Object.entries(strata).map(([name, stratum]) => [name, change(stratum)]));

const mapComparisons = (
  { comparisons }: StratumEvidence,
  change: (comparison: Comparison) => Comparison,
): StratumEvidence['comparisons'] =>
  Object.fromEntries(Object.entries(comparisons).map(([edge, comparison]) => [edge, change(comparison)]));

/** ln of e-values against "the new version is no worse, and within the objective while the old one was". */
export interface LogEvidence {
  readonly all: number;
  readonly byCluster: Readonly<Record<string, number>>;
}

export const logEvidence = (evidence: Evidence, objective: Objective): LogEvidence => {
  const names = Object.keys(evidence.strata);
  const byCluster = Object.fromEntries(names.map((name) => [name, logOf(evidence, objective, name)]));
  if (objective.clusters === 1) return { all: byCluster[names[0] ?? ''] ?? 0, byCluster };
  const of = Math.max(objective.clusters, names.length);
  const parts = names.map((name) => clusterPart(name, { ...evidence, of }));
  // Clusters that are not reached yet have bet nothing: what they may bet is still in hand.
  const waiting = names.length === of ? 0 : 1 - parts.reduce((sum, part) => sum + part, 0);
  const local = logSumExp([
    ...names.map((name, i) => Math.log(parts[i] ?? 0) + (byCluster[name] ?? 0)),
    Math.log(waiting),
  ]);
  const pooled = logOf(evidence, objective, ALL);
  return { all: logSumExp([Math.log(LOCAL_PART) + local, Math.log(1 - LOCAL_PART) + pooled]), byCluster };
};

const logOf = (evidence: Evidence, objective: Objective, key: string): number => {
  const names = key === ALL ? Object.keys(evidence.strata) : [key];
  return logSumExp([
    Math.log(WHOLE_PART) + logBet(evidence, objective, { names, span: 'whole' }),
    Math.log(windowPart(evidence.windows)) + logBet(evidence, objective, { names, span: 'recent' }),
    // What later windows may bet is still in hand.
    Math.log((1 - WHOLE_PART) / (evidence.windows + 1)),
    settledOf(evidence, key),
  ]);
};

/** A cluster that was not there in the windows before has bet nothing in them: it has their parts still. */
const settledOf = ({ settled, windows }: Evidence, key: string): number =>
  settled[key] ?? Math.log((1 - WHOLE_PART) * (1 - 1 / windows));

interface Bet {
  readonly names: readonly string[];
  readonly span: 'whole' | 'recent';
}

/** The mean over edges is an e-value however they hang together; so is that of comparison and objective. */
const logBet = (evidence: Evidence, { grid, allowed, edge }: Objective, { names, span }: Bet): number => {
  const strata = names.map((name) => evidence.strata[name] ?? noStratumEvidence);
  const edges = [...new Set(strata.flatMap((one) => comparedEdges(one)))];
  const relative = edges.map((at) => {
    const compared = strata.flatMap((one) => one.comparisons[at] ?? []);
    const phi = phiAt(strata, at);
    const worse = logWorse(sumProfiles(compared.map((one) => one[span])), grid, phi);
    // Each cluster is paid for its own; all of them pooled are another e-value.
    return span === 'whole' && compared.length === 1 ? worse + (compared[0]?.refund ?? 0) / phi : worse;
  });
  const total = sumTotals(strata.map((one) => one.absolute[span]));
  const mean = relative.length === 0 ? 0 : logSumExp(relative) - Math.log(relative.length);
  const absolute = logAbove(total, allowed, phiAt(strata, edge));
  return logSumExp([Math.log(RELATIVE_PART) + mean, Math.log(1 - RELATIVE_PART) + absolute]);
};

/** Of the others only the old version's past is known: the new one has no such edge. */
const comparedEdges = ({ comparisons }: StratumEvidence): readonly string[] =>
  Object.keys(comparisons).filter((edge) => (comparisons[edge] ?? noComparison).newer.total > 0);

export const phiAt = (strata: readonly StratumEvidence[], edge: string): number =>
  phiOf(strata.map((one) => one.comparisons[edge]?.dispersion ?? noDispersion).reduce(plusDispersion, noDispersion));

export const sumTotals = (totals: readonly Total[]): Total => totals.reduce(plusTotal, nothing);
