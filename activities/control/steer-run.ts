/** steerRun: an update, or the signal `alert`, to one rollout of a service, through the worker's own client. */
import { Context } from '@temporalio/activity';
import { WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import type { SteerRunInput, SteerRunResult } from '../../core/contract/events.ts';
import type { PromoteInput } from '../../core/contract/messages.ts';
import { rolloutIds } from './find-step.ts';

export async function steerRun({ service, saying, reason, by, of, updateId }: SteerRunInput): Promise<SteerRunResult> {
  const { workflowId, runId } = of;
  // A button names its run: it must be one of the service that the trigger may speak to.
  if (!rolloutIds(service).includes(workflowId))
    return {
      refused: `${workflowId} is no rollout of ${service.namespace}/${service.service}`,
      ...{ workflowId: '', runId: '' },
    };
  const handle = Context.current().client.workflow.getHandle(workflowId, runId);
  try {
    if (saying === 'alert') await handle.signal(saying, { reason, by });
    else
      await handle.executeUpdate<unknown, [PromoteInput]>(saying, {
        args: [{ reason, by, of, full: false }],
        updateId,
      });
    return { refused: '', workflowId, runId };
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError)
      return { refused: error.cause?.message ?? error.message, workflowId, runId };
    if (error instanceof WorkflowNotFoundError) return { refused: 'it has ended', workflowId, runId };
    throw error;
  }
}
