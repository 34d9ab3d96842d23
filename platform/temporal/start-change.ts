/** A change starts the workflow `startRollout` and reads its answer. */
import { WorkflowFailedError, type Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { randomUUID } from 'node:crypto';
import {
  workflowNames,
  type QueuedResult,
  type StartRolloutInput,
  type StartRolloutResult,
} from '../../core/contract/messages.ts';
import { taskQueue } from '../../core/contract/queues.ts';
import { workflowIdOf } from '../../core/contract/workflow-ids.ts';
import { summaryText } from '../../core/view/temporal-limits.ts';
import { TidegateError, failureTypes, type FailureCode } from '../../core/values/error.ts';
import { readWorkers } from './workers.ts';

/** How long an answer may take before the command looks whether anybody works, ms. */
const PATIENCE_MS = 5_000;

export interface Asking {
  readonly installation: string;
  /** Takes a line for the person who waits. */
  readonly tell: (line: string) => void;
}

/** Starts it now, or plans it: what is under way refuses it. */
export async function startChange(
  client: Client,
  input: Omit<StartRolloutInput, 'onConflict'>,
  asking: Asking,
): Promise<StartRolloutResult> {
  const answer = await askForChange(client, input, asking);
  if ('queued' in answer) throw new TidegateError('Bug', `nobody asked to wait: ${answer.queued.text}`);
  return answer;
}

/** Starts it now, or at its turn where `onConflict` says so. */
export async function askForChange(
  client: Client,
  input: StartRolloutInput,
  { installation, tell }: Asking,
): Promise<StartRolloutResult | QueuedResult> {
  const { service, change, dryRun } = input;
  const handle = await client.workflow.start(workflowNames.startRollout, {
    workflowId: workflowIdOf(installation, 'start', service, change.kind, randomUUID()),
    taskQueue: taskQueue(installation, 'control'),
    args: [input],
    // The door is not a rollout: it may time out, nothing is written before its child runs.
    workflowExecutionTimeout: '5m',
    staticSummary: summaryText(`${dryRun === true ? 'plan of ' : ''}${change.kind} ${service}`),
  });
  const reminder = setTimeout(() => void warnIfIdle(client, { installation, tell }), PATIENCE_MS);
  try {
    return (await handle.result()) as StartRolloutResult | QueuedResult;
  } catch (error) {
    throw refusalOf(error);
  } finally {
    clearTimeout(reminder);
  }
}

/** A start waits for ever when no worker runs: say so instead. */
async function warnIfIdle(client: Client, { installation, tell }: Asking): Promise<void> {
  const name = taskQueue(installation, 'control');
  const { current, pollers } = await readWorkers(client, installation);
  const asking = pollers.filter(({ queue }) => queue === name).map(({ build }) => build);
  if (asking.includes(current)) return;
  const place = `${name} in namespace ${client.options.namespace}; waiting`;
  const [other] = asking;
  if (current === '' && other !== undefined)
    tell(`Workers of build ${other} poll ${place}, but no build is current: tidegate worker promote ${other}\n`);
  else if (current === '') tell(`No worker polls ${place}. Start one: tidegate worker\n`);
  else tell(`No worker of build ${current} polls ${place}. Start one: tidegate worker --build-id ${current}\n`);
}

/** Does any worker ask for workflow tasks of that queue? */
export async function isPolled(client: Client, name: string): Promise<boolean> {
  const workflowTasks = 1;
  const described = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name },
    taskQueueType: workflowTasks,
  });
  return (described.pollers ?? []).length > 0;
}

/** Why a workflow that was asked something failed, in its own words. */
export function refusalOf(error: unknown): Error {
  if (!(error instanceof WorkflowFailedError)) return error instanceof Error ? error : new Error(String(error));
  const { cause } = error;
  if (cause instanceof ApplicationFailure) {
    const code = typeof cause.type === 'string' && cause.type in failureTypes ? (cause.type as FailureCode) : 'Invalid';
    return new TidegateError(code, cause.message, { cause });
  }
  return new TidegateError('Unavailable', cause?.message ?? error.message, { cause: error });
}
