/** How a workflow hands events to the workflow `deliver`: it waits for Temporal to have them, and never for a sink. */
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  CancellationScope,
  ChildWorkflowCancellationType,
  getExternalWorkflowHandle,
  log,
  ParentClosePolicy,
  startChild,
} from '@temporalio/workflow';
import type { DeliverInput, DeliverResult, TellInput } from '../../core/contract/deliver.ts';
import { messageNames, workflowNames } from '../../core/contract/messages.ts';
import { taskQueue } from '../../core/contract/queues.ts';
import type { ServiceRef } from '../../core/routing/service-ref.ts';
import { summaryText } from '../../core/view/temporal-limits.ts';
import { installation } from '../installation.ts';
import { searchAttributes } from '../search-attributes.ts';

export interface Deliverer {
  readonly workflowId: string;
  readonly service: ServiceRef;
  readonly sinks: readonly string[];
}

/** Between a signal and a start each may just miss the other. */
const TRIES = 3;

/**
 * Starts the deliverer, or tells the one that runs. `begun`: one is thought to run, so it is told first. Never rejects: that
 * nobody hears of a run is no reason for the run to end.
 */
export async function send(to: Deliverer, told: TellInput, { begun }: { readonly begun: boolean }): Promise<void> {
  try {
    await CancellationScope.nonCancellable(async () => {
      if (begun && (await isTold(to, told))) return;
      for (let tries = 0; tries < TRIES; tries += 1)
        if ((await isStarted(to, told)) || (await isTold(to, told))) return;
      log.warn('what a run tells is lost: its deliverer can neither be started nor told', { deliverer: to.workflowId });
    });
  } catch (error) {
    log.warn('what a run tells is lost', { deliverer: to.workflowId, error });
  }
}

async function isTold({ workflowId }: Deliverer, told: TellInput): Promise<boolean> {
  try {
    await getExternalWorkflowHandle(workflowId).signal(messageNames.tell, told);
    return true;
  } catch {
    return false;
  }
}

/** false: one runs already. By its name, as the guards that are among the callers do. */
async function isStarted({ workflowId, service, sinks }: Deliverer, told: TellInput): Promise<boolean> {
  const of = `${service.namespace}/${service.service}`;
  try {
    await startChild<(input: DeliverInput) => Promise<DeliverResult>>(workflowNames.deliver, {
      workflowId,
      args: [{ service, sinks, bySize: true, ...told }],
      taskQueue: taskQueue(installation(), 'control'),
      parentClosePolicy: ParentClosePolicy.ABANDON,
      cancellationType: ChildWorkflowCancellationType.ABANDON,
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      typedSearchAttributes: [{ key: searchAttributes.service, value: of }],
      staticSummary: summaryText(`tells ${sinks.join(', ')} about ${of}`),
    });
    return true;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
    throw error;
  }
}
