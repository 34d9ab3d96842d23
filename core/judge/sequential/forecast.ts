/**
 * What traffic can prove, and how long that takes: before a rollout (plan), and while one waits (ETA).
 *
 * Any test that cries wolf with a chance of at most alpha needs ln(1/alpha) / I on average (Wald 1945), where I is the
 * information per second that two arms give: R (w KL(p_new || p) + (1 - w) KL(p_old || p)) with the pooled ratio
 * p = w p_new + (1 - w) p_old. No test is faster; the sequential judge takes about 1.5 times as long.
 */

export interface Traffic {
  /** Requests per second of both arms together. */
  readonly perSecond: number;
  /** Part of them that goes to the new version, 0..1. */
  readonly share: number;
  /** Bad requests of the old version, 0..1. */
  readonly badRatio: number;
}

/** How much longer than Wald's bound the judge takes in the mean; docs/benchmarks/judge-delay.md has every cell. */
const OVER_BOUND = 1.5;

/** Kullback-Leibler divergence of two Bernoulli ratios, nat. */
const divergence = (p: number, q: number): number =>
  (p === 0 ? 0 : p * Math.log(p / q)) + (p === 1 ? 0 : (1 - p) * Math.log((1 - p) / (1 - q)));

/** nat per second that tell a new version with `ratio` times the bad requests from the old one. */
const informationPerSecond = ({ perSecond, share, badRatio }: Traffic, ratio: number): number => {
  const bad = Math.min(1, badRatio * ratio);
  const pooled = share * bad + (1 - share) * badRatio;
  if (!(pooled > 0 && pooled < 1)) return 0;
  return perSecond * (share * divergence(bad, pooled) + (1 - share) * divergence(badRatio, pooled));
};

/** Wald's bound for finding a regression, s; Infinity when it can never be found. */
export const boundS = (traffic: Traffic, { ratio, alpha }: { ratio: number; alpha: number }): number =>
  Math.log(1 / alpha) / informationPerSecond(traffic, ratio);

/** Time to find a regression, s. */
export const findS = (traffic: Traffic, of: { ratio: number; alpha: number }): number =>
  OVER_BOUND * boundS(traffic, of);

/** Time to show that a version as good as the old one is no worse than tolerated, s. */
export const clearS = (traffic: Traffic, { tolerance, beta }: { tolerance: number; beta: number }): number => {
  const { perSecond, share, badRatio } = traffic;
  // Under "as bad as tolerated" the same bad requests would fall on the new version more often.
  const leaning = (share * tolerance) / (1 - share + share * tolerance);
  if (share >= 1 || badRatio === 0) return Number.POSITIVE_INFINITY;
  return (OVER_BOUND * Math.log(1 / beta)) / (perSecond * badRatio * divergence(share, leaning));
};

/** Time to show that a version with `badRatio` keeps an objective that allows more, s; Infinity when it does not. */
export const keepS = (
  { perSecond, share, badRatio }: Traffic,
  { allowed, beta }: { allowed: number; beta: number },
): number =>
  badRatio >= allowed
    ? Number.POSITIVE_INFINITY
    : (OVER_BOUND * Math.log(1 / beta)) / (perSecond * share * divergence(badRatio, allowed));

/** Smallest regression that is found within the time, as a ratio; Infinity when none is. */
export const detectableRatio = (traffic: Traffic, { withinS, alpha }: { withinS: number; alpha: number }): number => {
  let [low, high] = [1, traffic.badRatio === 0 ? 1 : 1 / traffic.badRatio];
  if (!(findS(traffic, { ratio: high, alpha }) <= withinS)) return Number.POSITIVE_INFINITY;
  for (let i = 0; i < 40; i++) {
    const middle = Math.sqrt(low * high);
    if (findS(traffic, { ratio: middle, alpha }) <= withinS) high = middle;
    else low = middle;
  }
  return high;
};
