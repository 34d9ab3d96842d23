/** watchSlo: polls the metrics until there is a verdict. Returns at once on a breach; only reads. */
import { CancelledFailure, Context } from '@temporalio/activity';
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
import { createPulse } from './pulse.ts';

/** Longest attempt of a watch that an older workflow has asked for, ms. */
const ATTEMPT_MS = 9 * 60_000;
/** Longest that a backend's Retry-After may delay a look, ms: a canary must not go unwatched for an hour. */
const LONGEST_WAIT_MS = 30_000;
/** A look that took longer than it was given still leaves room for others, ms. */
const SHORTEST_WAIT_MS = 50;

export async function watchSlo(deps: ObserveDeps, asked: WatchSloInput): Promise<WatchSloResult> {
  assertJudgeable(asked);
  const input = withEvidence(asked);
  const context = Context.current();
  const { runId = '' } = context.info.workflowExecution ?? {};
  // A reset takes the watches of the former self along, as they were asked for.
  if (input.run !== undefined && input.run !== runId) return wasReset(runId, deps.now());
  const attemptEndMs = deps.now() + (deps.attemptMs ?? input.windowMs ?? ATTEMPT_MS);
  const metrics = await connectOrWhyNot(deps, input.service.mesh);
  const pulse = createPulse(context, deps);
  let intervalMs = 0;
  let state =
    resumedState(unpacked(context.info.heartbeatDetails)) ??
    resumedState(unpacked(input.carried)) ??
    freshState(deps.now());
  try {
    for (;;) {
      const looked = await pulse.during(lookOrUnknown({ input, metrics, now: deps.now, state, context }), state);
      state = { ...looked.state, readings: looked.readings };
      intervalMs = looked.intervalMs || intervalMs || (looked.failure === undefined ? 0 : LONGEST_POLL_MS);
      const verdict = looked.failure ?? combineReadings(looked.readings);
      const nowMs = deps.now();
      if (isFinal(verdict, { input, state, nowMs, ends: looked.ends }))
        return resultOf(verdict, { state, decidedAtMs: nowMs });
      if (input.handOverAtMs !== undefined && nowMs >= input.handOverAtMs) return handOver(state, nowMs);
      if (nowMs >= attemptEndMs || metrics instanceof TidegateError) {
        pulse.beat(state);
        throw windowEnd();
      }
      const waitMs = looked.failure === undefined ? looked.nextAtMs - nowMs : failedWaitMs(input, intervalMs);
      await pulse.pause(Math.max(SHORTEST_WAIT_MS, waitMs, looked.retryAfterMs ?? 0), state);
    }
  } catch (error) {
    // The next worker goes on from here, and not from the last beat.
    if (error instanceof CancelledFailure && error.message === 'WORKER_SHUTDOWN') pulse.beat(state);
    throw error;
  }
}

const undecided = { verdict: 'unknown', breached: [], readings: [], firstBadAtMs: null } as const;

const wasReset = (runId: string, nowMs: number): WatchSloResult => ({
  ...undecided,
  reason: 'the run was reset; it watches anew',
  decidedAtMs: nowMs,
  resetTo: runId,
});

const handOver = (state: WatchState, nowMs: number): WatchSloResult => ({
  ...undecided,
  reason: 'the share is young no more: another watch goes on',
  decidedAtMs: nowMs,
  carried: { ...packed({ ...state, readings: [] }) },
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
