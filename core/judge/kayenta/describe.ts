/** One judgement in one sentence, with the numbers that it rests on. */
import type { StratumCounts } from '../judge.ts';
import { seenBy } from '../reading.ts';
import type { Slo } from '../settings.ts';
import { percent, seconds } from '../wording.ts';
import type { Classification } from './classify.ts';
import type { Samples } from './mann-whitney.ts';

interface Described extends Samples {
  readonly stratum: StratumCounts;
  readonly slo: Slo;
  readonly intervalMs: number;
}

/** `v2 in aws fails 2 % and v1 0.4 % of requests on average of 10 points of 60 s …: High, shift 1.6 (…)`. */
export const describeMetric = ({ label, reason, shift }: Classification, of: Described): string => {
  const { stratum, slo, intervalMs, experiment, control } = of;
  const verb = slo.indicator.kind === 'errors' ? 'fails' : 'is too slow for';
  const points = experiment.filter((value) => !Number.isNaN(value)).length;
  const sides =
    `${stratum.newVersion} in ${stratum.cluster} ${verb} ${meanOf(experiment)} of requests, ` +
    `${stratum.oldVersion} ${meanOf(control)}, on average of ${points} points of ${seconds(intervalMs)} ${seenBy(slo)}`;
  const detail =
    shift === undefined
      ? reason
      : `shift ${rounded(shift.estimate)} percentage points, 98 % interval ${rounded(shift.low)} to ${rounded(shift.high)}`;
  return `${sides}: ${label}, ${detail}`;
};

const meanOf = (percents: readonly number[]): string => {
  const known = percents.filter((value) => !Number.isNaN(value));
  return percent(known.reduce((sum, value) => sum + value, 0) / known.length / 100);
};

const rounded = (value: number): string => `${Number(value.toPrecision(2))}`;
