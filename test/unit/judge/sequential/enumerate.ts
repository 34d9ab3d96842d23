/** Every outcome of a few requests and its chance: expectations without a simulation. */
import { logChoose } from '../../../../core/judge/statistics/log-gamma.ts';
import {
  enoughOf,
  withStretch,
  type Objective,
  type StratumEvidence,
} from '../../../../core/judge/sequential/evidence.ts';

export interface Poll {
  readonly newTotal: number;
  readonly oldTotal: number;
  readonly newRatio: number;
  readonly oldRatio: number;
}

export interface Outcome {
  readonly newTotal: number;
  readonly oldTotal: number;
  readonly newBad: number;
  readonly oldBad: number;
}

export const binomial = (k: number, n: number, p: number): number =>
  Math.exp(logChoose(n, k) + (k === 0 ? 0 : k * Math.log(p)) + (k === n ? 0 : (n - k) * Math.log1p(-p)));

const outcomesOf = ({ newTotal, oldTotal, newRatio, oldRatio }: Poll): { outcome: Outcome; chance: number }[] =>
  Array.from({ length: newTotal + 1 }, (_, newBad) =>
    Array.from({ length: oldTotal + 1 }, (__, oldBad) => ({
      outcome: { newTotal, oldTotal, newBad, oldBad },
      chance: binomial(newBad, newTotal, newRatio) * binomial(oldBad, oldTotal, oldRatio),
    })),
  ).flat();

/** Expectation of what the two polls say together. */
export const expectationOf = (polls: readonly [Poll, Poll], value: (a: Outcome, b: Outcome) => number): number => {
  const [first, second] = [outcomesOf(polls[0]), outcomesOf(polls[1])];
  let sum = 0;
  for (const a of first) for (const b of second) sum += a.chance * b.chance * value(a.outcome, b.outcome);
  return sum;
};

/** The ratio whose odds are so many times those of p. */
export const withOdds = (p: number, odds: number): number => (odds * p) / (1 - p + odds * p);

/** About errors, as the judge makes it. */
export const objectiveOf = (of: Pick<Objective, 'grid' | 'allowed' | 'clusters' | 'alpha'>): Objective => ({
  ...of,
  edge: '',
  enough: enoughOf(of),
});

export const plusPoll = (
  before: StratumEvidence,
  objective: Objective,
  { newTotal, newBad, oldTotal, oldBad }: Outcome,
  toMs: number,
): StratumEvidence => {
  const older = { total: oldTotal, bad: oldBad };
  const own = { newer: { total: newTotal, bad: newBad }, kind: older, harsh: older, alike: [], unalike: [] };
  return withStretch(before, objective, { toMs, own, edges: { '': own } });
};
