/** How much two series differ, apart from whether the difference is chance. */
import type { Samples } from './mann-whitney.ts';

export type EffectMeasure = 'meanRatio' | 'cles';

/** NaN: there is no ratio to a mean of 0, and none of 0 to a mean. */
export const effectSize = (measure: EffectMeasure, samples: Samples): number =>
  measure === 'cles' ? commonLanguage(samples) : meanRatio(samples);

export const meanRatio = ({ control, experiment }: Samples): number => {
  const [from, to] = [mean(control), mean(experiment)];
  return from === 0 || to === 0 ? NaN : to / from;
};

/**
 * Chance that a value of the experiment is the higher one of a pair, ties half: 0.5 = no difference (A. Vargha and
 * H. D. Delaney, Journal of Educational and Behavioral Statistics 25, 2000).
 */
const commonLanguage = ({ control, experiment }: Samples): number => {
  let higher = 0;
  for (const mine of experiment) {
    for (const theirs of control) higher += mine > theirs ? 1 : mine === theirs ? 0.5 : 0;
  }
  return higher / (control.length * experiment.length);
};

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
