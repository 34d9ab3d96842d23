/**
 * The guarantee itself: under its null an e-value has expectation 1 at most, summed over every outcome of two polls. The
 * judge keeps five digits of each likelihood, which is what the tolerance is for.
 */
import { describe, expect, it } from '@jest/globals';
import {
  clusterPart,
  logEvidence,
  noStratumEvidence,
  withBake,
  withWindow,
  type Evidence,
  type LogEvidence,
  type Objective,
} from '../../../../core/judge/sequential/evidence.ts';
import { logAbove, logBelow } from '../../../../core/judge/sequential/one-arm.ts';
import {
  likelihoodOf,
  logBetter,
  logWorse,
  plusProfile,
  type Profile,
} from '../../../../core/judge/sequential/profile.ts';
import { createGrid } from '../../../../core/judge/sequential/tilts.ts';
import { binomial, expectationOf, objectiveOf, plusPoll, withOdds, type Outcome, type Poll } from './enumerate.ts';

const ONE = 1 + 1e-4;
const grid = createGrid({ margin: 1, tolerance: 1.5, expected: [{ part: 1, tilt: 1.6, sd: 1.1 }], points: 36 });
const withMargin = createGrid({
  margin: 1.1,
  tolerance: 1.25,
  expected: [{ part: 1, tilt: 0.4, sd: 1.2 }],
  points: 14,
});

/** A small share of many requests, then a large one of few, while requests fail more often: as a step does it. */
const pollsAt = (first: number, second: number, odds = 1): readonly [Poll, Poll] => [
  { newTotal: 2, oldTotal: 7, newRatio: withOdds(first, odds), oldRatio: first },
  { newTotal: 5, oldTotal: 3, newRatio: withOdds(second, odds), oldRatio: second },
];

const levels = [
  { first: 0.02, second: 0.02 },
  { first: 0.02, second: 0.4 },
  { first: 0.5, second: 0.1 },
];

const profileOf = (a: Outcome, b: Outcome, of = grid): Profile =>
  plusProfile(plusProfile([], likelihoodOf(a, of)), likelihoodOf(b, of));

describe('evidence that a version is worse', () => {
  it.each(levels)('has expectation 1 when it is not, at $first and then $second, with another share', (level) => {
    const mean = expectationOf(pollsAt(level.first, level.second), (a, b) =>
      Math.exp(logWorse(profileOf(a, b), grid, 1)),
    );
    expect(mean).toBeLessThanOrEqual(ONE);
    // Exact, not merely safe: what is given away is delay.
    expect(mean).toBeGreaterThan(1 - 1e-4);
  });

  it.each([0.5, 1, 1.1])('has expectation 1 at most at an odds ratio of %d, with a margin of 1.1', (odds) => {
    const mean = expectationOf(pollsAt(0.1, 0.3, odds), (a, b) =>
      Math.exp(logWorse(profileOf(a, b, withMargin), withMargin, 1)),
    );
    expect(mean).toBeLessThanOrEqual(ONE);
  });

  it('has it with any fixed divisor for bursts', () => {
    for (const phi of [1.3, 2, 5]) {
      const mean = expectationOf(pollsAt(0.1, 0.3), (a, b) => Math.exp(logWorse(profileOf(a, b), grid, phi)));
      expect(mean).toBeLessThanOrEqual(ONE);
    }
  });

  it('has more when it is worse: the enumeration can fail', () => {
    const mean = expectationOf(pollsAt(0.1, 0.3, 1.5), (a, b) => Math.exp(logWorse(profileOf(a, b), grid, 1)));
    expect(mean).toBeGreaterThan(1.1);
  });
});

describe('evidence that a version is no worse than tolerated', () => {
  it.each([
    { odds: 1.5, first: 0.02, second: 0.3 },
    { odds: 1.5, first: 0.4, second: 0.1 },
    { odds: 3, first: 0.1, second: 0.1 },
  ])('has expectation 1 at most at an odds ratio of $odds, at $first and then $second', ({ odds, first, second }) => {
    const mean = expectationOf(pollsAt(first, second, odds), (a, b) => Math.exp(logBetter(profileOf(a, b), grid, 1)));
    expect(mean).toBeLessThanOrEqual(ONE);
  });
});

describe('one version against its objective', () => {
  const meanOf = (ratio: number, log: (bad: number) => number): number =>
    Array.from({ length: 41 }, (_, bad) => binomial(bad, 40, ratio) * Math.exp(log(bad))).reduce((a, b) => a + b, 0);

  it.each([0.05, 0.02])('has expectation 1 at most for "above 5 %%" when %d are bad', (ratio) => {
    expect(meanOf(ratio, (bad) => logAbove({ total: 40, bad }, 0.05, 1))).toBeLessThanOrEqual(1 + 1e-12);
  });

  it.each([0.05, 0.2])('has expectation 1 at most for "below 5 %%" when %d are bad', (ratio) => {
    expect(meanOf(ratio, (bad) => logBelow({ total: 40, bad }, 0.05, 1))).toBeLessThanOrEqual(1 + 1e-12);
  });
});

describe('everything together', () => {
  const objectiveFor = (clusters: number): Objective => objectiveOf({ grid, allowed: 0.1, clusters, alpha: 0.01 });

  const begin = (objective: Objective): Evidence => withBake(null, objective, 0);
  const logOf = (evidence: Evidence, objective: Objective, strata: Evidence['strata']): LogEvidence =>
    logEvidence({ ...evidence, strata }, objective);

  it.each([
    { first: 0.1, second: 0.1 },
    { first: 0.02, second: 0.08 },
  ])('has expectation 1 at most in one cluster, at $first and then $second', ({ first, second }) => {
    const objective = objectiveFor(1);
    const mean = expectationOf(pollsAt(first, second), (a, b) => {
      const one = plusPoll(noStratumEvidence, objective, a, 1);
      return Math.exp(logOf(begin(objective), objective, { a: plusPoll(one, objective, b, 2) }).all);
    });
    expect(mean).toBeLessThanOrEqual(ONE);
  });

  it('has it over two clusters with levels and shares of their own, pooled and each by itself', () => {
    const objective = objectiveFor(3);
    const polls = pollsAt(0.02, 0.1);
    const logs = (a: Outcome, b: Outcome): LogEvidence =>
      logOf(begin(objective), objective, {
        a: plusPoll(noStratumEvidence, objective, a, 1),
        b: plusPoll(noStratumEvidence, objective, b, 1),
      });
    expect(expectationOf(polls, (a, b) => Math.exp(logs(a, b).all))).toBeLessThanOrEqual(ONE);
    expect(expectationOf(polls, (a, b) => Math.exp(logs(a, b).byCluster['a'] ?? 0))).toBeLessThanOrEqual(ONE);
    expect(expectationOf(polls, (a, b) => Math.exp(logs(a, b).byCluster['b'] ?? 0))).toBeLessThanOrEqual(ONE);
  });

  it('has it over windows, of which each bets a part of its own', () => {
    const objective = objectiveFor(1);
    const mean = expectationOf(pollsAt(0.05, 0.1), (a, b) => {
      const one = { ...begin(objective), strata: { a: plusPoll(noStratumEvidence, objective, a, 1) } };
      const next = withWindow(one, objective, 1);
      const after = next.strata['a'] ?? noStratumEvidence;
      return Math.exp(logOf(next, objective, { a: plusPoll(after, objective, b, 2) }).all);
    });
    expect(mean).toBeLessThanOrEqual(ONE);
  });

  it('has it when a second cluster is reached in a later window', () => {
    const objective = objectiveFor(2);
    const mean = expectationOf(pollsAt(0.05, 0.1), (a, b) => {
      const one = { ...begin(objective), strata: { a: plusPoll(noStratumEvidence, objective, a, 1) } };
      const next = withBake(one, objective, 1);
      return Math.exp(logOf(next, objective, { ...next.strata, b: plusPoll(noStratumEvidence, objective, b, 2) }).all);
    });
    expect(mean).toBeLessThanOrEqual(ONE);
  });
});

describe('what clusters may bet', () => {
  it.each([
    { first: [], of: 3 },
    { first: ['a'], of: 3 },
    { first: ['a', 'b'], of: 3 },
    { first: ['a'], of: 20 },
    { first: ['a', 'b', 'c'], of: 3 },
  ])('is 1 for all $of together when $first are reached first', ({ first, of }) => {
    const names = Array.from({ length: of }, (_, i) => String.fromCodePoint(97 + i));
    const parts = names.map((name) => clusterPart(name, { first, of }));
    expect(parts.reduce((sum, part) => sum + part, 0)).toBeCloseTo(1, 12);
    const [own = 0] = parts;
    expect(own).toBeGreaterThanOrEqual(1 / of);
    expect(own * first.length).toBeGreaterThanOrEqual(first.length === 0 ? 0 : 0.5);
  });

  it('keeps the expectation at 1 at most over a canary cluster and one that follows', () => {
    const objective = objectiveOf({ grid, allowed: 0.3, clusters: 3, alpha: 0.4 });
    const begin: Evidence = { ...withBake(null, objective, 0), first: ['a'] };
    const mean = expectationOf(pollsAt(0.1, 0.3), (a, b) => {
      const strata = {
        a: plusPoll(noStratumEvidence, { ...objective, enough: Infinity }, a, 1),
        b: plusPoll(noStratumEvidence, { ...objective, enough: Infinity }, b, 1),
      };
      return Math.exp(logEvidence({ ...begin, strata }, objective).all);
    });
    expect(mean).toBeLessThanOrEqual(ONE);
    expect(mean).toBeGreaterThan(0.95);
  });
});
