/** What is paid back for overshoot, summed over every outcome of two polls: all of it, and no more. */
import { describe, expect, it } from '@jest/globals';
import { chancesOf } from '../../../../core/judge/statistics/hypergeometric.ts';
import { logChoose } from '../../../../core/judge/statistics/log-gamma.ts';
import {
  logEvidence,
  noStratumEvidence,
  withBake,
  type Objective,
  type StratumEvidence,
} from '../../../../core/judge/sequential/evidence.ts';
import { MOST_REFUND, refundOf, type Stake } from '../../../../core/judge/sequential/overshoot.ts';
import { emptyProfile, likelihoodOf, logWorse, plusProfile } from '../../../../core/judge/sequential/profile.ts';
import { createGrid, type Grid } from '../../../../core/judge/sequential/tilts.ts';
import { expectationOf, objectiveOf, plusPoll, withOdds, type Outcome, type Poll } from './enumerate.ts';

/** The judge keeps five digits of each likelihood. */
const ROUNDING = 1e-4;
const grid = createGrid({ margin: 1, tolerance: 1.5, expected: [{ part: 1, tilt: 3, sd: 0.9 }], points: 36 });
const withMargin = createGrid({ margin: 1.5, tolerance: 2, expected: [{ part: 1, tilt: 3, sd: 0.9 }], points: 36 });

const pollsAt = (first: number, second: number, odds = 1): readonly [Poll, Poll] => [
  { newTotal: 3, oldTotal: 6, newRatio: withOdds(first, odds), oldRatio: first },
  { newTotal: 6, oldTotal: 3, newRatio: withOdds(second, odds), oldRatio: second },
];

interface Played {
  readonly enough: number;
  readonly of?: Grid;
  readonly paid?: boolean;
}

const before: Stake = { whole: emptyProfile, refund: 0 };

/** The e-value of both polls, which ends at the first that is enough. */
const play = (polls: readonly Outcome[], { enough, of = grid, paid = true }: Played): number => {
  let stake = before;
  for (const table of polls) {
    const more = likelihoodOf(table, of);
    const refund = paid ? refundOf(stake, { table, more, grid: of, enough }) : 0;
    stake = { whole: plusProfile(stake.whole, more), refund };
    const log = logWorse(stake.whole, of, 1) + stake.refund;
    if (log >= enough) return Math.exp(enough);
  }
  return Math.exp(logWorse(stake.whole, of, 1) + stake.refund);
};

describe('the chances of a split', () => {
  it.each([
    { newTotal: 3, oldTotal: 50, newBad: 1, oldBad: 4, odds: 1 },
    { newTotal: 40, oldTotal: 3, newBad: 5, oldBad: 2, odds: 1.5 },
    { newTotal: 4, oldTotal: 4, newBad: 4, oldBad: 3, odds: 0.5 },
    { newTotal: 900, oldTotal: 4_000, newBad: 30, oldBad: 120, odds: 2 },
  ])('are Fisher’s: $newBad of $newTotal and $oldBad of $oldTotal, odds $odds', ({ odds, ...table }) => {
    const bad = table.newBad + table.oldBad;
    const all = logChoose(table.newTotal + table.oldTotal, bad);
    const terms = Array.from({ length: bad + 1 }, (_, x) =>
      x > table.newTotal || bad - x > table.oldTotal
        ? 0
        : Math.exp(logChoose(table.newTotal, x) + logChoose(table.oldTotal, bad - x) - all) * odds ** x,
    );
    const sum = terms.reduce((a, b) => a + b, 0);
    const { low, chances } = chancesOf(table, Math.log(odds));
    terms.forEach((term, x) => expect(chances[x - low] ?? 0).toBeCloseTo(term / sum, 12));
  });
});

describe('what is paid back for overshoot', () => {
  const levels = [
    { first: 0.1, second: 0.1, enough: 1.5 },
    { first: 0.02, second: 0.4, enough: 2 },
    { first: 0.4, second: 0.1, enough: 3 },
  ];

  it.each(levels)('brings the cut e-value back to expectation 1: $first, then $second', (level) => {
    const enough = Math.log(level.enough);
    const polls = pollsAt(level.first, level.second);
    const cut = expectationOf(polls, (a, b) => play([a, b], { enough, paid: false }));
    const paid = expectationOf(polls, (a, b) => play([a, b], { enough }));
    expect(cut).toBeLessThan(0.99);
    expect(paid).toBeLessThanOrEqual(1 + ROUNDING);
    // Where the fourfold is the most that is paid back, a little is missing.
    expect(paid).toBeGreaterThan(0.99);
  });

  it.each([0.5, 1, 1.5])('has expectation 1 at most at an odds ratio of %d, with a margin of 1.5', (odds) => {
    const mean = expectationOf(pollsAt(0.1, 0.3, odds), (a, b) =>
      play([a, b], { enough: Math.log(2), of: withMargin }),
    );
    expect(mean).toBeLessThanOrEqual(1 + ROUNDING);
  });

  it('has more where the new version is worse: the enumeration can fail', () => {
    expect(expectationOf(pollsAt(0.1, 0.3, 1.5), (a, b) => play([a, b], { enough: Math.log(3) }))).toBeGreaterThan(1.1);
  });

  it('is nothing far from the need, behind it, and where edges share the evidence', () => {
    const table = { newTotal: 100, oldTotal: 900, newBad: 3, oldBad: 7 };
    const more = likelihoodOf(table, grid);
    for (const enough of [Infinity, Math.log(1e9), -1]) expect(refundOf(before, { table, more, grid, enough })).toBe(0);
    expect(refundOf(before, { table, more, grid, enough: 1 })).toBeGreaterThan(0);
  });

  it('is the fourfold at most in a whole rollout', () => {
    const table = { newTotal: 100_000, oldTotal: 100_000, newBad: 20_000, oldBad: 20_000 };
    const more = likelihoodOf(table, grid);
    expect(refundOf(before, { table, more, grid, enough: Math.log(100) })).toBe(MOST_REFUND);
  });
});

describe('a breach with it', () => {
  const objectiveFor = (clusters: number, alpha: number): Objective =>
    objectiveOf({ grid, allowed: 0.3, clusters, alpha });

  /** Of 1000 events; more squares than that are bursts. */
  const seenBefore = (squares: number): StratumEvidence => {
    const fresh = plusPoll(
      noStratumEvidence,
      objectiveFor(1, 0.5),
      { newTotal: 0, oldTotal: 1, newBad: 0, oldBad: 0 },
      1,
    );
    const comparison = fresh.comparisons[''];
    if (comparison === undefined) throw new Error('no comparison');
    const dispersion = { squares, events: 1_000, variance: 0 };
    return { ...fresh, comparisons: { '': { ...comparison, dispersion } } };
  };

  it.each([
    { alpha: 0.3, squares: 1_000 },
    { alpha: 0.5, squares: 1_000 },
    { alpha: 0.3, squares: 1_300 },
    { alpha: 0.5, squares: 2_000 },
  ])('is no more likely than alpha $alpha when both are alike, bursts or not ($squares)', ({ alpha, squares }) => {
    const objective = objectiveFor(1, alpha);
    const begin = withBake(null, objective, 0);
    const isBreach = (one: StratumEvidence): boolean =>
      logEvidence({ ...begin, strata: { a: one } }, objective).all >= Math.log(1 / alpha);
    const chance = expectationOf(pollsAt(0.1, 0.2), (a, b) => {
      const one = plusPoll(seenBefore(squares), objective, a, 2);
      return isBreach(one) || isBreach(plusPoll(one, objective, b, 3)) ? 1 : 0;
    });
    expect(chance).toBeLessThanOrEqual(alpha);
  });

  it('comes at one cluster’s need of two as well, with expectation 1 at most up to there', () => {
    const objective = objectiveFor(2, 0.4);
    const begin = withBake(null, objective, 0);
    const mean = expectationOf(pollsAt(0.1, 0.3), (a, b) => {
      const strata = {
        a: plusPoll(noStratumEvidence, objective, a, 1),
        b: plusPoll(noStratumEvidence, objective, b, 1),
      };
      return Math.min(1 / objective.alpha, Math.exp(logEvidence({ ...begin, strata }, objective).all));
    });
    expect(mean).toBeLessThanOrEqual(1 + ROUNDING);
    expect(mean).toBeGreaterThan(0.9);
  });
});
