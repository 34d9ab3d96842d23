/** `tidegate rollout …`: look at rollouts and speak to them. */
import {
  isGrpcServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  type Client,
  type WorkflowExecutionDescription,
  type WorkflowHandle,
} from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { messageNames, type ReasonInput } from '../../core/contract/messages.ts';
import { idSchemes } from '../../core/contract/installation.ts';
import { rolloutWorkflowId, type ServiceIdentity } from '../../core/contract/workflow-ids.ts';
import type { SloReading } from '../../core/judge/slo-reading.ts';
import type { MessageType } from '../../core/rollout/machine/refuse.ts';
import type { Outcome } from '../../core/rollout/machine/state.ts';
import type { RolloutStatus } from '../../core/rollout/machine/status.ts';
import type { Plan } from '../../core/rollout/plan/plan.ts';
import type { SteeredStep } from '../../core/rollout/steered-step.ts';
import { partFlag, parts, type Part } from '../../core/routing/part.ts';
import { TidegateError } from '../../core/values/error.ts';
import { progressLines } from '../../core/view/job-progress.ts';
import { isCut, runEnd } from '../../core/view/run-end.ts';
import { statusLine, statusLines, type Live } from '../../core/view/status-text.ts';
import { untilAborted } from '../../platform/abort.ts';
import { exitCodes, type Io } from '../io.ts';

/** A rollout by what is moved: `installation` is whose it is. */
export type RolloutIdentity = ServiceIdentity & { readonly installation: string; readonly part?: Part | undefined };

/** Where none is open under today's id, one that 0.1.0 has begun may be under its own. */
export async function handleOf(client: Client, of: RolloutIdentity): Promise<WorkflowHandle> {
  const [newest, ...former] = idSchemes(of.installation).map((scheme) =>
    client.workflow.getHandle(rolloutWorkflowId(scheme, { ...of, part: of.part ?? 'versions' })),
  ) as [WorkflowHandle, ...WorkflowHandle[]];
  if (await isOpen(newest)) return newest;
  for (const handle of former) if (await isOpen(handle)) return handle;
  return newest;
}

async function isOpen(handle: WorkflowHandle): Promise<boolean> {
  try {
    return (await handle.describe()).status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

/** The option by which the other commands find this run. */
const flagOf = ({ workflowId }: WorkflowHandle): string =>
  partFlag(parts.find((part) => workflowId.endsWith(`:${part}`) || workflowId.endsWith(`/${part}`)) ?? 'versions');

export async function say(
  handle: WorkflowHandle,
  type: MessageType,
  message: ReasonInput & { full?: boolean; breakGlass?: true; cluster?: string },
): Promise<RolloutStatus> {
  try {
    return await handle.executeUpdate<RolloutStatus, [typeof message]>(type, { args: [message] });
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError)
      throw new TidegateError('Invalid', error.cause?.message ?? error.message);
    throw await unheard(error, handle);
  }
}

/** The moment that a person speaks of who has just looked. */
export async function stepNow(handle: WorkflowHandle): Promise<SteeredStep> {
  const { workflowId, runId } = await handle
    .describe()
    .catch((error: unknown) => Promise.reject(notFound(error, handle)));
  const { wave, step } = await handle.query<RolloutStatus>(messageNames.status);
  return { workflowId, runId, wave: wave - 1, step: step - 1 };
}

/** Temporal says "not found" of a run that has ended, too: nothing can be said to it any more. */
async function unheard(error: unknown, handle: WorkflowHandle): Promise<Error> {
  const run = error instanceof WorkflowNotFoundError ? await handle.describe().catch(() => undefined) : undefined;
  if (run === undefined) return notFound(error, handle);
  const words = run.status.name.toLowerCase().replace('_', ' ');
  return new TidegateError('Invalid', `${handle.workflowId} has ended (${words}): nothing can be said to it any more`, {
    fix: `what became of it, and what to do: tidegate rollout status SERVICE${flagOf(handle)}`,
  });
}

function notFound(error: unknown, handle: WorkflowHandle): Error {
  if (error instanceof WorkflowNotFoundError) {
    return new TidegateError('Invalid', `Temporal knows no workflow ${handle.workflowId}`, {
      fix: 'none was started in this Temporal namespace, or its retention is over. What is there: tidegate rollout list; what the clusters say: tidegate doctor',
    });
  }
  return error instanceof Error ? error : new Error(String(error));
}

async function readLive(handle: WorkflowHandle, io: Io): Promise<Live> {
  // First: what a run says that was closed by then is its last word.
  const run = await handle.describe().catch((error: unknown) => Promise.reject(notFound(error, handle)));
  const [status, plan] = await Promise.all([
    handle.query<RolloutStatus>(messageNames.status),
    handle.query<Plan>(messageNames.plan),
  ]).catch((error: unknown) => {
    throw run.closeTime === undefined || passingDetails(error) === '' ? error : endedUnheard(error, run);
  });
  const readings = status.outcome === null ? (runningReadings(run) ?? status.readings) : status.readings;
  const nowMs = io.now();
  const ranMs = (run.closeTime?.getTime() ?? nowMs) - run.startTime.getTime();
  return {
    ...{ plan, status, readings, nowMs, ranMs, link: linkTo(handle, io) },
    run: run.closeTime === undefined ? 'running' : run.status.name.toLowerCase(),
    progress: status.phase === 'testing' ? jobProgress(run) : [],
  };
}

/** What a run did is told by a worker only, also of one that has ended: it replays the whole history for it. */
function endedUnheard(error: unknown, { status, workflowId }: WorkflowExecutionDescription): Error {
  const words = status.name.toLowerCase().replace('_', ' ');
  const text = `${workflowId} has ended as ${words}; its last word cannot be read without a worker`;
  const fix = `start one (tidegate worker) and ask again${status.name === 'COMPLETED' ? '' : '; tidegate doctor says whether traffic is half moved'}`;
  return new TidegateError('Unavailable', text, { cause: error, fix });
}

/** What the running watch saw at its last look: it lies in the activity's heartbeat, not in the history. */
function runningReadings({ raw }: WorkflowExecutionDescription): readonly SloReading[] | undefined {
  const watch = raw.pendingActivities?.find((one) => one.activityType?.name === 'watchSlo');
  const payload = watch?.heartbeatDetails?.payloads?.[0];
  if (payload === undefined || payload === null) return undefined;
  return defaultPayloadConverter.fromPayload<{ readings?: SloReading[] } | undefined>(payload)?.readings;
}

/** How far the Jobs before the first share are, cluster by cluster. */
function jobProgress({ raw }: WorkflowExecutionDescription): string[] {
  const beats = (raw.pendingActivities ?? []).flatMap((one) => one.heartbeatDetails?.payloads?.[0] ?? []);
  return beats.flatMap((beat) => progressLines(defaultPayloadConverter.fromPayload<unknown>(beat)));
}

function linkTo(handle: WorkflowHandle, io: Io): string {
  const ui = io.env['TEMPORAL_UI_URL'];
  if (ui === undefined) return handle.workflowId;
  return `${ui}/namespaces/${handle.client.options.namespace}/workflows/${encodeURIComponent(handle.workflowId)}`;
}

/** How long a watch goes on without an answer, ms: a worker that starts again, a Temporal that is busy or fails over. */
export const PATIENCE_MS = 120_000;

/** Follows a rollout to its end: a live view on a terminal, a line per change elsewhere. Ctrl-C leaves it running. */
export async function watchRollout(handle: WorkflowHandle, io: Io): Promise<number> {
  const view = (): ((live: Live) => void) => (io.columns > 0 ? redrawing(io) : printing(io));
  let draw = view();
  let silentSinceMs: number | undefined;
  for (;;) {
    const seen = await answered(look(handle, io), io.signal);
    if (seen instanceof TidegateError) {
      if (silentSinceMs === undefined) {
        io.stderr(`${seen.message}; ${seen.fix}\n`);
        draw = view();
      }
      silentSinceMs ??= io.now();
      if (io.now() - silentSinceMs > PATIENCE_MS) throw seen;
    } else if (seen !== undefined) {
      draw(seen);
      silentSinceMs = undefined;
      const { outcome } = seen.status;
      if (outcome !== null) {
        // The run closes right behind its outcome; as a failure where it was restored, and what it is stays known.
        await answered(handle.result(), io.signal).catch(() => undefined);
        return exitCodeOf(outcome);
      }
      const end = isCut(seen) ? runEnd(seen) : null;
      if (end !== null) throw new TidegateError('HalfMoved', end.text, { fix: end.fix });
    }
    if (io.signal.aborted) {
      io.stderr(`The rollout goes on without you: tidegate rollout watch${flagOf(handle)}, or ${linkTo(handle, io)}\n`);
      return exitCodes.error;
    }
    await io.sleep(500);
  }
}

/** undefined on Ctrl-C. One look takes long where nobody answers: Temporal's client asks ten times by itself. */
async function answered<T>(asked: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  asked.catch(() => undefined);
  try {
    return await untilAborted(asked, signal);
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

/** One look, for a command that does not wait. */
export async function lookOnce(handle: WorkflowHandle, io: Io): Promise<Live> {
  const seen = await look(handle, io);
  if (seen instanceof TidegateError) throw seen;
  return seen;
}

const look = (handle: WorkflowHandle, io: Io): Promise<Live | TidegateError> => heard(() => readLive(handle, io));

/** No answer is no news: a rollout goes on while nobody can ask it. Throws what waiting cannot mend. */
export async function heard<T>(ask: () => Promise<T>): Promise<T | TidegateError> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof TidegateError && error.code === 'Unavailable') return error;
    const details = passingDetails(error);
    if (details === '') throw error;
    return new TidegateError('Unavailable', `no answer from the rollout: ${details}`, {
      cause: error,
      fix: 'it goes on by itself; are Temporal and a worker (tidegate worker) up?',
    });
  }
}

/** '' = waiting helps nothing; else why nobody answered. */
function passingDetails(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (!isGrpcServiceError(cause) || !passingCodes.has(cause.code)) return '';
  return cause.details.replace(/\.? Resolution note:.*$/s, '') || cause.message || 'no reason given';
}

/** gRPC: CANCELLED, UNKNOWN, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, FAILED_PRECONDITION (no worker polls), ABORTED, INTERNAL, UNAVAILABLE. */
const passingCodes: ReadonlySet<number> = new Set([1, 2, 4, 8, 9, 10, 13, 14]);

function redrawing(io: Io): (live: Live) => void {
  let height = 0;
  return (live) => {
    const lines = statusLines(live).map((line) => line.slice(0, io.columns));
    io.stdout(`${height > 0 ? `\x1b[${height}A\x1b[0J` : ''}${lines.join('\n')}\n`);
    height = lines.length;
  };
}

function printing(io: Io): (live: Live) => void {
  let last = '';
  return (live) => {
    const line = statusLine(live);
    if (line !== last) io.stdout(`${new Date(live.nowMs).toISOString()} ${line}\n`);
    last = line;
  };
}

const exitCodeOf = (outcome: Outcome): number =>
  ({
    promoted: exitCodes.ok,
    released: exitCodes.ok,
    restored: exitCodes.restored,
    partial: exitCodes.needsPerson,
    unproven: exitCodes.needsPerson,
  })[outcome];
