/** One metric of a canary: is the experiment higher or lower than the control, or neither, or not known. */
import { effectSize, meanRatio, type EffectMeasure } from './effect-size.ts';
import { confidence, shiftBetween, type Samples, type Shift } from './mann-whitney.ts';

/** NodataFailMetric: counts as failed. Error: nothing can be computed; it counts for nothing. */
export type MetricLabel = 'Pass' | 'High' | 'Low' | 'Nodata' | 'NodataFailMetric' | 'Error';

export interface MetricRules {
  readonly direction: 'increase' | 'decrease' | 'either';
  readonly nanStrategy: 'remove' | 'replace';
  /** A failure of this metric fails the canary. */
  readonly critical?: boolean;
  /** No data fails the metric. */
  readonly mustHaveData?: boolean;
  readonly effectSize: {
    readonly measure: EffectMeasure;
    readonly allowedIncrease?: number;
    readonly allowedDecrease?: number;
    /** What a critical metric must reach to fail the canary; an effect below that fails the metric alone. */
    readonly criticalIncrease?: number;
    readonly criticalDecrease?: number;
  };
  /** Part of the estimated shift that the interval must stay away from 0. Kayenta's judge: 0.25. */
  readonly tolerance?: number;
  /** Two-sided normal quantile of the interval. Kayenta's judge: 98 %. */
  readonly quantile?: number;
}

export interface Classification {
  readonly label: MetricLabel;
  /** A failure that fails the whole canary. */
  readonly critical: boolean;
  readonly reason: string;
  /** Mean of the experiment / mean of the control; NaN when one is 0. */
  readonly ratio: number;
  readonly shift?: Shift;
}

const KAYENTA_TOLERANCE = 0.25;
const NO_EFFECT = { meanRatio: 1, cles: 0.5 } as const;

export const classify = (
  rules: MetricRules,
  { name, ...samples }: Samples & { readonly name: string },
): Classification => {
  const { control, experiment } = samples;
  const { critical = false, mustHaveData = false } = rules;
  const alike = { critical: false, ratio: 1 };
  if (experiment.length === 0 || control.length === 0) {
    if (rules.nanStrategy === 'replace') return { ...alike, label: 'Pass', reason: `nothing happened in ${name}` };
    const fails = mustHaveData && !critical;
    return { ...alike, label: fails ? 'NodataFailMetric' : 'Nodata', critical, reason: `missing data for ${name}` };
  }
  if (sameValues(experiment, control)) return { ...alike, label: 'Pass', reason: 'both series are identical' };
  if (new Set([...experiment, ...control]).size === 1)
    return { ...alike, label: 'Pass', reason: 'all values are equal' };
  return compare(rules, { name, samples: spread(samples) });
};

const sameValues = (a: readonly number[], b: readonly number[]): boolean => {
  const sorted = b.toSorted((x, y) => x - y);
  return a.length === b.length && a.toSorted((x, y) => x - y).every((value, i) => value === sorted[i]);
};

/**
 * Two constants have no spread to test. Kayenta adds Gaussian noise of 1e-5 of the constant to each; random numbers
 * would make a verdict that cannot be told again, so ours are spread evenly, with the same mean and deviation.
 */
const spread = ({ control, experiment }: Samples): Samples => {
  if (new Set(control).size > 1 || new Set(experiment).size > 1) return { control, experiment };
  return { control: spreadOut(control), experiment: spreadOut(experiment) };
};

const SPREAD = 1e-5;

const spreadOut = (values: readonly number[]): readonly number[] =>
  values.map((value, i) => value * (1 + SPREAD * Math.sqrt(3) * ((2 * i + 1) / values.length - 1)));

const compare = (
  rules: MetricRules,
  { name, samples }: { readonly name: string; readonly samples: Samples },
): Classification => {
  const { direction, critical = false, tolerance = KAYENTA_TOLERANCE } = rules;
  const { measure, ...bounds } = rules.effectSize;
  const none: number = NO_EFFECT[measure];
  const ratio = meanRatio(samples);
  const shift = shiftBetween(samples, rules.quantile ?? confidence.of98);
  if (shift === undefined) return { label: 'Error', critical: false, reason: `${name} cannot be compared`, ratio };
  const effect = effectSize(measure, samples);
  // An effect that cannot be computed (a mean of 0) stands in nobody's way.
  const reaches = (least = none): boolean => Number.isNaN(effect) || effect >= least;
  const falls = (most = none): boolean => Number.isNaN(effect) || effect <= most;
  const failure = (label: 'High' | 'Low', fatal: boolean): Classification => {
    const reason = `${name} was classified as ${label}${fatal ? ' (critical)' : ''}`;
    return { label, critical: fatal, reason, ratio, shift };
  };
  const margin = tolerance * Math.abs(shift.estimate);
  if (direction !== 'decrease' && shift.low > margin && reaches(bounds.allowedIncrease)) {
    return failure('High', critical && reaches(bounds.criticalIncrease));
  }
  if (direction !== 'increase' && shift.high < -margin && falls(bounds.allowedDecrease)) {
    return failure('Low', critical && falls(bounds.criticalDecrease));
  }
  return { label: 'Pass', critical: false, reason: `${name} is as before`, ratio, shift };
};
