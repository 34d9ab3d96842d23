/** One version against a fixed objective: e-values of a Bernoulli ratio, from two totals. Valid at every look. */
import type { Total } from '../arms/arms.ts';
import { logSumExp } from '../statistics/log-gamma.ts';

/** How much worse than allowed a ratio may be assumed, as odds ratios; equal prior weights. */
const WORSE = [1.5, 2, 3, 5, 10, 20, 50, 200];
/** How much better, as parts of the allowed ratio; 0: no bad request at all. */
const BETTER = [0, 0.05, 0.15, 0.3, 0.5, 0.7];

/** ln of the e-value against "at most `allowed` (0..1) of the requests are bad". */
export const logAbove = ({ total, bad }: Total, allowed: number, phi: number): number =>
  logSumExp(
    WORSE.map((odds) => {
      const ratio = (odds * allowed) / (1 - allowed + odds * allowed);
      return logRatio({ total, bad }, ratio, allowed) / phi;
    }),
  ) - Math.log(WORSE.length);

/** ln of the e-value against "more than `allowed` of the requests are bad, or as many". */
export const logBelow = ({ total, bad }: Total, allowed: number, phi: number): number =>
  logSumExp(BETTER.map((part) => logRatio({ total, bad }, part * allowed, allowed) / phi)) - Math.log(BETTER.length);

/** ln of the likelihood of a ratio over that of the allowed one. */
const logRatio = ({ total, bad }: Total, ratio: number, allowed: number): number =>
  (bad === 0 ? 0 : bad * Math.log(ratio / allowed)) + (total - bad) * (Math.log1p(-ratio) - Math.log1p(-allowed));
