/** findRun: is a workflow of that id open? Asked through the worker's own client. */
import { Context } from '@temporalio/activity';
import { WorkflowNotFoundError } from '@temporalio/client';
import type { FindRunInput } from '../../core/contract/activities.ts';
import { TidegateError } from '../../core/values/error.ts';

export async function findRun({ workflowId }: FindRunInput): Promise<string> {
  try {
    const { status, runId } = await Context.current().client.workflow.getHandle(workflowId).describe();
    return status.name === 'RUNNING' ? runId : '';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return '';
    const text = error instanceof Error ? error.message : String(error);
    throw new TidegateError('Unavailable', `Temporal does not say whether ${workflowId} runs: ${text}`, {
      cause: error,
    });
  }
}
