/** The ln-likelihood of every odds ratio of a grid, and the e-values that it holds. */
import { logMoments, type Table } from '../statistics/hypergeometric.ts';
import { logSumExp } from '../statistics/log-gamma.ts';
import type { Grid } from './tilts.ts';

/** By index of the grid's tilts: Σ over pairs of `d x - ln H(d)`; 0 at d = 0. Empty: no pair yet. */
export type Profile = readonly number[];

export const emptyProfile: Profile = [];

/** Digits that are kept, so that a state stays small in a heartbeat: a day of looks rounds off less than 0.01. */
const KEPT = 1e5;

/** What one table says; empty when it says nothing. */
export const likelihoodOf = (table: Table, grid: Grid): Profile =>
  table.newBad + table.oldBad === 0 || table.newTotal === 0 || table.oldTotal === 0
    ? emptyProfile
    : logMoments(table, grid.tilts).map((log, i) => (grid.tilts[i] ?? 0) * table.newBad - log);

export const plusProfile = (profile: Profile, more: Profile): Profile =>
  more.length === 0 ? profile : more.map((value, i) => rounded((profile[i] ?? 0) + value));

export const sumProfiles = (profiles: readonly Profile[]): Profile => {
  const filled = profiles.filter((profile) => profile.length > 0);
  return (filled[0] ?? []).map((_, i) => filled.reduce((sum, profile) => sum + (profile[i] ?? 0), 0));
};

/**
 * ln of the e-value against "no worse than the margin": a mixture of likelihood ratios over all higher odds ratios. phi
 * (>= 1) divides the likelihood where requests fail in bursts; that can raise no e-value by more than 1.
 */
export const logWorse = (profile: Profile, grid: Grid, phi: number): number =>
  logMixture(profile, { reference: grid.margin, prior: grid.worsePrior, phi });

/** ln of the e-value against "worse than tolerated, or as bad": large when the new version is shown to be no worse. */
export const logBetter = (profile: Profile, grid: Grid, phi: number): number =>
  logMixture(profile, { reference: grid.tolerance, prior: grid.betterPrior, phi });

interface Mixture {
  readonly reference: number;
  readonly prior: readonly number[];
  readonly phi: number;
}

const logMixture = (profile: Profile, { reference, prior, phi }: Mixture): number => {
  if (profile.length === 0) return 0;
  const base = profile[reference] ?? 0;
  return logSumExp(prior.map((weight, i) => weight + ((profile[i] ?? 0) - base) / phi));
};

/** Odds ratios that the counts do not exclude at 1 - alpha, valid at every look; 0 and Infinity: no bound yet. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** An odds ratio is excluded when the mixture over all of them is 1/alpha times as likely. */
export const oddsInterval = (
  profile: Profile,
  { grid, phi, alpha }: { grid: Grid; phi: number; alpha: number },
): Interval => {
  if (profile.length === 0) return { low: 0, high: Number.POSITIVE_INFINITY };
  const likelihoods = profile.map((value) => value / phi);
  const floor = logSumExp(likelihoods) - Math.log(likelihoods.length) + Math.log(alpha);
  const inside = likelihoods.map((value) => value >= floor);
  const first = inside.indexOf(true);
  const last = inside.lastIndexOf(true);
  return {
    low: first <= 0 ? 0 : Math.exp(crossing(grid, likelihoods, { out: first - 1, in: first, floor })),
    high:
      last === inside.length - 1
        ? Number.POSITIVE_INFINITY
        : Math.exp(crossing(grid, likelihoods, { out: last + 1, in: last, floor })),
  };
};

/** The likelihood is concave in d: a straight line between neighbours only widens the interval's inside by little. */
const crossing = (
  grid: Grid,
  likelihoods: readonly number[],
  at: { out: number; in: number; floor: number },
): number => {
  const [outer, inner] = [likelihoods[at.out] ?? 0, likelihoods[at.in] ?? 0];
  const [from, to] = [grid.tilts[at.out] ?? 0, grid.tilts[at.in] ?? 0];
  return inner === outer ? from : to + ((from - to) * (inner - at.floor)) / (inner - outer);
};

const rounded = (value: number): number => Math.round(value * KEPT) / KEPT;
