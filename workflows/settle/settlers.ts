/** How a settler is started and woken: by guards and audits, which know nothing else of it. */
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  ChildWorkflowCancellationType,
  getExternalWorkflowHandle,
  ParentClosePolicy,
  startChild,
} from '@temporalio/workflow';
import { messageNames, workflowNames, type SettleInput, type SettleResult } from '../../core/contract/messages.ts';
import { idScheme, installation } from '../installation.ts';
import { taskQueue } from '../../core/contract/queues.ts';
import { settleWorkflowId } from '../../core/contract/workflow-ids.ts';
import type { ServiceRef } from '../../core/routing/service-ref.ts';
import { summaryText } from '../../core/view/temporal-limits.ts';

/** false: one runs already. By its name: the settler starts restores, whose guards are among its callers. */
export async function startSettler(input: SettleInput): Promise<boolean> {
  const { service } = input;
  try {
    await startChild<(input: SettleInput) => Promise<SettleResult>>(workflowNames.settle, {
      workflowId: settleWorkflowId(idScheme(service), service),
      args: [input],
      taskQueue: taskQueue(installation(), 'control'),
      parentClosePolicy: ParentClosePolicy.ABANDON,
      cancellationType: ChildWorkflowCancellationType.ABANDON,
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      staticSummary: summaryText(`${service.namespace}/${service.service}: what no run owns is settled`),
    });
    return true;
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    return false;
  }
}

/** false: it has ended before it could hear. */
export async function wakeSettler(service: ServiceRef): Promise<boolean> {
  try {
    await getExternalWorkflowHandle(settleWorkflowId(idScheme(service), service)).signal(messageNames.wake);
    return true;
  } catch {
    return false;
  }
}
