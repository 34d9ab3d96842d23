/**
 * Where a falling function crosses zero: the method of R. P. Brent, Algorithms for Minimization without Derivatives
 * (1973), chapter 4 ("zeroin"), as R's uniroot and Kayenta use it. Bisection, made faster by interpolation.
 */

/** Kayenta's, in units of the metric; R's wilcox.test has the same. Results below it are the search's, not the data's. */
const TOLERANCE = 1e-4;
const MAX_STEPS = 1_000;

interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Bracket {
  readonly low: number;
  readonly high: number;
}

export const searchRoot = (valueAt: (x: number) => number, { low, high }: Bracket): number => {
  let before: Point = { x: low, y: valueAt(low) };
  let best: Point = { x: high, y: valueAt(high) };
  /** The end on the other side of zero. */
  let across = before;
  if (before.y === 0) return low;
  for (let step = 0; step <= MAX_STEPS; step++) {
    const lastStep = best.x - before.x;
    if (Math.abs(across.y) < Math.abs(best.y)) [before, best, across] = [best, across, best];
    const tolerance = 2 * Number.EPSILON * Math.abs(best.x) + TOLERANCE / 2;
    const half = (across.x - best.x) / 2;
    if (Math.abs(half) <= tolerance || best.y === 0) return best.x;
    const wanted = interpolate({ before, best, across, lastStep, tolerance }) ?? half;
    const move = Math.abs(wanted) >= tolerance ? wanted : wanted > 0 ? tolerance : -tolerance;
    before = best;
    const x = best.x + move;
    best = { x, y: valueAt(x) };
    if (Math.sign(best.y) === Math.sign(across.y)) across = before;
  }
  return best.x;
};

interface Search {
  readonly before: Point;
  readonly best: Point;
  readonly across: Point;
  readonly lastStep: number;
  readonly tolerance: number;
}

/** A step by secant or inverse quadratic interpolation; undefined when it is no better than to bisect. */
const interpolate = ({ before, best, across, lastStep, tolerance }: Search): number | undefined => {
  if (Math.abs(lastStep) < tolerance || Math.abs(before.y) <= Math.abs(best.y)) return undefined;
  const width = across.x - best.x;
  const bestToBefore = best.y / before.y;
  let dividend: number;
  let divisor: number;
  if (before.x === across.x) {
    dividend = width * bestToBefore;
    divisor = 1 - bestToBefore;
  } else {
    const beforeToAcross = before.y / across.y;
    const bestToAcross = best.y / across.y;
    dividend =
      bestToBefore *
      (width * beforeToAcross * (beforeToAcross - bestToAcross) - (best.x - before.x) * (bestToAcross - 1));
    divisor = (beforeToAcross - 1) * (bestToAcross - 1) * (bestToBefore - 1);
  }
  if (dividend > 0) divisor = -divisor;
  else dividend = -dividend;
  const short = 0.75 * width * divisor - Math.abs(tolerance * divisor) / 2;
  return dividend < short && dividend < Math.abs((lastStep * divisor) / 2) ? dividend / divisor : undefined;
};
