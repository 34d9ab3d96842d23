/** abortRun: the update `abort` to one run of a rollout, through the worker's own client. */
import { Context } from '@temporalio/activity';
import { WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import type { AbortRunInput, AbortRunResult } from '../../core/contract/activities.ts';
import { messageNames, type ReasonInput } from '../../core/contract/messages.ts';

export async function abortRun({ workflowId, runId, reason }: AbortRunInput): Promise<AbortRunResult> {
  const handle = Context.current().client.workflow.getHandle(workflowId, runId);
  try {
    // One update, however often this is tried.
    const updateId = `abort: ${reason}`;
    await handle.executeUpdate<unknown, [ReasonInput]>(messageNames.abort, { args: [{ reason }], updateId });
    return { refused: '' };
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError) return { refused: error.cause?.message ?? error.message };
    if (error instanceof WorkflowNotFoundError) return { refused: 'it has ended' };
    throw error;
  }
}
