/** watchSlo: polls the metrics until there is a verdict. Returns at once on a breach; only reads. */
import { Context } from '@temporalio/activity';
import { beatEveryMs } from '../../core/contract/timeouts.ts';
import { dueSource } from '../../core/judge/look/due-source.ts';
import { evidenceOf } from '../../core/judge/look/judges.ts';
import { look, lookWithoutAnswer, type Looked } from '../../core/judge/look/look.ts';
import { LONGEST_POLL_MS } from '../../core/judge/look/next-look.ts';
import { fittingReadings, freshState, resumedState, type WatchState } from '../../core/judge/look/state.ts';
import type { WatchSloInput, WatchSloResult } from '../../core/judge/look/watch.ts';
import type { CountSource } from '../../core/judge/series/source.ts';
import { combineReadings, type Verdict } from '../../core/judge/verdict.ts';
import { TidegateError, refuse } from '../../core/values/error.ts';
import { isRecord } from '../../core/values/json.ts';
import { toFailure } from '../failures.ts';
import type { ObserveDeps } from '../ports.ts';
import { noMetrics } from '../verify/metrics.ts';
import { packed, unpacked } from './packed.ts';
import { createBeats, type Beats } from './watch-beats.ts';

const ATTEMPT_MS = 9 * 60_000;
/** Longest that a backend's Retry-After may delay a look, ms: a canary must not go unwatched for an hour. */
const LONGEST_WAIT_MS = 30_000;
/** A look that took longer than it was given still leaves room for others, ms. */
const SHORTEST_WAIT_MS = 50;
/** Longest time without a heartbeat while waiting for the next look, ms. */
const BEAT_MS = beatEveryMs('watchSlo');

export async function watchSlo(deps: ObserveDeps, asked: WatchSloInput): Promise<WatchSloResult> {
  assertJudgeable(asked);
  const input = withEvidence(asked);
  const context = Context.current();
  const { runId = '' } = context.info.workflowExecution ?? {};
  // A reset takes the watches of the former self along, as they were asked for.
  if (input.run !== undefined && input.run !== runId) return wasReset(runId, deps.now());
  const attemptEndMs = deps.now() + (deps.attemptMs ?? ATTEMPT_MS);
  const metrics = await connectOrWhyNot(deps, input.service.mesh);
  let intervalMs = 0;
  let state = resumedState(unpacked(context.info.heartbeatDetails)) ?? freshState(deps.now());
  const beats = createBeats(context, deps.now);
  for (;;) {
    beats.beat(state);
    const looked = await lookOrUnknown({ input, metrics, now: deps.now, state, context });
    state = { ...looked.state, readings: looked.readings };
    intervalMs = looked.intervalMs || intervalMs || (looked.failure === undefined ? 0 : LONGEST_POLL_MS);
    const verdict = looked.failure ?? combineReadings(looked.readings);
    if (isFinal(verdict, { input, state, nowMs: deps.now(), ends: looked.ends }))
      return resultOf(verdict, { state, decidedAtMs: deps.now() });
    if (deps.now() >= attemptEndMs || metrics instanceof TidegateError) {
      beats.last(state);
      throw windowEnd();
    }
    const waitMs = looked.failure === undefined ? looked.nextAtMs - deps.now() : failedWaitMs(input, intervalMs);
    await pause(context, { ms: Math.max(SHORTEST_WAIT_MS, waitMs, looked.retryAfterMs ?? 0), state, beats });
  }
}

const wasReset = (runId: string, nowMs: number): WatchSloResult => ({
  ...{
    verdict: 'unknown',
    breached: [],
    reason: 'the run was reset; it watches anew',
    readings: [],
    firstBadAtMs: null,
  },
  decidedAtMs: nowMs,
  resetTo: runId,
});

const assertJudgeable = ({ service, slos, strata }: WatchSloInput): void => {
  const name = `${service.namespace}/${service.service}`;
  if (slos.length === 0 || strata.length === 0) {
    refuse(
      'Invalid',
      `nothing to watch for ${name}: ${slos.length} SLOs, ${strata.length} serving clusters`,
      'give the Service an SLO that can be evaluated',
    );
  }
};

/** A worker that cannot ask makes one look of it, which is unknown, and leaves the next attempt to whoever takes it. */
async function connectOrWhyNot(deps: ObserveDeps, mesh: string): Promise<CountSource | TidegateError> {
  try {
    const metrics = await deps.connectMetrics(mesh);
    return metrics === null ? noMetrics(mesh) : dueSource(metrics);
  } catch (error) {
    if (error instanceof TidegateError) return error;
    throw error;
  }
}

/** A backend that does not answer is asked no more often than one that does. */
const failedWaitMs = ({ judge }: WatchSloInput, intervalMs: number): number =>
  judge.type === 'sequential' ? Math.max(judge.pollMs, Math.min(intervalMs, LONGEST_POLL_MS)) : judge.pollMs;

interface LookInput {
  readonly input: WatchSloInput;
  readonly metrics: CountSource | TidegateError;
  readonly now: () => number;
  readonly state: WatchState;
  readonly context: Context;
}

interface Failed {
  /** Why there was no look. */
  readonly failure?: Verdict;
  /** How long the backend asked us to wait, ms. */
  readonly retryAfterMs?: number;
}

/** A backend that fails makes everything unknown; it is never a breach, and the counts go on where they were. */
const lookOrUnknown = async ({ input, context, metrics, ...ports }: LookInput): Promise<Looked & Failed> => {
  try {
    if (metrics instanceof TidegateError) throw metrics;
    return await look(input, { ...ports, metrics, signal: context.cancellationSignal });
  } catch (error) {
    if (context.cancellationSignal.aborted) await context.cancelled;
    if (!(error instanceof TidegateError)) throw error;
    const failure: Verdict = { verdict: 'unknown', breached: [], reason: error.message };
    const retryAfterMs = Math.min(error.retryAfterMs ?? 0, LONGEST_WAIT_MS);
    const looked = lookWithoutAnswer(input, { state: ports.state, nowMs: ports.now(), providerError: error.message });
    return { ...looked, intervalMs: 0, nextAtMs: 0, failure, retryAfterMs };
  }
};

interface Progress {
  readonly input: WatchSloInput;
  readonly state: WatchState;
  readonly nowMs: number;
  /** Waiting is useless. */
  readonly ends: boolean;
}

const isFinal = ({ verdict }: Verdict, { input, state, nowMs, ends }: Progress): boolean => {
  if (verdict === 'breach') return true;
  if (input.mode !== 'bake') return false;
  if (verdict === 'unknown' && ends) return true;
  const warmMs = Math.max(...input.strata.map(({ sinceMs }) => sinceMs)) + input.warmUpMs;
  const bakedAtMs = Math.max(state.startedAtMs, warmMs) + input.bakeMs;
  return nowMs >= bakedAtMs + (verdict === 'unknown' ? input.maxUnknownMs : 0);
};

const resultOf = (
  verdict: Verdict,
  { state, decidedAtMs }: { state: WatchState; decidedAtMs: number },
): WatchSloResult => ({
  ...verdict,
  readings: fittingReadings(state.readings),
  firstBadAtMs: state.firstBadAtMs,
  decidedAtMs,
  evidence: { ...packed(evidenceOf(state.judges)) },
});

/** What the watch before left, as the judges read it. */
const withEvidence = ({ evidence, ...input }: WatchSloInput): WatchSloInput => {
  const earlier = unpacked(evidence);
  return isRecord(earlier) ? { ...input, evidence: earlier } : input;
};

/** Ends an attempt before the watch does. Retryable and benign: waiting adds no history events. */
const windowEnd = (): Error =>
  toFailure(
    new TidegateError('WindowEnd', 'this attempt of the watch is over, the next one goes on', { retryAfterMs: 1_000 }),
  );

interface Pause {
  readonly ms: number;
  readonly state: WatchState;
  readonly beats: Beats;
}

/** Waits for the next look; beats more often than long poll intervals would. */
const pause = async (context: Context, { ms, state, beats }: Pause): Promise<void> => {
  for (let leftMs = ms; leftMs > 0; leftMs -= BEAT_MS) {
    await context.sleep(Math.min(BEAT_MS, leftMs));
    if (leftMs > BEAT_MS) beats.beat(state);
  }
};
