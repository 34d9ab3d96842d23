/** Verdicts in one sentence: what was counted, what that proves, what is missing, and how long it takes. */
import type { JudgeInput, StratumCounts } from '../judge.ts';
import { failed, seenBy, versionsOf } from '../reading.ts';
import type { SequentialSettings } from '../settings.ts';
import { ofTotal, percent, seconds } from '../wording.ts';
import type { Burn } from './burn-rate.ts';
import { noStratumEvidence, phiAt, sumTotals, type Evidence, type LogEvidence, type Objective } from './evidence.ts';
import { findS } from './forecast.ts';
import { healthyInS, type Cleared } from './healthy.ts';
import { logWorse, oddsInterval, sumProfiles } from './profile.ts';

/** What a sentence may speak of. */
export interface SeenEvidence {
  readonly input: JudgeInput<SequentialSettings>;
  readonly objective: Objective;
  readonly evidence: Evidence;
  readonly log: LogEvidence;
  /** Of this SLO. */
  readonly cleared: Readonly<Record<string, Cleared>>;
}

/** The regression that a waiting reader is told about, as a ratio. */
const EXAMPLE = 5;

/** @param of what breaches: a cluster by itself, or all of them together, be there only one so far */
export const describeBreach = (seen: SeenEvidence, strata: readonly StratumCounts[], of: 'one' | 'all'): string => {
  const { objective, log } = seen;
  const local = of === 'one';
  const logE = local ? (log.byCluster[strata[0]?.cluster ?? ''] ?? 0) : log.all;
  const needed = (local ? objective.clusters : 1) / objective.alpha;
  const { low } = intervalOf(seen, strata);
  const times = low > 1 ? `, at least ${round(low)} times as often` : '';
  return `${edgeCounts(seen, strata) ?? counts(seen, strata)}${times}: evidence ${odds(logE)}, a breach from ${odds(Math.log(needed))} on${bursts(seen, strata)}`;
};

export const describeBurn = (seen: SeenEvidence, [burn]: readonly Burn[]): string => {
  const { rule, long, short } = burn ?? { rule: undefined, long: 0, short: 0 };
  const { allowed } = seen.objective;
  return (
    `${versionsOf(seen.input.strata)} spends its error budget ${round(long)} times too fast over ${hours(rule?.longMs ?? 0)} and ` +
    `${round(short)} times over ${hours(rule?.shortMs ?? 0)}: ${rule?.rate ?? 0} times are a page (${percent(allowed)} are allowed)`
  );
};

export const describeHealthy = (seen: SeenEvidence, stratum: StratumCounts, by: NonNullable<Cleared['by']>): string => {
  const { objective, input } = seen;
  const said = counts(seen, [stratum]);
  const sure = `${percent(1 - input.settings.beta)} sure`;
  if (by === 'comparison') {
    const tolerated = round(Math.exp(objective.grid.tilts[objective.grid.tolerance] ?? 0));
    return `${said}: not ${tolerated} times as often or more, ${sure}`;
  }
  const { high } = intervalOf(seen, [stratum]);
  const open =
    stratum.comparison?.compared === false || stratum.oldVersion === ''
      ? 'nobody is left to compare with'
      : Number.isFinite(high)
        ? `up to ${round(high)} times as often as ${stratum.oldVersion} is possible`
        : `too few failed to compare with ${stratum.oldVersion}`;
  return `${said}: within the ${percent(objective.allowed)} that are allowed, ${sure}; ${open}`;
};

export const describeUnknown = (seen: SeenEvidence, stratum: StratumCounts): string => {
  const { input, cleared, objective } = seen;
  const state = cleared[stratum.cluster];
  const elapsedMs = Math.max(1, input.nowMs - stratum.sinceMs);
  const where = `${stratum.newVersion} in ${stratum.cluster}`;
  if (state === undefined || state.requests === 0)
    return `no request of ${where} in ${seconds(elapsedMs)} ${seenBy(input.slo)}: untested`;
  const waitS = healthyInS(state);
  const wait =
    waitS === null
      ? 'when it will be healthy cannot be foreseen'
      : `healthy in about ${duration(waitS)} at this traffic`;
  const showS = findS(state.traffic, { ratio: EXAMPLE, alpha: objective.alpha });
  const show = Number.isFinite(showS) ? `; ${EXAMPLE} times as many bad requests would show in ${duration(showS)}` : '';
  const { low, high } = intervalOf(seen, [stratum]);
  const range = Number.isFinite(high) ? `, ${round(low)} to ${round(high)} times as often is possible` : '';
  return `${counts(seen, [stratum])}${range}: ${wait}${show}${bursts(seen, [stratum])}`;
};

const counts = ({ evidence, input }: SeenEvidence, strata: readonly StratumCounts[]): string => {
  const used = strata.map(({ cluster }) => evidence.strata[cluster] ?? noStratumEvidence);
  const newer = sumTotals(used.map(({ newBake }) => newBake));
  const older = sumTotals(used.map(({ oldBake }) => oldBake));
  const where = strata.length === 1 ? `in ${strata[0]?.cluster}` : 'over all clusters';
  const old = [...new Set(strata.map(({ oldVersion }) => oldVersion))].filter((name) => name !== '').join(', ');
  const them = old === '' || older.total === 0 ? '' : `, ${old} ${ofTotal(older.bad, older.total)} in the same time`;
  return `${versionsOf(strata)} ${where} ${failed(input.slo)} ${ofTotal(newer.bad, newer.total)} requests ${seenBy(input.slo)}${them}`;
};

/** Latency: the edge that says most, when it is not the objective's own. */
const edgeCounts = (
  { evidence, objective, input }: SeenEvidence,
  strata: readonly StratumCounts[],
): string | undefined => {
  const used = strata.flatMap(({ cluster }) => evidence.strata[cluster] ?? []);
  const edges = [...new Set(used.flatMap(({ comparisons }) => Object.keys(comparisons)))];
  const by = edges.map((edge) => {
    const comparisons = used.flatMap((one) => one.comparisons[edge] ?? []);
    const profile = sumProfiles(comparisons.map(({ whole }) => whole));
    return { edge, comparisons, log: logWorse(profile, objective.grid, phiAt(used, edge)) };
  });
  const most = by.toSorted((a, b) => b.log - a.log)[0];
  if (most === undefined || most.edge === objective.edge) return undefined;
  const newer = sumTotals(most.comparisons.map((one) => one.newer));
  const older = sumTotals(most.comparisons.map((one) => one.older));
  const where = strata.length === 1 ? `in ${strata[0]?.cluster}` : 'over all clusters';
  const old = [...new Set(strata.map(({ oldVersion }) => oldVersion))].join(', ');
  return (
    `${versionsOf(strata)} ${where} was slower than ${round(Number(most.edge))} s for ${ofTotal(newer.bad, newer.total)} requests ` +
    `${seenBy(input.slo)}, ${old} for ${ofTotal(older.bad, older.total)}`
  );
};

const bursts = ({ evidence, objective }: SeenEvidence, strata: readonly StratumCounts[]): string => {
  const phi = phiAt(
    strata.flatMap(({ cluster }) => evidence.strata[cluster] ?? []),
    objective.edge,
  );
  return phi < 1.1 ? '' : `; they come in bursts of ${round(phi)}, each counted once`;
};

const intervalOf = ({ evidence, objective, input }: SeenEvidence, strata: readonly StratumCounts[]) => {
  const used = strata.flatMap(({ cluster }) => evidence.strata[cluster] ?? []);
  const profile = sumProfiles(used.map(({ comparisons }) => comparisons[objective.edge]?.whole ?? []));
  return oddsInterval(profile, { grid: objective.grid, phi: phiAt(used, objective.edge), alpha: input.settings.beta });
};

/** An e-value as odds; `10^9 : 1` where digits say nothing. */
const odds = (log: number): string => {
  const tens = log / Math.LN10;
  return tens < 4 ? `${Math.max(0, Number(Math.exp(log).toPrecision(2)))} : 1` : `10^${Math.floor(tens)} : 1`;
};

const round = (value: number): string => String(Number(value.toPrecision(2)));

const duration = (s: number): string => {
  if (s < 100) return seconds(s * 1000);
  return s < 5400
    ? `${Math.round(s / 60)} min`
    : s < 172_800
      ? `${Math.round(s / 3600)} h`
      : `${Math.round(s / 86_400)} days`;
};

const hours = (ms: number): string => (ms < 3_600_000 ? `${ms / 60_000} min` : `${ms / 3_600_000} h`);
