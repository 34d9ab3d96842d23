/** Logarithms of the gamma function and its kin: every exact chance in this folder is a sum of these. */

const HALF_LOG_TWO_PI = 0.5 * Math.log(2 * Math.PI);

/** Below this Stirling's series is carried up by the recurrence; from here on its error is below 1e-16 relative. */
const STIRLING_FROM = 10;

/** ln Γ(x) for x > 0; NaN else. Stirling's series (Abramowitz and Stegun 6.1.41). */
export const logGamma = (x: number): number => {
  if (!(x > 0)) return Number.NaN;
  let shift = 1;
  let at = x;
  for (; at < STIRLING_FROM; at++) shift *= at;
  const inverse = 1 / at;
  const square = inverse * inverse;
  const series = inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188))));
  return (at - 0.5) * Math.log(at) - at + HALF_LOG_TWO_PI + series - (shift === 1 ? 0 : Math.log(shift));
};

const smallFactorials: readonly number[] = Array.from({ length: 171 }).reduce<number[]>(
  (logs, _, n) => [...logs, n === 0 ? 0 : (logs[n - 1] ?? 0) + Math.log(n)],
  [],
);

/** ln n! for whole n >= 0; a table where one is small. */
export const logFactorial = (n: number): number => smallFactorials[n] ?? logGamma(n + 1);

/** ln of the number of ways to choose k of n. */
export const logChoose = (n: number, k: number): number => logFactorial(n) - logFactorial(k) - logFactorial(n - k);

/** ln Σ exp(v), without overflow. -Infinity for an empty list. */
export const logSumExp = (values: readonly number[]): number => {
  const top = values.reduce((max, value) => Math.max(max, value), Number.NEGATIVE_INFINITY);
  if (!Number.isFinite(top)) return top;
  return top + Math.log(values.reduce((sum, value) => sum + Math.exp(value - top), 0));
};
