/** The guard of a run, as the run sees it: started before the first write, and then left alone. */
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  CancellationScope,
  ChildWorkflowCancellationType,
  log,
  ParentClosePolicy,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import type { KnownService } from '../../core/contract/messages.ts';
import { idScheme, installation } from '../installation.ts';
import { named } from '../../core/kube/cluster-ref.ts';
import { taskQueue } from '../../core/contract/queues.ts';
import { guardWorkflowId } from '../../core/contract/workflow-ids.ts';
import { servingOf, type GuardedRun } from '../../core/rollout/outcome.ts';
import type { Plan } from '../../core/rollout/plan/plan.ts';
import { partOf } from '../../core/routing/part.ts';
import { present } from '../../core/values/json.ts';
import { summaryText } from '../../core/view/temporal-limits.ts';
import { guard } from '../guard.ts';
import { traceparent } from '../told/trace.ts';

/** Guards of one epoch: a run that was reset so often is nobody's plan. */
const NAMESAKES = 20;

/**
 * Resolves once it runs. A guard hears of the end of the very run that started it: the namesake that a former self has left
 * (the run was reset) guards nobody any more. Never rejects: the audit finds what has no guard.
 */
export async function startGuard(plan: Plan): Promise<void> {
  for (let namesakes = 0; namesakes < NAMESAKES; namesakes += 1) if (await startOne(plan, namesakes)) return;
}

async function startOne(plan: Plan, namesakes: number): Promise<boolean> {
  const { service, epoch } = plan;
  try {
    await CancellationScope.nonCancellable(() =>
      startChild(guard, {
        workflowId: guardWorkflowId(idScheme(service), { ...service, part: partOf(plan), epoch, namesake: namesakes }),
        args: [{ service, known: knownOf(plan), run: guardedRun(plan) }],
        taskQueue: taskQueue(installation(), 'control'),
        parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
        cancellationType: ChildWorkflowCancellationType.ABANDON,
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        staticSummary: summaryText(`wakes the settler of ${service.service} when the run has ended, however it ends`),
      }),
    );
    return true;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
    log.warn('the run goes on without a guard', { error });
    return true;
  }
}

const guardedRun = (plan: Plan): GuardedRun => ({
  ...{ kind: plan.kind, part: partOf(plan), version: plan.version, clusters: servingOf(plan) },
  startedAtMs: workflowInfo().startTime.getTime(),
  ...(plan.sinks !== undefined && {
    tells: { sinks: plan.sinks, epoch: plan.epoch, traceparent: traceparent() },
  }),
});

const knownOf = ({ clusters, warmMs, drainMs, sinks }: Plan): KnownService => ({
  clusters: Object.values(clusters).map(named),
  warmMs,
  drainMs,
  ...present({ sinks }),
});
