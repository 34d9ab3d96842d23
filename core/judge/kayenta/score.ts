/** From metrics to one score of the canary, 0..100, and what it means. */
import type { Classification, MetricLabel } from './classify.ts';

export interface MetricResult extends Pick<Classification, 'label' | 'critical' | 'reason'> {
  readonly groups: readonly string[];
}

interface GroupScore {
  readonly name: string;
  /** Percent of the metrics with data that passed; 0 without any. */
  readonly score: number;
  readonly noData: boolean;
}

export interface CanaryScore {
  readonly score: number;
  /** Why the score is 0 whatever the groups say; '' otherwise. */
  readonly reason: string;
  readonly groups: readonly GroupScore[];
}

export interface ScoreThresholds {
  readonly pass: number;
  readonly marginal: number;
}

/** From this share of metrics without data on the canary fails, %. */
const TOO_MUCH_NODATA = 50;

/** `weights`: percent per group; a group that has none gets an equal share of what is left of 100. */
export const score = (
  results: readonly MetricResult[],
  weights: Readonly<Record<string, number>> = {},
): CanaryScore => {
  const names = [...new Set(results.flatMap((result) => result.groups))].sort();
  const groups = names.map((name) =>
    groupScore(
      name,
      results.filter((result) => result.groups.includes(name)),
    ),
  );
  const failed = results.find(({ critical, label }) => critical && label !== 'Pass');
  if (failed) return { score: 0, reason: `a critical metric failed: ${failed.reason}`, groups };
  const nodata = results.filter(({ label }) => label === 'Nodata').length;
  if ((100 * nodata) / results.length >= TOO_MUCH_NODATA) {
    return { score: 0, reason: `${TOO_MUCH_NODATA} % or more of the metrics have no data`, groups };
  }
  return { score: weightedSum(groups, weights), reason: '', groups };
};

export const classifyScore = (value: number, { pass, marginal }: ScoreThresholds): 'Pass' | 'Marginal' | 'Fail' =>
  value >= pass ? 'Pass' : value >= marginal ? 'Marginal' : 'Fail';

const groupScore = (name: string, results: readonly MetricResult[]): GroupScore => {
  const count = (...labels: readonly MetricLabel[]): number =>
    results.filter(({ label }) => labels.includes(label)).length;
  const counted = count('Pass', 'High', 'Low', 'NodataFailMetric');
  return { name, score: counted === 0 ? 0 : (100 * count('Pass')) / counted, noData: counted === 0 };
};

/** A group without data counts as passed: it says nothing against the canary. Two decimals, as Kayenta shows it. */
const weightedSum = (groups: readonly GroupScore[], weights: Readonly<Record<string, number>>): number => {
  const given = Object.values(weights).reduce((sum, weight) => sum + weight, 0);
  const unweighted = groups.filter(({ name }) => weights[name] === undefined).length;
  const sum = groups.reduce((total, { name, score: own, noData }) => {
    const weight = weights[name] ?? (100 - given) / unweighted;
    return total + (noData ? 100 : own) * (weight / 100);
  }, 0);
  return Math.round(sum * 100) / 100;
};
