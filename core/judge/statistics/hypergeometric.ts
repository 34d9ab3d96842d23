/**
 * The log-moment function of the hypergeometric law, which says how bad requests fall on two arms that are alike.
 *
 *   H(d) = Σ_x C(n_new, x) C(n_old, E - x) e^{dx} / C(N, E)        E bad of N = n_new + n_old requests, x of them new
 *
 * `d x - ln H(d)` is the log-likelihood of an odds ratio e^d given the totals (Fisher's noncentral hypergeometric law):
 * it needs no error level, no traffic mix and no share.
 */
import { logFactorial } from './log-gamma.ts';

/** One comparison of two arms over the same time. Whole numbers; bad counts both arms. */
export interface Table {
  readonly newTotal: number;
  readonly oldTotal: number;
  readonly newBad: number;
  readonly oldBad: number;
}

/** Terms below this part of the sum are left out: a day of looks adds up to less than 1e-9. */
const NEGLIGIBLE = 1e-14;

/**
 * ln H(d) for tilts in rising order, exact. Each sum starts at its largest term and ends where terms vanish, so that it
 * costs some 15 standard deviations of terms; the largest terms of neighbouring tilts lie side by side.
 */
export const logMoments = (table: Table, tilts: readonly number[]): number[] => {
  const { newTotal, oldTotal } = table;
  const bad = table.newBad + table.oldBad;
  if (bad === 0 || newTotal === 0) return tilts.map(() => 0);
  if (oldTotal === 0) return tilts.map((d) => d * bad);
  const rest = oldTotal - bad;
  const low = Math.max(0, -rest);
  const high = Math.min(bad, newTotal);
  const ratios = new Float64Array(high - low);
  const split = { newTotal, bad, rest };
  for (let x = low; x < high; x++) ratios[x - low] = nextRatio(split, x);
  if (isShort(ratios, tilts)) return shortSums(ratios, tilts).map((log, i) => (tilts[i] ?? 0) * low + log);
  let mode = low;
  let logTop: number | undefined;
  return tilts.map((d) => {
    if (d === 0) return 0;
    const odds = Math.exp(d);
    const wanted = Math.min(high, Math.max(low, Math.ceil(modeRoot({ newTotal, bad, rest, odds }))));
    logTop =
      logTop === undefined
        ? logTerm({ newTotal, oldTotal, bad, x: wanted })
        : logTop + logProduct(ratios, mode - low, wanted - low);
    mode = wanted;
    return logTop + d * mode + Math.log(sumAround(ratios, mode - low, odds));
  });
};

export const logMoment = (table: Table, d: number): number => logMoments(table, [d])[0] ?? 0;

/** Sums of so few terms are taken as a whole: a look at rare errors is one of these. */
const SHORT = 40;
/** ln of the largest term that is still far from overflow. */
const LARGEST_LOG = 600;

/** The first ratio is the largest; so is the last tilt. */
const isShort = (ratios: Float64Array, tilts: readonly number[]): boolean =>
  ratios.length <= SHORT &&
  ratios.length * Math.max(0, Math.log(ratios[0] ?? 1) + Math.max(0, tilts.at(-1) ?? 0)) < LARGEST_LOG;

/** ln of Σ terms(d) / Σ terms(0), both relative to the lowest term, which is 1: a polynomial in the odds. */
const shortSums = (ratios: Float64Array, tilts: readonly number[]): number[] => {
  const terms = new Float64Array(ratios.length + 1);
  let all = 1;
  terms[0] = 1;
  for (let i = 0; i < ratios.length; i++) {
    terms[i + 1] = (terms[i] ?? 0) * (ratios[i] ?? 0);
    all += terms[i + 1] ?? 0;
  }
  return tilts.map((d) => {
    if (d === 0) return 0;
    const odds = Math.exp(d);
    let sum = 0;
    for (let i = ratios.length; i >= 0; i--) sum = sum * odds + (terms[i] ?? 0);
    return Math.log(sum / all);
  });
};

/** Σ of terms relative to the one at `mode`, outward on both sides. */
const sumAround = (ratios: Float64Array, mode: number, odds: number): number => {
  let sum = 1;
  for (let i = mode, term = 1; i < ratios.length; i++) {
    term *= (ratios[i] ?? 0) * odds;
    sum += term;
    if (term < NEGLIGIBLE * sum) break;
  }
  for (let i = mode - 1, term = 1; i >= 0; i--) {
    term /= (ratios[i] ?? 1) * odds;
    sum += term;
    if (term < NEGLIGIBLE * sum) break;
  }
  return sum;
};

/** ln of the product of ratios from one term to a later one; taken in parts, so that none overflows. */
const logProduct = (ratios: Float64Array, from: number, to: number): number => {
  let log = 0;
  let product = 1;
  for (let i = from; i < to; i++) {
    product *= ratios[i] ?? 1;
    if (product > 1e200 || product < 1e-200) {
      log += Math.log(product);
      product = 1;
    }
  }
  return log + Math.log(product);
};

/** Of the `chances` below this part of their sum are left out: what they could carry is e^room times as much at most. */
const NO_CHANCE = 1e-18;

/** How likely each number of new ones among the bad is, at an odds ratio e^d: from `low` on, one by one. */
export const chancesOf = (
  { newTotal, oldTotal, newBad, oldBad }: Table,
  d: number,
): { readonly low: number; readonly chances: readonly number[] } => {
  const bad = newBad + oldBad;
  const rest = oldTotal - bad;
  const odds = Math.exp(d);
  const [least, most] = [Math.max(0, -rest), Math.min(bad, newTotal)];
  const mode = Math.min(most, Math.max(least, Math.ceil(modeRoot({ newTotal, bad, rest, odds }))));
  const split = { newTotal, bad, rest };
  const ratio = (x: number): number => odds * nextRatio(split, x);
  const above: number[] = [];
  let sum = 1;
  for (let x = mode, term = 1; x < most && term > NO_CHANCE * sum; x++) {
    term *= ratio(x);
    sum += term;
    above.push(term);
  }
  const below: number[] = [];
  for (let x = mode - 1, term = 1; x >= least && term > NO_CHANCE * sum; x--) {
    term /= ratio(x);
    sum += term;
    below.push(term);
  }
  return { low: mode - below.length, chances: [...below.reverse(), 1, ...above].map((term) => term / sum) };
};

/** The term of x + 1 over that of x, at odds of 1. */
const nextRatio = ({ newTotal, bad, rest }: { newTotal: number; bad: number; rest: number }, x: number): number =>
  ((newTotal - x) * (bad - x)) / ((x + 1) * (rest + x + 1));

/** Where neighbouring terms are equal: (n - x)(E - x) odds = (x + 1)(rest + x + 1). */
const modeRoot = (of: { newTotal: number; bad: number; rest: number; odds: number }): number => {
  const a = of.odds - 1;
  const b = of.odds * (of.newTotal + of.bad) + of.rest + 2;
  const c = of.odds * of.newTotal * of.bad - (of.rest + 1);
  return (2 * c) / (b + Math.sqrt(Math.max(0, b * b - 4 * a * c)));
};

/** ln of the chance that x of the bad are new when the arms are alike. */
const logTerm = (of: { newTotal: number; oldTotal: number; bad: number; x: number }): number => {
  const { newTotal, oldTotal, bad, x } = of;
  return (
    logFactorial(newTotal) +
    logFactorial(oldTotal) +
    logFactorial(bad) +
    logFactorial(newTotal + oldTotal - bad) -
    logFactorial(newTotal + oldTotal) -
    logFactorial(x) -
    logFactorial(newTotal - x) -
    logFactorial(bad - x) -
    logFactorial(oldTotal - bad + x)
  );
};

/**
 * An upper bound of ln H(d) for d > 0 from four numbers (Hoeffding 1963: sampling without replacement is dominated by
 * sampling with it). Tight when bad requests are rare: forecasts use it, verdicts the exact form.
 */
export const logMomentBound = ({ newTotal, oldTotal, newBad, oldBad }: Table, d: number): number => {
  const total = newTotal + oldTotal;
  return total === 0 ? 0 : (newBad + oldBad) * Math.log1p((newTotal / total) * Math.expm1(d));
};
