/** Deliveries that sinks did not take, as Temporal keeps them, and how they are sent again. */
import { WorkflowFailedError, type Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { DeadLetter, DeliverInput, Undelivered } from '../../core/contract/deliver.ts';
import { workflowNames } from '../../core/contract/messages.ts';
import { taskQueue } from '../../core/contract/queues.ts';
import { newsIn } from '../../core/events/out/news.ts';
import { distinct } from '../../core/values/share.ts';

export interface FailedDelivery extends Undelivered {
  readonly workflowId: string;
  readonly runId: string;
}

/** Those of this installation that nobody has sent again since. `of`: a run's workflow id or run id, or an event's id; '' = all. */
export async function findUndelivered(client: Client, installation: string, of: string): Promise<FailedDelivery[]> {
  const query = `WorkflowType = '${workflowNames.deliver}' AND ExecutionStatus = 'Failed' AND TaskQueue = '${taskQueue(installation, 'control')}'`;
  const found: FailedDelivery[] = [];
  for await (const { workflowId, runId } of client.workflow.list({ query })) {
    const latest = await client.workflow.getHandle(workflowId).describe();
    if (latest.runId !== runId) continue;
    const undelivered = await detailsOf(client, { workflowId, runId });
    if (undelivered?.dead.some((letter) => isAbout(letter, of)) === true)
      found.push({ ...undelivered, workflowId, runId });
  }
  return found;
}

async function detailsOf(
  client: Client,
  { workflowId, runId }: Pick<FailedDelivery, 'workflowId' | 'runId'>,
): Promise<Undelivered | null> {
  try {
    await client.workflow.getHandle(workflowId, runId).result();
    return null;
  } catch (error) {
    // It was failed by hand, or by a fault of the program: then nobody knows what it had not sent.
    if (!(error instanceof WorkflowFailedError) || !(error.cause instanceof ApplicationFailure)) return null;
    return (error.cause.details?.[0] as Undelivered | undefined) ?? null;
  }
}

const isAbout = ({ events, only = [] }: DeadLetter, of: string): boolean =>
  of === '' ||
  only.includes(of) ||
  events.some((event) => [event.id, newsIn(event).run.runId, newsIn(event).run.workflowId].includes(of));

/** Under its own id, so that it takes the place of the failed one: all that it did not deliver goes again. */
export async function sendAgain(
  client: Client,
  installation: string,
  { service, dead, workflowId }: FailedDelivery,
): Promise<void> {
  const input: DeliverInput = {
    service,
    sinks: distinct(dead.map(({ sink }) => sink)),
    events: [],
    last: true,
    again: dead,
  };
  await client.workflow.start(workflowNames.deliver, {
    ...{ workflowId, taskQueue: taskQueue(installation, 'control'), args: [input] },
    workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
  });
}
