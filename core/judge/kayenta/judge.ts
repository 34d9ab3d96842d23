/**
 * The `kayenta` judge on our counts. In each serving cluster the SLOs that it judges are the metrics of one canary: of each,
 * the share of bad requests of the new version against the old one's. Clusters are not pooled, since two with different
 * shares and levels would differ by the mix alone; with several, one more reading scores them together. Fail is a breach
 * of the SLOs that failed, Marginal is unknown.
 *
 * Otherwise than Kayenta, no data is unknown: it never fails a metric, and never passes a canary that needs it.
 *
 *   StratumCounts ─addPoints─► points of each arm ─clean─► classify ─► MetricResult[] ─score─► Pass | Marginal | Fail
 *
 * The other files are NetflixACAJudge-v1.0: rules from its Scala source and documents (github.com/spinnaker/kayenta,
 * docs/canary-config.md), written anew; where we differ the place says so. Looks are not corrected for being repeated,
 * and a point weighs the same whatever its requests: those are Kayenta's limits, kept as they are.
 */
import type { Judged, JudgeInput, StratumCounts } from '../judge.ts';
import { dataTrouble, readingOf, seenBy } from '../reading.ts';
import type { KayentaSettings } from '../settings.ts';
import type { SloReading } from '../slo-reading.ts';
import { seconds } from '../wording.ts';
import { classify, type MetricLabel } from './classify.ts';
import { clean } from './clean.ts';
import { describeMetric } from './describe.ts';
import { addPoints, pointsWithData, seriesOf, type Points } from './points.ts';
import { classifyScore, score, type MetricResult } from './score.ts';

type KayentaInput = JudgeInput<KayentaSettings>;

interface ClusterState extends Points {
  /** Intervals that the last judgement saw; 0: none yet. */
  readonly judged: number;
  /** What it found; null: too few points, or none yet. */
  readonly label: MetricLabel | null;
  /** The failure fails the whole canary. */
  readonly fatal: boolean;
  /** The finding in words; '' before the first judgement. */
  readonly found: string;
}

export interface KayentaState {
  readonly clusters: Readonly<Record<string, ClusterState>>;
}

/** Of an SLO that names no group of its own; no name that a user can write. */
const GROUP = '';

const verdicts = { Pass: 'healthy', Marginal: 'unknown', Fail: 'breach' } as const;

/** An SLO in a cluster. */
interface Metric {
  readonly input: KayentaInput;
  readonly stratum: StratumCounts;
  readonly state: ClusterState;
  /** Why the label cannot be used now; '' when it can. */
  readonly open: string;
}

/** One SLO by itself. */
export const judgeKayenta = (input: KayentaInput, before: KayentaState | null): Judged<KayentaState> =>
  judgeTogether([input], [before])[0] as Judged<KayentaState>;

/**
 * SLOs as the metrics of one canary per cluster; their strata are the same clusters in the same order, their settings the
 * same. Of each SLO: one reading per stratum, and one over all of them when there are several.
 */
export const judgeTogether = (
  inputs: readonly KayentaInput[],
  before: readonly (KayentaState | null)[],
): readonly Judged<KayentaState>[] => {
  const bySlo = inputs.map((input, i) => input.strata.map((stratum) => metricOf(input, stratum, before[i] ?? null)));
  const canaries = (inputs[0]?.strata ?? []).map((_, i) => scoreOf(bySlo.flatMap((metrics) => metrics[i] ?? [])));
  const readings = bySlo.map((metrics) => metrics.map((metric, i) => readMetric(metric, canaries[i] as Scored)));
  const whole = canaries.length > 1 ? scoreAll(bySlo, readings.flat()) : undefined;
  return bySlo.map((metrics, i) => ({
    readings: [...(readings[i] ?? []), ...(whole === undefined ? [] : [readAll(metrics, whole)])],
    state: { clusters: Object.fromEntries(metrics.map(({ stratum, state }) => [stratum.cluster, state])) },
  }));
};

const metricOf = (input: KayentaInput, stratum: StratumCounts, before: KayentaState | null): Metric => {
  const old = before?.clusters[stratum.cluster] ?? fresh(stratum.sinceMs);
  const state = input.providerError === undefined ? judgeIfDue(input, { stratum, before: old }) : old;
  return { input, stratum, state, open: whyOpen(input, stratum, state) };
};

const fresh = (originMs: number): ClusterState => ({
  originMs,
  closed: 0,
  kept: [],
  judged: 0,
  label: null,
  fatal: false,
  found: '',
});

interface OneStratum {
  readonly stratum: StratumCounts;
  readonly before: ClusterState;
}

const judgeIfDue = (input: KayentaInput, { stratum, before }: OneStratum): ClusterState => {
  const { settings, nowMs, staleMs } = input;
  const points = addPoints(before, stratum, { nowMs, staleMs, intervalMs: settings.intervalMs });
  const state = { ...before, ...points };
  const due = (points.closed - before.judged) * settings.intervalMs >= settings.analysisIntervalMs;
  if (!due || stratum.oldVersion === '') return state;
  return { ...state, judged: points.closed, ...judgePoints(input, { stratum, points }) };
};

const judgePoints = (
  { slo, settings }: KayentaInput,
  { stratum, points }: { readonly stratum: StratumCounts; readonly points: Points },
): Pick<ClusterState, 'label' | 'fatal' | 'found'> => {
  const { minPoints, intervalMs, direction, nanStrategy, outliers, effectSize } = settings;
  const enough = pointsWithData(points);
  if (enough < minPoints) {
    const where = `${stratum.newVersion} and ${stratum.oldVersion} in ${stratum.cluster} ${seenBy(slo)}`;
    const found = `${enough} of the ${minPoints} points of ${seconds(intervalMs)} that are needed of ${where}`;
    return { label: null, fatal: false, found };
  }
  const series = seriesOf(points);
  const cleaning = { nanStrategy, outliers };
  const result = classify(
    { direction, nanStrategy, effectSize, critical: slo.kayenta?.critical ?? false },
    { name: slo.name, control: clean(series.control, cleaning), experiment: clean(series.experiment, cleaning) },
  );
  const found = describeMetric(result, { stratum, slo, intervalMs, ...series });
  return { label: result.label, fatal: result.critical, found };
};

const isFailure = (state: ClusterState): state is ClusterState & { readonly label: 'High' | 'Low' } =>
  state.label === 'High' || state.label === 'Low';
const isJudged = (state: ClusterState): boolean => state.label === 'Pass' || isFailure(state);

const whyOpen = (input: KayentaInput, stratum: StratumCounts, state: ClusterState): string => {
  if (input.providerError !== undefined) return `the metrics provider failed: ${input.providerError}`;
  const where = `${stratum.newVersion} in ${stratum.cluster}`;
  if (stratum.oldVersion === '') return `there is no old version to compare ${where} with`;
  const trouble = dataTrouble(input, stratum) || oldTrouble(stratum);
  if (trouble !== '') return trouble;
  if (isJudged(state)) return '';
  const { intervalMs, analysisIntervalMs } = input.settings;
  const nextMs = state.originMs + state.judged * intervalMs + analysisIntervalMs;
  return state.found || `${where} is judged first in about ${seconds(nextMs - input.nowMs)}`;
};

const oldTrouble = ({ oldArm, oldVersion, cluster }: StratumCounts): string =>
  oldArm.problem || oldArm.missing || (oldArm.newestMs === null ? `no metrics of ${oldVersion} in ${cluster}` : '');

/** What a canary comes to; a reason why it has no score. */
type Scored =
  { readonly classification: keyof typeof verdicts; readonly score: number } | { readonly unscored: string };

/** What is not known to fail may pass. */
const resultOf = ({ input, state }: Metric): MetricResult => ({
  label: isFailure(state) ? state.label : 'Pass',
  critical: state.fatal && isFailure(state),
  reason: state.found,
  groups: input.slo.kayenta?.groups ?? [GROUP],
});

/** A Fail stays one when numbers go missing: it is one whatever the open metrics will say. */
const scoreOf = (metrics: readonly Metric[]): Scored => {
  const atBest = classified(metrics);
  if (atBest.classification === 'Fail') return atBest;
  const open = metrics.find((metric) => metric.open !== '' && !isExcused(metric));
  if (open) return { unscored: `${open.input.slo.name} is open: ${open.open}` };
  const counted = metrics.filter((metric) => metric.open === '');
  return counted.length === 0 ? { unscored: 'no SLO has data' } : classified(counted);
};

const classified = (metrics: readonly Metric[]) => {
  const [{ input }] = metrics as [Metric];
  const { scores, groupWeights = {} } = input.settings;
  const results = metrics.map(resultOf);
  const found = score(results, weightsOf(results, groupWeights));
  // A critical failure, whatever the thresholds.
  const classification = found.reason === '' ? classifyScore(found.score, scores) : 'Fail';
  return { classification, score: found.score } as const;
};

/** Not one request of the new version was counted, and it need not be. Old numbers, broken ones and too few are data. */
const isExcused = ({ input, stratum, state }: Metric): boolean =>
  input.slo.kayenta?.mustHaveData === false &&
  input.providerError === undefined &&
  stratum.newArm.problem === '' &&
  stratum.newWhole.total === 0 &&
  state.label === null;

/** Weights of the groups that are there: what an absent group would have had is not lost to the score. */
const weightsOf = (
  results: readonly MetricResult[],
  groupWeights: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> => {
  const groups = [...new Set(results.flatMap((result) => result.groups))];
  const weighted = groups.flatMap((group): [string, number][] => {
    const weight = groupWeights[group];
    return weight === undefined ? [] : [[group, weight]];
  });
  const whole = weighted.length === groups.length ? weighted.reduce((sum, [, weight]) => sum + weight, 0) : 100;
  return Object.fromEntries(weighted.map(([group, weight]) => [group, (100 * weight) / whole]));
};

const readMetric = (metric: Metric, canary: Scored): SloReading => {
  const { input, stratum, state, open } = metric;
  const reading = (verdict: SloReading['verdict'], reason: string): SloReading =>
    readingOf(input.slo, { cluster: stratum.cluster, strata: [stratum], verdict, reason });
  if ('unscored' in canary) {
    if (open !== '') return reading('unknown', open);
    return isFailure(state)
      ? reading('unknown', `${state.found}, not scored while ${canary.unscored}`)
      : reading('healthy', state.found);
  }
  const { classification } = canary;
  const score = `score ${canary.score} (${classification})`;
  if (isFailure(state) && classification === 'Fail') return reading('breach', `${state.found}, ${score}`);
  if (open !== '') {
    const counts = !isExcused(metric) || classification === 'Fail';
    return counts ? reading('unknown', open) : reading('healthy', `${open}; mustHaveData is false, ${score}`);
  }
  return reading(isFailure(state) ? verdicts[classification] : 'healthy', `${state.found}, ${score}`);
};

/** All clusters as the metrics of one canary. Without a verdict on each there is no score. */
const scoreAll = (bySlo: readonly (readonly Metric[])[], readings: readonly SloReading[]): Whole => {
  const unscored = (why: string): Whole => ({ verdict: 'unknown', reason: `not scored while ${why}`, scored: false });
  const open = readings.find(({ verdict }) => verdict === 'unknown');
  if (open) return unscored(`${open.cluster} is unknown: ${open.reason}`);
  const all = bySlo.flat();
  const canary = scoreOf(all);
  if ('unscored' in canary) return unscored(canary.unscored);
  const [{ input }] = all as [Metric];
  const { pass, marginal } = input.settings.scores;
  const passed = all.filter(({ state }) => state.label === 'Pass').length;
  const what = bySlo.length === 1 ? 'clusters' : `metrics in ${input.strata.length} clusters`;
  const reason = `${passed} of ${all.length} ${what} pass: score ${canary.score}, healthy from ${pass} on, a breach below ${marginal}`;
  return { verdict: verdicts[canary.classification], reason, scored: true };
};

interface Whole extends Pick<SloReading, 'verdict' | 'reason'> {
  readonly scored: boolean;
}

const readAll = (own: readonly Metric[], { verdict, reason, scored }: Whole): SloReading => {
  const [{ input }] = own as [Metric];
  const fails = own.some(({ state }) => isFailure(state));
  const parts = { cluster: '*', strata: input.strata, reason };
  return readingOf(input.slo, { ...parts, verdict: scored && !fails ? 'healthy' : verdict });
};
