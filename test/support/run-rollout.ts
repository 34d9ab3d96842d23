/** One rollout on a real Temporal server with a fake world's activities; its history is replayed when it has ended. */
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import type { RolloutResult } from '../../core/contract/messages.ts';
import { taskQueue } from '../../core/contract/queues.ts';
import { rolloutWorkflowId } from '../../core/contract/workflow-ids.ts';
import type { RolloutStatus } from '../../core/rollout/machine/status.ts';
import type { Plan } from '../../core/rollout/plan/plan.ts';
import { startWorkers } from '../../worker/workers.ts';
import type { FakeWorld } from './fake-activities.ts';
import type { TemporalOfFile } from './temporal-of-file.ts';
import { DEFAULT_INSTALLATION } from '../../core/contract/installation.ts';

export type Handle = WorkflowHandleWithFirstExecutionRunId<(input: { plan: Plan }) => Promise<RolloutResult>>;

/** Runs one rollout, replays its history afterwards, and ends its workers. Answers with the number of events. */
export async function runRollout(
  { env, workflowBundle }: TemporalOfFile,
  { plan, world }: { readonly plan: Plan; readonly world: FakeWorld },
  body: (handle: Handle) => Promise<void>,
): Promise<number> {
  const workers = await startWorkers({
    connection: env.nativeConnection,
    namespace: env.namespace ?? 'default',
    activities: world.activities,
    workflowBundle,
    graceMs: 500,
  });
  try {
    const handle = (await env.client.workflow.start('rollout', {
      workflowId: rolloutWorkflowId(DEFAULT_INSTALLATION, { ...plan.service, part: 'versions' }),
      taskQueue: taskQueue(DEFAULT_INSTALLATION, 'control'),
      args: [{ plan }],
    })) as Handle;
    await body(handle);
    const history = await handle.fetchHistory();
    await Worker.runReplayHistory({ workflowBundle }, history, handle.workflowId);
    return history.events?.length ?? 0;
  } finally {
    workers.shutdown();
    await workers.done;
  }
}

export const statusOf = (handle: Handle): Promise<RolloutStatus> => handle.query('status');

/** What Temporal bills of a history: https://docs.temporal.io/cloud/actions. Heartbeats are not in it. */
export async function billedIn(handle: Pick<Handle, 'fetchHistory'>): Promise<number> {
  const { events } = await handle.fetchHistory();
  return (events ?? []).map(billedBy).reduce((sum, one) => sum + one, 0);
}

type HistoryEvent = NonNullable<Awaited<ReturnType<Handle['fetchHistory']>>['events']>[number];

function billedBy(event: HistoryEvent): number {
  const attributes = event.upsertWorkflowSearchAttributesEventAttributes;
  // The attribute that patches set is free.
  if (attributes) return 'TemporalChangeVersion' in (attributes.searchAttributes?.indexedFields ?? {}) ? 0 : 1;
  if (event.startChildWorkflowExecutionInitiatedEventAttributes) return 2;
  const retries = (event.activityTaskStartedEventAttributes?.attempt ?? 1) - 1;
  return (
    retries +
    [
      event.workflowExecutionStartedEventAttributes,
      event.activityTaskScheduledEventAttributes,
      event.timerStartedEventAttributes,
      event.workflowExecutionSignaledEventAttributes,
      event.workflowExecutionUpdateAcceptedEventAttributes,
    ].filter(Boolean).length
  );
}
