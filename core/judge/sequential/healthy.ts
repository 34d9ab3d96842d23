/** When is a version shown to be healthy? And if not yet: how much longer? */
import { endedOf, type Total } from '../arms/arms.ts';
import type { JudgeInput, StratumCounts } from '../judge.ts';
import type { SequentialSettings } from '../settings.ts';
import {
  nothing,
  noStratumEvidence,
  phiAt,
  sumTotals,
  type Evidence,
  type Objective,
  type StratumEvidence,
} from './evidence.ts';
import { clearS, keepS, type Traffic } from './forecast.ts';
import { logBelow } from './one-arm.ts';
import { logBetter, sumProfiles } from './profile.ts';

type SequentialInput = JudgeInput<SequentialSettings>;

export interface Cleared {
  /** comparison: no worse than tolerated. objective: keeps it. Missing: neither is shown. */
  readonly by?: 'comparison' | 'objective';
  /** How much of the evidence is there, 0..1, and how long all of it takes at this traffic, s. */
  readonly comparison: Progress;
  readonly objective: Progress;
  readonly traffic: Traffic;
  readonly healthyBy: SequentialSettings['healthyBy'];
  /** Requests of the new version in the bake, and how many there have to be. */
  readonly requests: number;
  readonly minRequests: number;
}

export interface Progress {
  readonly done: number;
  readonly wholeS: number;
}

/**
 * By cluster. A cluster may rest on its own evidence, or on that of all clusters that are compared now: there each keeps
 * its own watch for a breach.
 */
export const clear = (
  input: SequentialInput,
  objective: Objective,
  evidence: Evidence,
): Readonly<Record<string, Cleared>> => {
  const compared = input.strata.filter(
    ({ comparison, oldVersion }) => oldVersion !== '' && comparison?.compared !== false,
  );
  return Object.fromEntries(
    input.strata.map((stratum) => {
      const group = compared.includes(stratum) ? compared : [stratum];
      const own = clearedBy({ input, objective, evidence, strata: [stratum], of: stratum });
      const pooled = group.length > 1 ? clearedBy({ input, objective, evidence, strata: group, of: stratum }) : own;
      return [stratum.cluster, own.by === undefined ? pooled : own];
    }),
  );
};

interface HealthyQuestion {
  readonly input: SequentialInput;
  readonly objective: Objective;
  readonly evidence: Evidence;
  readonly strata: readonly StratumCounts[];
  /** Whose requests must be enough. */
  readonly of: StratumCounts;
}

const clearedBy = ({ input, objective, evidence, strata, of }: HealthyQuestion): Cleared => {
  const { beta, minRequests, healthyBy } = input.settings;
  const kept = strata.map(({ cluster }) => evidence.strata[cluster] ?? noStratumEvidence);
  const phi = phiAt(kept, objective.edge);
  const newer = endedOf(sumTotals(kept.map(({ newBake }) => newBake)));
  const traffic = trafficOf(kept, Math.max(1, input.nowMs - Math.min(...strata.map(({ sinceMs }) => sinceMs))));
  const needed = Math.log(1 / beta);
  const comparison = {
    done: logBetter(bakeProfile(kept, objective), objective.grid, phi) / needed,
    wholeS: phi * clearS(traffic, { tolerance: toleranceOf(objective), beta }),
  };
  const kind = {
    done: logBelow(newer, objective.allowed, phi) / needed,
    wholeS: phi * keepS({ ...traffic, badRatio: ratioOf(newer) }, { allowed: objective.allowed, beta }),
  };
  const requests = endedOf((evidence.strata[of.cluster] ?? noStratumEvidence).newBake).total;
  const by = requests < minRequests ? undefined : shownBy({ comparison, objective: kind, healthyBy });
  const cleared = { comparison, objective: kind, traffic, healthyBy, requests, minRequests };
  return by === undefined ? cleared : { ...cleared, by };
};

const shownBy = ({
  comparison,
  objective,
  healthyBy,
}: Pick<Cleared, 'comparison' | 'objective' | 'healthyBy'>): Cleared['by'] => {
  if (comparison.done >= 1) return 'comparison';
  return healthyBy === 'either' && objective.done >= 1 ? 'objective' : undefined;
};

const bakeProfile = (kept: readonly StratumEvidence[], { edge }: Objective) =>
  sumProfiles(kept.map(({ comparisons }) => comparisons[edge]?.bake ?? []));

const toleranceOf = ({ grid }: Objective): number => Math.exp(grid.tilts[grid.tolerance] ?? 0);

const trafficOf = (kept: readonly StratumEvidence[], elapsedMs: number): Traffic => {
  const newer = endedOf(sumTotals(kept.map(({ newBake }) => newBake)));
  const older = endedOf(sumTotals(kept.map(({ oldBake }) => oldBake)));
  const total = newer.total + older.total;
  return {
    perSecond: (total * 1000) / elapsedMs,
    share: total === 0 ? 0 : newer.total / total,
    badRatio: older.total === 0 ? 0 : older.bad / older.total,
  };
};

const ratioOf = ({ total, bad }: Total = nothing): number => (total === 0 ? 0 : bad / total);

/** Seconds until healthy if traffic and ratios stay; null when that cannot be foreseen. */
export const healthyInS = ({
  by,
  comparison,
  objective,
  healthyBy,
  traffic,
  requests,
  minRequests,
}: Cleared): number | null => {
  if (by !== undefined) return 0;
  const rate = traffic.perSecond * traffic.share;
  if (!(rate > 0)) return null;
  const left = ({ done, wholeS }: Progress): number => wholeS * (1 - Math.min(0.95, Math.max(0, done)));
  const soonest = healthyBy === 'either' ? Math.min(left(comparison), left(objective)) : left(comparison);
  const wait = Math.max(soonest, (minRequests - requests) / rate);
  return Number.isFinite(wait) ? wait : null;
};
