/** The guard of a run, as the run sees it: started before the first write, and then left alone. */
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { ChildWorkflowCancellationType, log, ParentClosePolicy, startChild } from '@temporalio/workflow';
import type { KnownService } from '../core/contract/messages.ts';
import { taskQueues } from '../core/contract/queues.ts';
import { guardWorkflowId } from '../core/contract/workflow-ids.ts';
import type { Plan } from '../core/rollout/plan/plan.ts';
import { guard } from './guard.ts';

/** Resolves once it runs. A namesake is that of the run's former self (a reset), and goes on. Never rejects: the audit finds what has no guard. */
export async function startGuard(plan: Plan): Promise<void> {
  const { service, epoch } = plan;
  try {
    await startChild(guard, {
      workflowId: guardWorkflowId({ ...service, part: 'versions', epoch }),
      args: [{ service, known: knownOf(plan) }],
      taskQueue: taskQueues.control,
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
      cancellationType: ChildWorkflowCancellationType.ABANDON,
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      staticSummary: `wakes the settler of ${service.service} when the run has ended, however it ends`,
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError))
      log.warn('the run goes on without a guard', { error });
  }
}

const knownOf = ({ clusters, warmMs, drainMs }: Plan): KnownService => ({
  clusters: Object.values(clusters),
  warmMs,
  drainMs,
});
