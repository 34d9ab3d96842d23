/** Runs as Temporal's own tools handle them, and the question that every end is asked: is the next deploy taken? */
import { expect } from '@jest/globals';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { randomUUID } from 'node:crypto';
import type { Stage } from './stage.ts';

type EventId = NonNullable<
  NonNullable<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']>[number]['eventId']
>;

/** Event ids of the run's completed workflow tasks, in order: where it can be reset to. */
export async function workflowTasks(run: WorkflowHandle): Promise<EventId[]> {
  const { events } = await run.fetchHistory();
  return (events ?? [])
    .filter((event) => event.workflowTaskCompletedEventAttributes != null)
    .flatMap(({ eventId }) => eventId ?? []);
}

/** What comes after that workflow task happens again, under another run id, which is returned. */
export async function resetTo(client: Client, { workflowId }: WorkflowHandle, eventId: EventId): Promise<string> {
  const { runId } = await client.workflowService.resetWorkflowExecution({
    namespace: client.options.namespace,
    workflowExecution: { workflowId },
    reason: 'a test',
    requestId: randomUUID(),
    workflowTaskFinishEventId: eventId,
  });
  return runId;
}

/** The next change is taken, promoted, and the traffic is its version's alone. */
export async function theNextDeployIsTaken({ basket }: Stage): Promise<void> {
  const version = basket.newVersion();
  await basket.configure({ canary: [50, 100], rest: [100], warm: '10m' });
  await basket.deploy(version);
  expect(await basket.end()).toMatchObject({ outcome: 'promoted', proof: { result: 'verified' } });
  expect(await basket.allShares()).toEqual(basket.whole(version));
  const after = await basket.requests(300);
  expect(after.byVersion()).toEqual({ [version]: after.requests });
}
