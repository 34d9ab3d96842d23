/**
 * An e-value beyond what a breach needs is worth no more than the need itself: a look that may overshoot gives evidence
 * away. What it would give away on average is paid back beforehand, to every outcome alike (sequential boosting: Fischer
 * and Ramdas 2024, "Improving Wald's sequential probability ratio test by avoiding overshoot"). The e-value that is
 * cut at the need keeps expectation 1, so the chance of a false breach stays below alpha and the need comes sooner.
 */
import { chancesOf, type Table } from '../statistics/hypergeometric.ts';
import { logWorse, type Profile } from './profile.ts';
import type { Grid } from './tilts.ts';

/** ln of the most that is paid back in a whole rollout: where requests fail in bursts, chances are not what they seem. */
export const MOST_REFUND = Math.log(4);
/** From here on the need is so far that no look overshoots it, ln. */
const FARTHEST = Math.log(10_000);

export interface Stake {
  readonly whole: Profile;
  /** ln of what has been paid back so far. */
  readonly refund: number;
}

/**
 * ln of what has been paid back once a table is counted; known before the table's own split is.
 *
 * @param more the table's likelihood
 * @param enough ln of the e-value that is needed; Infinity: nothing is paid back
 */
export const refundOf = (
  { whole, refund }: Stake,
  { table, more, grid, enough }: { table: Table; more: Profile; grid: Grid; enough: number },
): number => {
  if (more.length === 0 || refund >= MOST_REFUND) return refund;
  const wealth = logWorse(whole, grid, 1);
  const room = enough - wealth - refund;
  if (room <= 0 || room > FARTHEST) return refund;
  const { low, chances } = chancesOf(table, grid.tilts[grid.margin] ?? 0);
  const growth = growthOf(whole, { more, grid, wealth, from: low - table.newBad, length: chances.length });
  return Math.min(MOST_REFUND, refund + Math.max(0, Math.log(factorOf(chances, growth, Math.exp(room)))));
};

interface Growth {
  readonly more: Profile;
  readonly grid: Grid;
  readonly wealth: number;
  /** First number of new bad requests, less the table's own. */
  readonly from: number;
  readonly length: number;
}

/** By what factor the e-value grows with each number of new bad requests; rising. */
const growthOf = (whole: Profile, { more, grid, wealth, from, length }: Growth): Float64Array => {
  const { tilts, margin, worsePrior } = grid;
  const growth = new Float64Array(length);
  const at = (profile: Profile, i: number): number => (profile[i] ?? 0) - (profile[margin] ?? 0);
  for (let i = margin + 1; i < tilts.length; i++) {
    const d = (tilts[i] ?? 0) - (tilts[margin] ?? 0);
    let part = Math.exp((worsePrior[i] ?? -Infinity) + at(whole, i) - wealth + at(more, i) + d * from);
    const odds = Math.exp(d);
    for (let x = 0; x < length; x++, part *= odds) growth[x] = (growth[x] ?? 0) + part;
  }
  return growth;
};

/** The factor b with Σ chance × min(b × growth, most) = 1: everything above `most` is cut, so b >= 1. */
const factorOf = (chances: readonly number[], growth: Float64Array, most: number): number => {
  let cut = 1;
  let kept = 0;
  for (let x = 0; x < chances.length; x++) {
    const [chance, factor] = [chances[x] ?? 0, growth[x] ?? 0];
    // With everything from x on cut, is x really above?
    const b = (1 - most * cut) / kept;
    if (b > 0 && b * factor >= most) return b;
    cut -= chance;
    kept += chance * factor;
  }
  return 1 / kept;
};
