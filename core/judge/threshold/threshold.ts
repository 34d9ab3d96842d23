/**
 * The `threshold` judge: is an absolute objective broken, kept, or not known to be either. With limits, and `alpha: 1`,
 * it counts failed checks as Flagger and Argo Rollouts do; without them the first look that breaks it is a breach.
 */
import { refuse } from '../../values/error.ts';
import { endedOf, sumCells } from '../arms/arms.ts';
import type { Judged, JudgeInput, StratumCounts } from '../judge.ts';
import { dataTrouble, failed, readingOf, seenBy } from '../reading.ts';
import type { JudgeSettings, ThresholdSettings } from '../settings.ts';
import type { SloReading } from '../slo-reading.ts';
import { ofTotal, percent, seconds } from '../wording.ts';
import { findBreach } from './threshold-breach.ts';
import {
  countMeasurement,
  exceeds,
  isDue,
  noMeasurements,
  tallyOf,
  type Measurement,
  type Tally,
  type ThresholdState,
} from './threshold-tally.ts';

type ThresholdInput = JudgeInput<ThresholdSettings>;

export const asThreshold = (settings: JudgeSettings): ThresholdSettings => {
  if (settings.type === undefined || settings.type === 'threshold') return settings;
  refuse('Invalid', `the judge ${settings.type} is no threshold judge`, 'write judge: {type: threshold}');
};

/** One reading per stratum, and one over all of them when there are several. */
export const judgeThreshold = (input: ThresholdInput, before: ThresholdState | null): Judged<ThresholdState> => {
  const state = before ?? noMeasurements;
  if (input.providerError !== undefined) return withoutAnswer(input, state, input.providerError);
  const { settings, strata, nowMs } = input;
  const due = isDue(settings, state, { nowMs, sinceMs: Math.min(...strata.map(({ sinceMs }) => sinceMs)) });
  const measured = strata.map((stratum) => measureStratum(input, { stratum, state, due }));
  const readings = measured.map(({ reading }) => reading);
  const pooled = strata.length > 1 ? [measurePooled(input, { readings, state, due })] : [];
  const all = [...measured, ...pooled];
  return {
    readings: all.map(({ reading }) => reading),
    state: {
      measuredAtMs: due ? nowMs : state.measuredAtMs,
      errors: 0,
      tallies: Object.fromEntries(all.map(({ reading, tally }) => [reading.cluster, tally])),
    },
    ...(all.some(({ tally }) => exceeds(tally.inconclusive, settings.inconclusiveLimit)) ? { ends: true } : {}),
  };
};

/** The provider failed: nothing is measured, nothing is a breach, and the next look measures again. */
const withoutAnswer = (
  { slo, settings, strata }: ThresholdInput,
  before: ThresholdState,
  error: string,
): Judged<ThresholdState> => {
  const state = { ...before, errors: before.errors + 1 };
  const limit = settings.consecutiveErrorLimit;
  const ends = exceeds(state.errors, limit);
  const reason =
    `the metrics provider failed ${state.errors} times in a row` +
    `${limit === undefined ? '' : `, ${limit} are tolerated`}: ${error}`;
  const readings = strata.map((stratum) =>
    readingOf(slo, { cluster: stratum.cluster, verdict: 'unknown', reason, strata: [stratum] }),
  );
  return { readings, state, ...(ends ? { ends } : {}) };
};

interface Measured {
  readonly reading: SloReading;
  readonly tally: Tally;
}

interface OneStratum {
  readonly stratum: StratumCounts;
  readonly state: ThresholdState;
  readonly due: boolean;
}

const measureStratum = (input: ThresholdInput, { stratum, state, due }: OneStratum): Measured => {
  const { cluster } = stratum;
  const { found, tally } = measure(input, { strata: [stratum], before: tallyOf(state, cluster), due });
  const { verdict, reason } = judgeTally(input.settings, { tally, found }) ?? judgeWhole(input, { stratum, tally });
  return { reading: readingOf(input.slo, { cluster, verdict, reason, strata: [stratum] }), tally };
};

interface AllStrata {
  readonly readings: readonly SloReading[];
  readonly state: ThresholdState;
  readonly due: boolean;
}

const measurePooled = (input: ThresholdInput, { readings, state, due }: AllStrata): Measured => {
  const { strata } = input;
  const { found, tally } = measure(input, { strata, before: tallyOf(state, '*'), due });
  const open = readings.find((reading) => reading.verdict !== 'healthy');
  const { verdict, reason } =
    judgeTally(input.settings, { tally, found }) ??
    (open
      ? { verdict: 'unknown' as const, reason: `not healthy while ${open.cluster} is not: ${open.reason}` }
      : { verdict: 'healthy' as const, reason: 'healthy in every cluster' });
  return { reading: readingOf(input.slo, { cluster: '*', verdict, reason, strata }), tally };
};

interface ToMeasure {
  readonly strata: readonly StratumCounts[];
  readonly before: Tally;
  readonly due: boolean;
}

const measure = (
  input: ThresholdInput,
  { strata, before, due }: ToMeasure,
): { readonly found: string | undefined; readonly tally: Tally } => {
  if (!due) return { found: undefined, tally: before };
  const endMs = Math.max(0, ...strata.map(({ newArm }) => newArm.cells.at(-1)?.atMs ?? 0));
  const thin = strata.some((stratum) => isThin(input, stratum));
  if (endMs <= before.measuredToMs && !thin) return { found: undefined, tally: before };
  const found = endMs > before.measuredToMs ? findBreach(input, strata) : undefined;
  const measurement: Measurement = found !== undefined ? 'failed' : thin ? 'inconclusive' : 'passed';
  return { found, tally: countMeasurement(before, measurement, endMs) };
};

/** Too little to measure: no fresh numbers, or too few requests in the window. */
const isThin = (input: ThresholdInput, stratum: StratumCounts): boolean => {
  const { windowMs, minRequests } = input.settings;
  const { cells } = stratum.newArm;
  return (
    dataTrouble(input, stratum) !== '' ||
    endedOf(sumCells(cells, (cells.at(-1)?.atMs ?? 0) - windowMs)).total < minRequests
  );
};

/** What failed measurements say; undefined: nothing, the counts of the whole bake decide. */
const judgeTally = (
  { failureLimit = 0 }: ThresholdSettings,
  { tally, found }: { readonly tally: Tally; readonly found: string | undefined },
): Pick<SloReading, 'verdict' | 'reason'> | undefined => {
  const broken = tally.failed > failureLimit;
  if (!broken && tally.newest !== 'failed') return undefined;
  const limit = failureLimit === 0 ? '' : `; ${tally.failed} failed measurements, ${failureLimit} are tolerated`;
  return { verdict: broken ? 'breach' : 'unknown', reason: `${found ?? 'a measurement failed before'}${limit}` };
};

interface Whole {
  readonly stratum: StratumCounts;
  readonly tally: Tally;
}

const judgeWhole = (input: ThresholdInput, { stratum, tally }: Whole): Pick<SloReading, 'verdict' | 'reason'> => {
  const { slo, settings, nowMs } = input;
  const { total, bad } = endedOf(stratum.newWhole);
  const where = `${stratum.newVersion} in ${stratum.cluster}`;
  const elapsedMs = Math.max(1, nowMs - stratum.sinceMs);
  const unknown = (reason: string) => ({ verdict: 'unknown' as const, reason });
  const trouble = dataTrouble(input, stratum);
  if (exceeds(tally.inconclusive, settings.inconclusiveLimit))
    return unknown(tooFewMeasured(input, { stratum, tally }));
  if (trouble !== '') return unknown(trouble);
  if (total === 0) return unknown(`no request of ${where} in ${seconds(elapsedMs)} ${seenBy(slo)}: untested`);
  if (total < settings.minRequests) {
    const waitMs = ((settings.minRequests - total) * elapsedMs) / total;
    return unknown(
      `${total} of the ${settings.minRequests} requests that are needed of ${where} ${seenBy(slo)}: about ${seconds(waitMs)} more`,
    );
  }
  const allowed = 1 - slo.target;
  const counts = `${where} ${failed(slo)} ${ofTotal(bad, total)} requests in ${seconds(elapsedMs)} ${seenBy(slo)}`;
  if (bad <= allowed * total) return { verdict: 'healthy', reason: `${counts}: ${percent(allowed)} are allowed` };
  const tolerated = toleratedFailures(settings, tally);
  if (tolerated !== '') return { verdict: 'healthy', reason: `${counts}; ${tolerated}` };
  const good = Math.ceil(bad / allowed - total);
  const waitMs = (good * elapsedMs) / total;
  return unknown(
    `${counts}: more than ${percent(allowed)}, not enough to call it a breach; ${good} good ones (${seconds(waitMs)}) would settle it`,
  );
};

/** Measurements that a limit tolerates must not hold the rollout by the back door, through the sum of the bake. */
const toleratedFailures = ({ failureLimit = 0 }: ThresholdSettings, tally: Tally): string =>
  failureLimit > 0 && tally.newest === 'passed'
    ? `the newest measurement passed, ${tally.failed} failed and ${failureLimit} are tolerated`
    : '';

const tooFewMeasured = (input: ThresholdInput, { stratum, tally }: Whole): string => {
  const why = dataTrouble(input, stratum) || `fewer than ${input.settings.minRequests} requests`;
  return (
    `${tally.inconclusive} measurements of ${stratum.newVersion} in ${stratum.cluster} without enough data, ` +
    `${input.settings.inconclusiveLimit} are tolerated: ${why}`
  );
};
