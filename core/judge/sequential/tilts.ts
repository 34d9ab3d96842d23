/**
 * core/judge/sequential: is the new version worse than the one it replaces, at a chance of a false alarm that holds
 * however often one looks?
 *
 *   Arm[] ──pairArms──► Pair ──withPair──► Profile (ln-likelihood per odds ratio) ──logWorse, logBetter──► e-values ──► verdict
 *
 * Each pair compares both versions over the same time, given how many requests failed in all: the error level, the mix
 * of traffic and the share drop out, so a shared outage or a new share is no evidence. An e-value has expectation <= 1
 * under its null, whenever one looks; P(it ever exceeds 1/alpha) <= alpha (Ville 1939). State is plain JSON of a size that does
 * not grow with time. Nothing here reads a clock, asks a backend or decides about traffic.
 */

/** Odds ratios e^d that are compared, as d, in rising order; 0 and the two reference points are among them. */
export interface Grid {
  readonly tilts: readonly number[];
  /** Index of ln(margin): "worse" means a higher odds ratio than this. */
  readonly margin: number;
  /** Index of ln(tolerance): "no worse than tolerated" means a lower one than this. */
  readonly tolerance: number;
  /** ln of the prior weights of the tilts above the margin, by index; -Infinity elsewhere. Their sum is 1. */
  readonly worsePrior: readonly number[];
  /** The same below the tolerance, around "no difference". */
  readonly betterPrior: readonly number[];
}

export interface GridOptions {
  /** Odds ratio up to which a difference is nobody's business; 1 = none. */
  readonly margin: number;
  /** Odds ratio that must be excluded before a version is called healthy; > 1. */
  readonly tolerance: number;
  /** What a worse version is expected to be like: see Expectation. */
  readonly expected: readonly Expectation[];
  /** Tilts above 0; errors need a fine grid, each edge of a histogram a coarse one. */
  readonly points: number;
}

/** Smallest and largest tilt: a ratio of 1.1 is not worth finding sooner, one of 64 is found at once anyway. */
const SMALLEST = Math.log(1.1);
const LARGEST = Math.log(64);
/** … and the lowest ratio that the interval can show: 1/16. */
const LOWEST = -Math.log(16);
/** Width of the prior around "no difference" for "no worse than tolerated". */
const ALIKE_SD = 0.25;
/** Tolerances of Services that name none. */
export const defaultTolerances = { errors: 1.5, latency: 1.25 } as const;

/** The prior of "worse" is a sum of lognormal laws of the tilt. */
export interface Expectation {
  /** Its part of the prior, 0..1. */
  readonly part: number;
  /** Median tilt. */
  readonly tilt: number;
  /** Standard deviation of its logarithm. */
  readonly sd: number;
}

export const createGrid = ({ margin, tolerance, expected, points }: GridOptions): Grid => {
  const up = spaced(SMALLEST, LARGEST, points);
  const down = spaced(SMALLEST, -LOWEST, Math.ceil(points / 3)).map((d) => -d);
  const references = [0, Math.log(margin), Math.log(tolerance)];
  const tilts = [...new Set([...up, ...down, ...references])].sort((a, b) => a - b);
  const marginAt = tilts.indexOf(Math.log(margin));
  const toleranceAt = tilts.indexOf(Math.log(tolerance));
  return {
    tilts,
    margin: marginAt,
    tolerance: toleranceAt,
    worsePrior: normalised(
      tilts.map((d, i) =>
        i > marginAt ? (width(tilts, i) / d) * expected.reduce((sum, one) => sum + densityOf(one, d), 0) : 0,
      ),
    ),
    betterPrior: normalised(
      tilts.map((d, i) => (i < toleranceAt ? width(tilts, i) * Math.exp(-0.5 * (d / ALIKE_SD) ** 2) : 0)),
    ),
  };
};

const densityOf = ({ part, tilt, sd }: Expectation, d: number): number =>
  (part / sd) * Math.exp(-0.5 * (Math.log(d / tilt) / sd) ** 2);

/** Geometrically spaced: a likelihood is as wide, relative to its tilt, for small and large ones. */
const spaced = (from: number, to: number, points: number): number[] =>
  Array.from({ length: points }, (_, i) => from * (to / from) ** (i / (points - 1)));

const width = (tilts: readonly number[], i: number): number =>
  ((tilts[i + 1] ?? tilts[i] ?? 0) - (tilts[i - 1] ?? tilts[i] ?? 0)) / 2;

const normalised = (weights: readonly number[]): number[] => {
  const sum = weights.reduce((all, weight) => all + weight, 0);
  return weights.map((weight) => Math.log(weight / sum));
};
