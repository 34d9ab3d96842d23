/** How the workflow `next` of a part is started and spoken to: by starts that queue, and by guards. */
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  ChildWorkflowCancellationType,
  getExternalWorkflowHandle,
  isCancellation,
  ParentClosePolicy,
  sleep,
  startChild,
} from '@temporalio/workflow';
import { messageNames, workflowNames, type NextInput, type NextResult } from '../../core/contract/messages.ts';
import { taskQueue } from '../../core/contract/queues.ts';
import { nextWorkflowId } from '../../core/contract/workflow-ids.ts';
import { asked, nothingWaits, type WaitingChange } from '../../core/rollout/waiting.ts';
import type { Part } from '../../core/routing/part.ts';
import type { ServiceRef } from '../../core/routing/service-ref.ts';
import { installation } from '../installation.ts';

/** Between two attempts to speak to one that ends just then, ms. */
const AGAIN_MS = 1_000;

interface Place {
  readonly service: ServiceRef;
  readonly part: Part;
}

export const nextIdOf = ({ service, part }: Place): string =>
  nextWorkflowId(service.installation, { ...service, part });

/** Signal with start: the run id of the `next` that holds the change now. */
export async function queueChange(
  place: Place,
  change: WaitingChange,
  openRun: (workflowId: string) => Promise<string>,
): Promise<string> {
  const workflowId = nextIdOf(place);
  for (;;) {
    const started = await startNext(place, change);
    if (started !== '') return started;
    const runId = await openRun(workflowId);
    if (
      runId !== '' &&
      (await told(() => getExternalWorkflowHandle(workflowId, runId).signal(messageNames.queue, change)))
    )
      return runId;
    await sleep(AGAIN_MS);
  }
}

/** A run of the part has closed: nothing waits there most of the time. */
export async function wakeNext({ service, part }: Place): Promise<void> {
  const workflowId = nextIdOf({ service, part });
  await told(() => getExternalWorkflowHandle(workflowId).signal(messageNames.wake));
}

/** '' = one runs already. By its name: it starts rollouts, whose guards are among its callers. */
async function startNext({ service, part }: Place, change: WaitingChange): Promise<string> {
  try {
    const child = await startChild<(input: NextInput) => Promise<NextResult>>(workflowNames.next, {
      workflowId: nextIdOf({ service, part }),
      args: [{ service, part, waiting: asked(nothingWaits, change) }],
      taskQueue: taskQueue(installation(), 'control'),
      parentClosePolicy: ParentClosePolicy.ABANDON,
      cancellationType: ChildWorkflowCancellationType.ABANDON,
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      staticSummary: `${service.namespace}/${service.service}: what waits to change its ${part}`,
    });
    return child.firstExecutionRunId;
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    return '';
  }
}

/** false: nobody is there to hear it. */
async function told(signal: () => Promise<void>): Promise<boolean> {
  try {
    await signal();
    return true;
  } catch (error) {
    if (isCancellation(error)) throw error;
    return false;
  }
}
