/**
 * Do bad requests come one by one, or in bursts? A burst of five is one event, not five pieces of evidence. phi = E[B²]/E[B]
 * of the burst sizes B; 1 without bursts. A quasi-likelihood remedy (Wedderburn 1974), not a theorem: dividing a
 * ln-likelihood by phi >= 1 keeps the guarantee without bursts, and restores it with them as far as phi is right.
 */
import type { Total } from '../arms/arms.ts';

/** Sums over pairs of counts that should differ by chance only. */
export interface Dispersion {
  /** Squared differences, scaled to what chance makes of `events`. */
  readonly squares: number;
  readonly events: number;
  /** What chance makes of the variance of `squares`. */
  readonly variance: number;
}

export const noDispersion: Dispersion = { squares: 0, events: 0, variance: 0 };

/** Events of "no bursts" that are assumed before any is seen: one burst alone moves phi, a few single events do not. */
const PRIOR_EVENTS = 8;
/** Highest phi: an outage's first moment must not silence the judge for good. */
const MOST = 20;

/**
 * How much heavier the tail of burst sizes is than their variance says. Geometric sizes need a quarter more; the rest
 * is for what dozens of events do not tell about phi (docs/benchmarks/judge-aa.md, bursts at 5 requests/s).
 */
const HEAVY_TAIL = 2.4;

/** phi, 1..20; from a standard error below the estimate, since chance alone puts half of all estimates above 1. */
export const phiOf = ({ squares, events, variance }: Dispersion): number => {
  const phi = (squares + PRIOR_EVENTS - Math.sqrt(variance)) / (events + PRIOR_EVENTS);
  return Math.min(MOST, Math.max(1, 1 + HEAVY_TAIL * (phi - 1)));
};

export const plusDispersion = (a: Dispersion, b: Dispersion): Dispersion => ({
  squares: a.squares + b.squares,
  events: a.events + b.events,
  variance: a.variance + b.variance,
});

/**
 * The past weighs as much as this many events, or as this many of its usual steps where they have more: an old incident
 * of one pod must not blind the judge for long. Where many requests fail, a step says no more of phi than a few events
 * do, since it has as few pairs. Usual is the lower quartile, since an incident may last.
 */
const MOST_OF_THE_PAST = { events: 60, steps: 30 };

/** What the past says, to begin with. @param steps what `withCounts` adds, of times of about the same length, the empty ones too */
export const priorOf = (steps: readonly (readonly Total[])[]): Dispersion => {
  const each = steps.map((counts) => withCounts(noDispersion, counts));
  const { squares, events, variance } = each.reduce(plusDispersion, noDispersion);
  const usual = each.map((step) => step.events).sort((a, b) => a - b)[Math.floor(each.length / 4)] ?? 0;
  const most = Math.max(MOST_OF_THE_PAST.events, MOST_OF_THE_PAST.steps * usual);
  const part = Math.min(1, most / Math.max(1, events));
  return { squares: part * squares, events: part * events, variance: part ** 2 * variance };
};

/**
 * Adds what one arm saw in one stretch of time: its pods side by side, which share whatever happens to the arm as a whole;
 * with a single pod, its neighbouring intervals.
 */
export const withCounts = (before: Dispersion, counts: readonly Total[]): Dispersion => {
  let { squares, events, variance } = before;
  for (let i = 0; i + 1 < counts.length; i++) {
    const [a, b] = [counts[i], counts[i + 1]];
    if (a === undefined || b === undefined || a.total === 0 || b.total === 0) continue;
    const bad = a.bad + b.bad;
    // Var(x n' - x' n) = n n' (n + n') p for counts x of n and x' of n' with the same ratio p.
    const square = (a.bad * b.total - b.bad * a.total) ** 2 / (a.total * b.total);
    squares += Math.min(square, MOST * bad);
    events += bad;
    // A squared difference of Poisson counts with the mean m each has the variance 8 m² + 2 m; 2 m is about `bad`.
    variance += 2 * bad * Math.max(0, bad - 1);
  }
  return { squares, events, variance };
};
