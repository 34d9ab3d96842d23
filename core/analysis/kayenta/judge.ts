/**
 * The `kayenta` judge on our counts: a canary of one metric per cluster, the share of bad requests of the new version
 * against the old one's. Clusters are not pooled, since two with different shares and levels would differ by the mix
 * alone; with several, one more reading scores them together. Fail is a breach, Marginal is unknown.
 *
 * Otherwise than Kayenta, no data is unknown: it has no score, and never fails or passes.
 */
import type { SloReading } from '../../contract/activities.ts';
import type { KayentaSettings } from '../../contract/plan.ts';
import type { Judged, JudgeInput, StratumCounts } from '../judge.ts';
import { dataTrouble, readingOf, seenBy } from '../reading.ts';
import { seconds } from '../wording.ts';
import { judgeCanary } from './canary.ts';
import type { MetricLabel } from './classify.ts';
import { describeCanary } from './describe.ts';
import { addPoints, pointsWithData, seriesOf } from './points.ts';
import type { Points } from './points.ts';
import { classifyScore, score } from './score.ts';

type Input = JudgeInput<KayentaSettings>;
type Finding = Pick<SloReading, 'verdict' | 'reason'>;

interface ClusterState extends Points {
  /** Intervals that the last judgement saw; 0: none yet. */
  readonly judged: number;
  /** What it found; null: too few points. */
  readonly label: MetricLabel | null;
  readonly finding: Finding | null;
}

export interface KayentaState {
  readonly clusters: Readonly<Record<string, ClusterState>>;
}

/** Metric group that every metric here belongs to. */
const GROUP = 'slo';

const verdicts = { Pass: 'healthy', Marginal: 'unknown', Fail: 'breach' } as const;

/** One reading per stratum, and one over all of them when there are several. */
export const judgeKayenta = (input: Input, before: KayentaState | null): Judged<KayentaState> => {
  const judged = input.strata.map((stratum) => {
    const old = before?.clusters[stratum.cluster] ?? fresh(stratum.sinceMs);
    const state = input.providerError === undefined ? judgeIfDue(input, { stratum, before: old }) : old;
    return { cluster: stratum.cluster, state, reading: readStratum(input, stratum, state) };
  });
  const readings = judged.map(({ reading }) => reading);
  const states = judged.map(({ state }) => state);
  return {
    readings: judged.length > 1 ? [...readings, readAll(input, { readings, states })] : readings,
    state: { clusters: Object.fromEntries(judged.map(({ cluster, state }) => [cluster, state])) },
  };
};

const fresh = (originMs: number): ClusterState => ({
  originMs,
  closed: 0,
  kept: [],
  judged: 0,
  label: null,
  finding: null,
});

interface OneStratum {
  readonly stratum: StratumCounts;
  readonly before: ClusterState;
}

const judgeIfDue = (input: Input, { stratum, before }: OneStratum): ClusterState => {
  const { settings, nowMs, staleMs } = input;
  const points = addPoints(before, stratum, { nowMs, staleMs, intervalMs: settings.intervalMs });
  const state = { ...before, ...points };
  const due = (points.closed - before.judged) * settings.intervalMs >= settings.analysisIntervalMs;
  if (!due || stratum.oldVersion === '') return state;
  return { ...state, judged: points.closed, ...judgePoints(input, { stratum, points }) };
};

const judgePoints = (
  { slo, settings }: Input,
  { stratum, points }: { readonly stratum: StratumCounts; readonly points: Points },
): Pick<ClusterState, 'label' | 'finding'> => {
  const { minPoints, intervalMs, direction, nanStrategy, outliers, effectSize, scores } = settings;
  const enough = pointsWithData(points);
  const where = `${stratum.newVersion} and ${stratum.oldVersion} in ${stratum.cluster} ${seenBy(slo)}`;
  if (enough < minPoints) {
    const reason = `${enough} of the ${minPoints} points of ${seconds(intervalMs)} that are needed of ${where}`;
    return { label: null, finding: { verdict: 'unknown', reason } };
  }
  const series = seriesOf(points);
  const rules = { direction, nanStrategy, effectSize };
  const metric = { name: slo.name, groups: [GROUP], rules, cleaning: { nanStrategy, outliers }, ...series };
  const canary = judgeCanary({ metrics: [metric], groupWeights: {}, thresholds: scores });
  const label = canary.metrics[0]?.label ?? 'Error';
  const reason = describeCanary(canary, { stratum, slo, intervalMs, ...series });
  const known = label === 'Pass' || label === 'High' || label === 'Low';
  return { label, finding: { verdict: known ? verdicts[canary.classification] : 'unknown', reason } };
};

const readStratum = (input: Input, stratum: StratumCounts, state: ClusterState): SloReading =>
  readingOf(input.slo, { cluster: stratum.cluster, strata: [stratum], ...findingOf(input, stratum, state) });

const findingOf = (input: Input, stratum: StratumCounts, { finding, ...state }: ClusterState): Finding => {
  if (finding?.verdict === 'breach') return finding;
  const unknown = (reason: string): Finding => ({ verdict: 'unknown', reason });
  if (input.providerError !== undefined) return unknown(`the metrics provider failed: ${input.providerError}`);
  const where = `${stratum.newVersion} in ${stratum.cluster}`;
  if (stratum.oldVersion === '') return unknown(`there is no old version to compare ${where} with`);
  const trouble = dataTrouble(input, stratum) || oldTrouble(stratum);
  if (trouble !== '') return unknown(trouble);
  const { intervalMs, analysisIntervalMs } = input.settings;
  const nextMs = state.originMs + state.judged * intervalMs + analysisIntervalMs;
  return finding ?? unknown(`${where} is judged first in about ${seconds(nextMs - input.nowMs)}`);
};

const oldTrouble = ({ oldArm, oldVersion, cluster }: StratumCounts): string =>
  oldArm.problem || oldArm.missing || (oldArm.newestMs === null ? `no metrics of ${oldVersion} in ${cluster}` : '');

interface AllClusters {
  readonly readings: readonly SloReading[];
  readonly states: readonly ClusterState[];
}

/** All clusters as the metrics of one canary. Without a verdict on each there is no score. */
const readAll = (input: Input, { readings, states }: AllClusters): SloReading => {
  const reading = (found: Finding): SloReading =>
    readingOf(input.slo, { cluster: '*', strata: input.strata, ...found });
  const open = readings.find(({ verdict }) => verdict === 'unknown');
  if (open) {
    return reading({ verdict: 'unknown', reason: `not scored while ${open.cluster} is unknown: ${open.reason}` });
  }
  const results = states.map(({ label, finding }) => ({
    label: label ?? 'Nodata',
    critical: false,
    reason: finding?.reason ?? '',
    groups: [GROUP],
  }));
  const all = score(results).score;
  const { pass, marginal } = input.settings.scores;
  const verdict = verdicts[classifyScore(all, { pass, marginal })];
  const passed = results.filter(({ label }) => label === 'Pass').length;
  const reason = `${passed} of ${results.length} clusters pass: score ${all}, healthy from ${pass} on, a breach below ${marginal}`;
  return reading({ verdict, reason });
};
