/**
 * The sequential judge without its sentences: one cluster's counts in, breach or not out. The same functions as
 * core/judge/sequential/judge.ts calls; watch.test.ts holds the two side by side. Looks that cannot be a breach
 * are passed over by a bound.
 */
import type { Total } from '../../../core/judge/arms/arms.ts';
import { burning, withBucket, type Bucket } from '../../../core/judge/sequential/burn-rate.ts';
import type { Dispersion } from '../../../core/judge/sequential/dispersion.ts';
import {
  logEvidence,
  noComparison,
  noStratumEvidence,
  phiAt,
  withBake,
  withStretch,
  withWindow,
  type Evidence,
  type Objective,
  type StratumEvidence,
  type StretchCounts,
} from '../../../core/judge/sequential/evidence.ts';
import { objectiveOf } from '../../../core/judge/sequential/judge.ts';
import type { SequentialSettings, Slo } from '../../../core/judge/settings.ts';

export const WINDOW_MS = 3_600_000;

export const settings: SequentialSettings = {
  type: 'sequential',
  pollMs: 10_000,
  alpha: 0.01,
  beta: 0.05,
  minRequests: 30,
  healthyBy: 'comparison',
};

export const errorsSlo: Slo = { name: 'errors', source: 'server', indicator: { kind: 'errors' }, target: 0.99 };

export const errorsObjective = (clusters = 1): Objective =>
  objectiveOf({ slo: errorsSlo, settings, family: { clusters, part: 1 } });

export type Why = 'evidence' | 'burn';

export interface Looker<Breach> {
  /** Adds counts; says why they are a breach, if they are. */
  readonly look: (counts: StretchCounts) => Breach | undefined;
  /** A step begins: a new share, a new bake. */
  readonly bake: (atMs: number) => void;
}

export interface Watch extends Looker<Why> {
  readonly stratum: () => StratumEvidence;
}

const CLUSTER = 'a';

export const seeded = (seeds: Readonly<Record<string, Dispersion>>): StratumEvidence => ({
  ...noStratumEvidence,
  comparisons: Object.fromEntries(
    Object.entries(seeds).map(([edge, dispersion]) => [edge, { ...noComparison, dispersion }]),
  ),
});

/** @param seeds what the old version's history says of bursts, by edge */
export const createWatch = (objective: Objective, seeds: Readonly<Record<string, Dispersion>>): Watch => {
  const { alpha } = settings;
  let evidence: Evidence = withBake(null, objective, 0);
  let stratum = seeded(seeds);
  const burnt = createBurnWatch(objective.allowed);
  const settle = (): Evidence => ({ ...evidence, strata: { [CLUSTER]: stratum } });
  const needed = Math.log(1 / alpha);
  return {
    stratum: () => stratum,
    bake: (atMs) => {
      evidence = withBake(settle(), objective, atMs);
      stratum = evidence.strata[CLUSTER] ?? noStratumEvidence;
    },
    look: (counts) => {
      if (counts.toMs - evidence.windowSinceMs >= WINDOW_MS) {
        evidence = withWindow(settle(), objective, counts.toMs);
        stratum = evidence.strata[CLUSTER] ?? noStratumEvidence;
      }
      const before = stratum.absolute.whole;
      stratum = withStretch(stratum, objective, counts);
      const phi = (): number => phiAt([stratum], objective.edge);
      const burns = burnt(before, stratum.absolute.whole, { atMs: counts.toMs, phi });
      if (burns) return 'burn';
      if (cannotBreach(stratum, objective, { alpha, settled: evidence.settled[CLUSTER] ?? 0 })) return undefined;
      return logEvidence(settle(), objective).all >= needed ? 'evidence' : undefined;
    },
  };
};

/** A mixture is at most its largest part, and phi only lowers it: most looks are decided by these few numbers. */
const cannotBreach = (
  stratum: StratumEvidence,
  { grid, allowed }: Objective,
  { alpha, settled }: { alpha: number; settled: number },
): boolean => {
  let top = 0;
  for (const { whole, recent, refund } of Object.values(stratum.comparisons))
    top = Math.max(top, bestAbove(whole, grid.margin) + refund, bestAbove(recent, grid.margin));
  top = Math.max(top, bestRatio(stratum.absolute.whole, allowed), bestRatio(stratum.absolute.recent, allowed));
  return Math.exp(top) + Math.exp(settled) < 1 / alpha;
};

const bestAbove = (profile: readonly number[], margin: number): number => {
  const base = profile[margin] ?? 0;
  let top = 0;
  for (let i = margin + 1; i < profile.length; i++) top = Math.max(top, (profile[i] ?? 0) - base);
  return top;
};

/** ln of the largest likelihood ratio that any ratio above the allowed one reaches. */
export const bestRatio = ({ total, bad }: Total, allowed: number): number => {
  if (bad <= allowed * total) return 0;
  const ratio = bad / total;
  const good = bad === total ? 0 : (total - bad) * (Math.log1p(-ratio) - Math.log1p(-allowed));
  return bad * Math.log(ratio / allowed) + good;
};

/** The slowest rate that pages, times what is allowed: no window reaches it that is made of better stretches. */
const SLOWEST_PAGE = 6;

export const createBurnWatch = (allowed: number) => {
  let spent: readonly Bucket[] = [];
  const young: Bucket[] = [];
  let possible = false;
  return (before: Total, after: Total, { atMs, phi }: { atMs: number; phi: () => number }): boolean => {
    const more = { atMs, total: after.total - before.total, bad: after.bad - before.bad };
    if (more.total === 0) return false;
    possible ||= more.bad >= SLOWEST_PAGE * allowed * more.total;
    young.push(more);
    // In the first hour every window reaches back to the begin.
    const low = after.bad < SLOWEST_PAGE * allowed * after.total;
    if (!possible || (low && atMs <= WINDOW_MS)) return false;
    spent = young.splice(0).reduce(withBucket, spent);
    const pages = (divisor: number): boolean =>
      burning(spent, { allowed, nowMs: atMs, phi: divisor }).some(({ rule }) => rule.severity === 'page');
    return pages(1) && pages(phi());
  };
};
