/** A change starts the workflow `startRollout` and reads its answer. */
import { WorkflowFailedError, type Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { randomUUID } from 'node:crypto';
import { workflowNames, type StartRolloutInput, type StartRolloutResult } from '../../core/contract/messages.ts';
import { taskQueue } from '../../core/contract/queues.ts';
import { workflowIdOf } from '../../core/contract/workflow-ids.ts';
import { summaryText } from '../../core/view/temporal-limits.ts';
import { TidegateError, failureTypes, type FailureCode } from '../../core/values/error.ts';

/** How long an answer may take before the command looks whether anybody works, ms. */
const PATIENCE_MS = 5_000;

export interface Asking {
  readonly installation: string;
  /** Takes a line for the person who waits. */
  readonly tell: (line: string) => void;
}

export async function startChange(
  client: Client,
  input: StartRolloutInput,
  { installation, tell }: Asking,
): Promise<StartRolloutResult> {
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
    return (await handle.result()) as StartRolloutResult;
  } catch (error) {
    throw refusalOf(error);
  } finally {
    clearTimeout(reminder);
  }
}

/** A start waits for ever when no worker runs: say so instead. */
async function warnIfIdle(client: Client, { installation, tell }: Asking): Promise<void> {
  const name = taskQueue(installation, 'control');
  if (await isPolled(client, name)) return;
  tell(`No worker polls ${name} in namespace ${client.options.namespace}; waiting. Start one: tidegate worker\n`);
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
