/**
 * core/analysis/kayenta: what Kayenta's NetflixACAJudge-v1.0 would say. Rules from its Scala source and documents
 * (github.com/spinnaker/kayenta, docs/canary-config.md), written anew; where we differ the place says so.
 *
 *   Series ──clean──► points ──shiftBetween, effectSize──► classify ──► MetricResult[] ──score──► Pass | Marginal | Fail
 *   StratumCounts ──addPoints──► points of each arm ──judgeCanary──► SloReading[]        (judge.ts: Kayenta on our counts)
 *
 * A metric is two series of the same time, one value per interval; NaN where there was none. Looks are not corrected
 * for being repeated, and a point weighs the same whatever its requests: those are Kayenta's limits, kept as they are.
 * This folder knows no SLO but in judge.ts, uses no randomness, and decides nothing about traffic.
 */
import { classify } from './classify.ts';
import type { MetricRules } from './classify.ts';
import { clean } from './clean.ts';
import type { Cleaning } from './clean.ts';
import { classifyScore, score } from './score.ts';
import type { CanaryScore, ScoreThresholds } from './score.ts';

interface CanaryMetric {
  readonly name: string;
  readonly groups: readonly string[];
  /** Reported, but not counted in the score. */
  readonly muted?: boolean;
  readonly rules: MetricRules;
  readonly cleaning: Cleaning;
  readonly control: readonly number[];
  readonly experiment: readonly number[];
}

export interface Canary {
  readonly metrics: readonly CanaryMetric[];
  /** Percent of the whole per group; groups without one share what is left of 100. */
  readonly groupWeights: Readonly<Record<string, number>>;
  readonly thresholds: ScoreThresholds;
}

type MetricVerdict = ReturnType<typeof classify> & Pick<CanaryMetric, 'name' | 'groups'>;

export interface CanaryResult extends CanaryScore {
  readonly classification: ReturnType<typeof classifyScore>;
  readonly metrics: readonly MetricVerdict[];
}

export const judgeCanary = ({ metrics, groupWeights, thresholds }: Canary): CanaryResult => {
  const results = metrics.map(({ name, groups, muted = false, rules, cleaning, control, experiment }) => ({
    name,
    groups,
    muted,
    ...classify(rules, { name, control: clean(control, cleaning), experiment: clean(experiment, cleaning) }),
  }));
  const scored = score(
    results.filter(({ muted }) => !muted),
    groupWeights,
  );
  return { ...scored, classification: classifyScore(scored.score, thresholds), metrics: results };
};
