/**
 * rollout: runs a plan; the state machine is core/rollout/machine/next.ts, this file only turns its commands into activities.
 * Guarantees: breach, abort, alert and cancellation are handled at once in any phase; every error leads to restore, which
 * runs in a non-cancellable scope without limit of attempts, and only then does the workflow close. However it closes, its
 * guard wakes the settler. No workflow timeout may be set on it, and it never continues as new.
 * Timers: one of a millisecond, before an end that a message has caused; one until a freeze window opens; bakes are timed by
 * the watch.
 * Messages: updates approve, pause, resume, abort, promote, giveUp; signal alert; queries status, plan, log.
 */
import {
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  condition,
  defineQuery,
  defineSignal,
  defineUpdate,
  log as workerLog,
  patched,
  setCurrentDetails,
  setHandler,
  sleep,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import {
  type GiveUpInput,
  type PromoteInput,
  type ReasonInput,
  type RolloutInput,
  type RolloutResult,
  messageNames,
} from '../core/contract/messages.ts';
import { searchAttributes } from './search-attributes.ts';
import { isForward, next } from '../core/rollout/machine/next.ts';
import { refuseMessage, type MessageType } from '../core/rollout/machine/refuse.ts';
import {
  type LogEntry,
  initialState,
  type Next,
  type RolloutEvent,
  type RolloutState,
} from '../core/rollout/machine/state.ts';
import { type RolloutStatus, statusOf } from '../core/rollout/machine/status.ts';
import { leaveForward } from '../core/rollout/machine/way-back.ts';
import type { Plan } from '../core/rollout/plan/plan.ts';
import { unnamedIn } from '../core/rollout/steered-step.ts';
import { partOf } from '../core/routing/part.ts';
import { rolloutDetails } from '../core/view/temporal-details.ts';
import { keyword, keywords } from '../core/view/temporal-limits.ts';
import { present } from '../core/values/json.ts';
import { toWorkflowFailure } from './failures.ts';
import { breaksGlass, clusterIn, saidIn } from './rollout/said-in.ts';
import { createRunner, type Runner } from './rollout/rollout-runner.ts';
import type { Message } from './rollout/run-context.ts';
import { createTeller, type Teller } from './told/teller.ts';

const approve = defineUpdate<RolloutStatus, [ReasonInput | undefined]>(messageNames.approve);
const pause = defineUpdate<RolloutStatus, [ReasonInput | undefined]>(messageNames.pause);
const resume = defineUpdate<RolloutStatus, [ReasonInput | undefined]>(messageNames.resume);
const abort = defineUpdate<RolloutStatus, [ReasonInput | undefined]>(messageNames.abort);
const promote = defineUpdate<RolloutStatus, [PromoteInput | undefined]>(messageNames.promote);
const giveUp = defineUpdate<RolloutStatus, [GiveUpInput | undefined]>(messageNames.giveUp);
const alert = defineSignal<[ReasonInput | undefined]>(messageNames.alert);
const status = defineQuery<RolloutStatus>(messageNames.status);
const plan = defineQuery<Plan>(messageNames.plan);
const log = defineQuery<readonly LogEntry[]>(messageNames.log);

/** A plain error would only fail, and repeat, the workflow task: the run fails instead, and its guard wakes the settler. */
export async function rollout(input: RolloutInput): Promise<RolloutResult> {
  try {
    return await tellingRun(input);
  } catch (error) {
    throw toWorkflowFailure(error);
  }
}

async function tellingRun(input: RolloutInput): Promise<RolloutResult> {
  const teller = createTeller(input.plan);
  try {
    return await runPlan(input, teller);
  } catch (error) {
    const failure = toWorkflowFailure(error);
    await teller.failed(failure.message);
    throw failure;
  }
}

async function runPlan({ plan: given }: RolloutInput, teller: Teller): Promise<RolloutResult> {
  let state: RolloutState = initialState;
  let byMessage = false;
  const queue: RolloutEvent[] = [];
  /** Bugs that no way back of this run could take: the first one ends it. */
  const bugs: unknown[] = [];
  const emit = (message: Message): void => void queue.push({ ...message, atMs: Date.now() });
  const tell = (message: Message): void => {
    emit(message);
    drain();
    byMessage = state.outcome !== null;
  };
  const told = (message: Message): RolloutStatus => {
    tell(message);
    return answer(given, state);
  };
  const runner = createRunner(given, emit, () => state);

  // Applies every queued event; synchronous, so that an update answers with the state that it caused. It never throws.
  const drain = (): void => {
    try {
      for (let event = queue.shift(); event !== undefined; event = queue.shift()) {
        const before = state;
        const after = step(given, state, event);
        state = after.state;
        for (const command of after.commands) runner.run(command);
        if (state !== before) show(given, before, state);
        teller.saw(before, state, event.atMs);
      }
    } catch (error) {
      bugs.push(error);
    }
    teller.flush();
  };

  hear({ given, state: () => state, tell, told });

  void CancellationScope.current().cancelRequested.catch(() =>
    emit({ type: 'cancel', reason: 'cancellation was requested' }),
  );
  await CancellationScope.nonCancellable(async () => {
    // A run that was under way when guards came goes on without one. The way back waits for nobody.
    const guarded = patched('guard') ? runner.guard() : null;
    if (guarded !== null && given.kind !== 'restore') await guarded;
    emit({ type: 'started' });
    while (state.outcome === null) {
      drain();
      if (bugs.length > 0) throw bugs[0];
      if (state.outcome !== null) break;
      await condition(() => queue.length > 0 || state.outcome !== null || bugs.length > 0);
    }
    await finish({ runner, guarded, byMessage });
  });
  await teller.ended(state);
  return close(given, state);
}

interface Hearing {
  readonly given: Plan;
  readonly state: () => RolloutState;
  readonly tell: (message: Message) => void;
  /** … and answers with what came of it. */
  readonly told: (message: Message) => RolloutStatus;
}

/** All messages are heard before anything else happens. */
function hear({ given, state, tell, told }: Hearing): void {
  setHandler(status, () => statusOf(given, state()));
  setHandler(plan, () => given);
  setHandler(log, () => [...state().log]);
  const say = (type: 'approve' | 'pause' | 'resume' | 'abort') => (message: ReasonInput | undefined) =>
    told({ type, ...saidIn(message) });
  const refuse = (type: MessageType) => (message: ReasonInput | undefined) => {
    const { of } = saidIn(message);
    const about = { cluster: clusterIn(message), part: partOf(given), breakGlass: breaksGlass(message) };
    // Validators are not replayed: only they may compare the run, and want more of a message than was wanted of earlier ones.
    const { workflowId, runId } = workflowInfo();
    const why = refuseMessage(type, state(), {
      ...about,
      run: { workflowId, runId },
      unnamed: unnamedIn(message?.of),
      ...present({ of }),
    });
    if (why !== '') throw ApplicationFailure.nonRetryable(why, 'Invalid');
  };
  setHandler(approve, say('approve'), { validator: refuse('approve') });
  setHandler(pause, say('pause'), { validator: refuse('pause') });
  setHandler(resume, say('resume'), { validator: refuse('resume') });
  setHandler(abort, say('abort'), { validator: refuse('abort') });
  const promoted = (message: PromoteInput | undefined) =>
    told({
      type: 'promote',
      ...saidIn(message),
      full: message?.full === true,
      ...(breaksGlass(message) && { breakGlass: true as const }),
    });
  setHandler(promote, promoted, { validator: refuse('promote') });
  setHandler(giveUp, (message) => told({ type: 'giveUp', cluster: clusterIn(message), ...saidIn(message) }), {
    validator: refuse('giveUp'),
  });
  setHandler(alert, (message?: ReasonInput) => tell({ type: 'alert', ...saidIn(message) }));
}

interface Finishing {
  readonly runner: Runner;
  readonly guarded: Promise<void> | null;
  /** A person's message has ended it: the answer goes out first. */
  readonly byMessage: boolean;
}

/**
 * A workflow that closes in the task of an update loses the answer when anything else arrives in that moment: the server
 * takes the task back, and the person hears of an error although the abort comes true.
 */
async function finish({ runner, guarded, byMessage }: Finishing): Promise<void> {
  if (byMessage && patched('answer-first')) await sleep(1, { summary: 'the answer goes out first' });
  await runner.settle();
  await guarded;
  await condition(allHandlersFinished);
}

/** A bug in a transition must not leave traffic half moved behind a task that fails for ever: it leads to the way back. */
function step(given: Plan, state: RolloutState, event: RolloutEvent): Next {
  try {
    return next(given, state, event);
  } catch (error) {
    if (!isForward(state.phase)) throw error;
    const reason = `bug on ${event.type} in ${state.phase}: ${error instanceof Error ? error.message : String(error)}`;
    return leaveForward(given, state, event.atMs, { cause: 'error', reason, code: 'Bug' });
  }
}

/** Of an update: a bug in it is the answer's failure, not the run's. */
function answer(given: Plan, state: RolloutState): RolloutStatus {
  try {
    return statusOf(given, state);
  } catch (error) {
    throw toWorkflowFailure(error);
  }
}

/** Expected ends are results; a cancellation ends as cancelled, an error as failed: after the traffic is back. */
function close(given: Plan, state: RolloutState): RolloutResult {
  const result: RolloutResult = {
    outcome: state.outcome ?? 'unproven',
    reason: state.reason,
    status: statusOf(given, state),
    log: state.log,
  };
  if (state.cause === 'cancel') throw new CancelledFailure(`cancelled; ${state.reason}`);
  if (state.cause === 'error') {
    throw ApplicationFailure.create({
      message: state.reason,
      type: state.code || 'Bug',
      nonRetryable: true,
      details: [result],
    });
  }
  return result;
}

/** What people see. A bug in it leaves the view out and says so: it must never freeze a run that is half moved. */
function show(given: Plan, before: RolloutState, state: RolloutState): void {
  for (const view of [showDetails, showAttributes]) {
    try {
      view(given, before, state);
    } catch (error) {
      workerLog.warn(`the view of the run is left out (${view.name})`, { error });
    }
  }
}

function showDetails(given: Plan, _before: RolloutState, state: RolloutState): void {
  const { namespace, startTime } = workflowInfo();
  setCurrentDetails(rolloutDetails(given, state, { namespace, startedAtMs: startTime.getTime() }));
}

function showAttributes(given: Plan, before: RolloutState, state: RolloutState): void {
  const label = (one: RolloutState): string => `${one.outcome ?? one.phase}/${one.wave}`;
  const milestones = ['preparing', 'frozen', 'gated', 'paused', 'needs-person', 'restoring', 'ended'];
  if (before !== initialState && (label(before) === label(state) || !milestones.includes(state.phase))) return;
  upsertSearchAttributes([
    { key: searchAttributes.service, value: `${given.service.namespace}/${given.service.service}` },
    { key: searchAttributes.version, value: keyword(given.version) },
    { key: searchAttributes.state, value: state.outcome ?? state.phase },
    { key: searchAttributes.wave, value: state.wave + 1 },
    { key: searchAttributes.clouds, value: keywords(given.clouds) },
    { key: searchAttributes.sloOk, value: state.cause !== 'breach' },
  ]);
}
