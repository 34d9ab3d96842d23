/** A change starts the workflow `startRollout` and reads its answer. */
import { WorkflowFailedError, type Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { randomUUID } from 'node:crypto';
import { workflowNames, type StartRolloutInput, type StartRolloutResult } from '../../core/contract/messages.ts';
import { taskQueues } from '../../core/contract/queues.ts';
import { TidegateError, failureTypes, type FailureCode } from '../../core/values/error.ts';

/** How long an answer may take before the command looks whether anybody works, ms. */
const PATIENCE_MS = 5_000;

export async function startChange(
  client: Client,
  input: StartRolloutInput,
  tell: (line: string) => void,
): Promise<StartRolloutResult> {
  const { service, change, dryRun } = input;
  const handle = await client.workflow.start(workflowNames.startRollout, {
    workflowId: `start:${service}/${change.kind}/${randomUUID()}`,
    taskQueue: taskQueues.control,
    args: [input],
    // The door is not a rollout: it may time out, nothing is written before its child runs.
    workflowExecutionTimeout: '5m',
    staticSummary: `${dryRun === true ? 'plan of ' : ''}${change.kind} ${service}`,
  });
  const reminder = setTimeout(() => void warnIfIdle(client, tell), PATIENCE_MS);
  try {
    return (await handle.result()) as StartRolloutResult;
  } catch (error) {
    throw refusalOf(error);
  } finally {
    clearTimeout(reminder);
  }
}

/** A start waits for ever when no worker runs: say so instead. */
async function warnIfIdle(client: Client, tell: (line: string) => void): Promise<void> {
  if (await isPolled(client, taskQueues.control)) return;
  tell(
    `No worker polls ${taskQueues.control} in namespace ${client.options.namespace}; waiting. Start one: tidegate worker\n`,
  );
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
