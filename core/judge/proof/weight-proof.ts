/**
 * Does an Envoy split its traffic as it was told? Its own counters per subset answer, since a scrape newer than the
 * write: the request is counted where it was sent, so answers that never come do not matter.
 *
 * `verified` needs more than a good fit: as many requests that an instance frozen at its old weights would have been
 * seen. `contradicted` may be early (new weights take a moment to arrive): the caller asks again until its time is up.
 */
import { WHOLE } from '../../values/share.ts';
import { binomialTwoSided } from '../statistics/binomial.ts';
import { chance, percent, seconds } from '../wording.ts';
import type { InstanceProof, VerifyMode } from './proof.ts';

/** Requests per subset that were sent in (fromMs, atMs], all from one scrape to the next. */
export interface ScrapeInterval {
  readonly fromMs: number;
  readonly atMs: number;
  readonly sent: Readonly<Record<string, number>>;
}

export interface InstanceTraffic {
  readonly cluster: string;
  readonly instance: string;
  /** In order of time; from some time before the write on. */
  readonly intervals: readonly ScrapeInterval[];
  /** Time of every scrape; the newest last. */
  readonly scrapes: readonly number[];
}

export interface WeightProofInput {
  readonly mode: Exclude<VerifyMode, 'entered'>;
  /** Expected weight by stat name, ppm. */
  readonly weights: Readonly<Record<string, number>>;
  readonly withdrawn: readonly string[];
  /** On the clock of the scrapes. */
  readonly writtenAtMs: number;
  /** The write before that one: what a frozen instance goes on with. Absent: nobody knows of one. */
  readonly before?: { readonly weights: Readonly<Record<string, number>>; readonly writtenAtMs: number };
  readonly nowMs: number;
  readonly staleMs: number;
}

/** Fit is rejected below this chance. */
const P_MIN = 1e-6;
/** Expected requests of the rarest subset below which nothing is proven. */
const MIN_EXPECTED = 8;
/** … when the weights before are not known: a subset that gets nothing would then be noticed with P_MIN. */
const MIN_EXPECTED_BLIND = 14;
/** Counts before the write that are likelier than this under the new weights: the write changed little or nothing here. */
const P_ALIKE = 0.01;
/** Requests before the write that make the old weights known. */
const MIN_BEFORE = 20;
/** … and how many are looked back at, at most. */
const ENOUGH_BEFORE = 500;
/** A misfit counts as a contradiction only from a baseline this long after the write: weights take a moment to arrive, ms. */
const SETTLE_MS = 2_000;
/** How far a frozen instance's counts may stray towards the new weights and must still be rejected, in standard deviations. */
const STRAY = 4;

type Counts = ReadonlyMap<string, number>;

export const proveWeights = (traffic: InstanceTraffic, input: WeightProofInput): InstanceProof => {
  const { cluster, instance } = traffic;
  const answer = (result: InstanceProof['result'], reason: string, requests = 0): InstanceProof => ({
    cluster,
    instance,
    result,
    reason,
    requests,
  });
  const newestMs = traffic.scrapes.at(-1) ?? 0;
  if (input.nowMs - newestMs > input.staleMs) {
    return answer(
      'untested',
      `the scrapes of Envoy ${instance} in ${cluster} stopped ${seconds(input.nowMs - newestMs)} ago`,
    );
  }
  const since = traffic.scrapes.filter((atMs) => atMs > input.writtenAtMs);
  const needed = input.mode === 'restored' ? 3 : 2;
  if (since.length < needed) {
    return answer(
      'untested',
      `Envoy ${instance} in ${cluster} was scraped ${since.length} times since the write, ${needed} are needed`,
    );
  }
  if (Object.keys(input.weights).length === 0) {
    const stood = withoutRedirect(traffic, { withdrawn: input.withdrawn, baselineMs: since.at(-needed) ?? 0 });
    return answer(stood.result, `Envoy ${instance} in ${cluster} ${stood.reason}`, stood.requests);
  }
  const weights = new Map([
    ...Object.entries(input.weights),
    ...input.withdrawn.map((stat) => [stat, input.weights[stat] ?? 0] as const),
  ]);
  const before = countsBefore(traffic.intervals, { ...input, weights });
  const asked = askedBefore(input, weights);
  // Weights arrive some time after the write: a later baseline leaves requests under the old ones out.
  const tries = since.slice(0, since.length - needed + 1).map((baselineMs) => {
    const counts = countsOf(
      traffic.intervals.filter(({ fromMs }) => fromMs >= baselineMs),
      weights,
    );
    const judged = judgeCounts({ counts, before, asked, weights });
    const early = judged.result === 'contradicted' && baselineMs < input.writtenAtMs + SETTLE_MS;
    return { counts, ...judged, result: early ? ('untested' as const) : judged.result };
  });
  const best =
    tries.find((one) => one.result === 'verified') ?? tries.find((one) => one.result === 'contradicted') ?? tries[0];
  if (!best) return answer('untested', `no scrape of Envoy ${instance} in ${cluster} since the write`);
  return answer(best.result, `Envoy ${instance} in ${cluster} ${best.reason}`, totalOf(best.counts));
};

/** Nothing should go through Envoy any more: the subsets' counters stand still (or are gone with the subsets). */
const withoutRedirect = (
  { intervals }: InstanceTraffic,
  { withdrawn, baselineMs }: { readonly withdrawn: readonly string[]; readonly baselineMs: number },
): Pick<InstanceProof, 'result' | 'reason' | 'requests'> => {
  const late = intervals.filter(({ fromMs }) => fromMs >= baselineMs);
  const requests = late.reduce((sum, { sent }) => sum + withdrawn.reduce((all, stat) => all + (sent[stat] ?? 0), 0), 0);
  return requests === 0
    ? { result: 'verified', reason: 'sent nothing to the withdrawn subsets from scrape to scrape', requests }
    : { result: 'contradicted', reason: `still sent ${requests} requests to the withdrawn subsets`, requests };
};

interface CountsInput {
  readonly counts: Counts;
  /** Counts before the write. */
  readonly before: Counts;
  /** What these should have been by the weights before the write; all 0 when nobody knows them. */
  readonly asked: Counts;
  readonly weights: ReadonlyMap<string, number>;
}

const judgeCounts = ({ counts, before, asked, weights }: CountsInput): Pick<InstanceProof, 'result' | 'reason'> => {
  const total = totalOf(counts);
  if (total === 0) return { result: 'untested', reason: 'sent no request to any subset since the write' };
  const misfit = worstMisfit(counts, weights);
  const sent = `sent ${[...counts].map(([stat, n]) => `${n} to ${stat}`).join(', ')} of ${total}`;
  if (misfit.p < P_MIN) {
    return {
      result: 'contradicted',
      reason: `${sent}: ${misfit.stat} should get ${percent(misfit.weight)}, chance ${chance(misfit.p)}`,
    };
  }
  const lacking = lackOfPower({ total, before, asked, weights });
  if (lacking !== '') return { result: 'untested', reason: `${sent}: too few to prove the weights (${lacking})` };
  return { result: 'verified', reason: `${sent}, as weighted (chance ${chance(misfit.p)})` };
};

interface Misfit {
  readonly stat: string;
  /** 0..1 */
  readonly weight: number;
  readonly p: number;
}

/** The subset whose count is least likely under its weight; Bonferroni over the subsets. */
const worstMisfit = (counts: Counts, weights: ReadonlyMap<string, number>): Misfit => {
  const total = totalOf(counts);
  let worst: Misfit = { stat: '', weight: 0, p: 1 };
  for (const [stat, ppm] of weights) {
    const p = Math.min(1, binomialTwoSided(counts.get(stat) ?? 0, total, ppm / WHOLE) * weights.size);
    if (p < worst.p) worst = { stat, weight: ppm / WHOLE, p };
  }
  return worst;
};

type Power = Omit<CountsInput, 'counts'> & { readonly total: number };

/** '' when an instance that kept its old weights would have been seen; else what is lacking. */
const lackOfPower = ({ total, before, asked, weights }: Power): string => {
  const positive = [...weights.values()].filter((ppm) => ppm > 0);
  const rarest = positive.length > 1 ? (total * Math.min(...positive)) / WHOLE : Number.POSITIVE_INFINITY;
  // Frozen at what it really sent, and at what it was told to send: few requests tell the former badly.
  const [sent, told] = [before, asked].map((old) => frozenAt(old, { total, weights }));
  const needed = sent === 'seen' ? MIN_EXPECTED : MIN_EXPECTED_BLIND;
  if (rarest < needed) return `the rarest subset is expected ${rarest.toFixed(1)} times, ${needed} are needed`;
  return [sent, told].includes('missed') ? 'the old weights would look alike' : '';
};

type Weighing = Pick<CountsInput, 'weights'> & { readonly total: number };

/** Would an instance that goes on with these counts be seen? `alike`: they fit the new weights, too. */
const frozenAt = (old: Counts, { total, weights }: Weighing): 'unknown' | 'seen' | 'missed' | 'alike' => {
  if (totalOf(old) < MIN_BEFORE) return 'unknown';
  if (wouldSeeFrozen(total, { before: old, weights })) return 'seen';
  return worstMisfit(old, weights).p < P_ALIKE ? 'missed' : 'alike';
};

const wouldSeeFrozen = (total: number, { before, weights }: Pick<CountsInput, 'before' | 'weights'>): boolean =>
  [...weights].some(([stat, ppm]) => {
    const old = (before.get(stat) ?? 0) / totalOf(before);
    const expected = total * old;
    if (ppm === 0) return expected >= MIN_EXPECTED;
    const stray = STRAY * Math.sqrt(expected * (1 - old));
    const wanted = (total * ppm) / WHOLE;
    const nearest = expected < wanted ? Math.ceil(expected + stray) : Math.floor(expected - stray);
    if (expected < wanted ? nearest >= wanted : nearest <= wanted) return false;
    return binomialTwoSided(nearest, total, ppm / WHOLE) * weights.size < P_MIN;
  });

const countsOf = (intervals: readonly ScrapeInterval[], weights: ReadonlyMap<string, number>): Counts =>
  new Map(
    [...weights.keys()].map((stat) => [
      stat,
      // Of a request that went beside the weights an interval may know one of two counters only.
      Math.max(
        0,
        intervals.reduce((sum, { sent }) => sum + (sent[stat] ?? 0), 0),
      ),
    ]),
  );

/** Rounded up: a small share is not none. */
const askedBefore = ({ before }: Pick<WeightProofInput, 'before'>, weights: ReadonlyMap<string, number>): Counts =>
  new Map([...weights.keys()].map((stat) => [stat, Math.ceil(((before?.weights[stat] ?? 0) * ENOUGH_BEFORE) / WHOLE)]));

/**
 * The youngest requests before the write: what a frozen instance would go on with. Those from before the write before
 * were sent under still other weights: they count only where there are too few without them.
 */
const countsBefore = (
  intervals: readonly ScrapeInterval[],
  { weights, writtenAtMs, before }: Pick<WeightProofInput, 'writtenAtMs' | 'before'> & Pick<CountsInput, 'weights'>,
): Counts => {
  const sinceMs = before?.writtenAtMs ?? Number.NEGATIVE_INFINITY;
  const taken: ScrapeInterval[] = [];
  for (const interval of intervals.filter(({ atMs }) => atMs <= writtenAtMs).toReversed()) {
    if (totalOf(countsOf(taken, weights)) >= (interval.fromMs < sinceMs ? MIN_BEFORE : ENOUGH_BEFORE)) break;
    taken.push(interval);
  }
  return countsOf(taken, weights);
};

const totalOf = (counts: Counts): number => [...counts.values()].reduce((sum, n) => sum + n, 0);
