/** nameRun: which run an activity of it works for, and whether that goes on in the place of one that was reset. */
import { Context } from '@temporalio/activity';
import type { NameRunResult } from '../../core/contract/activities.ts';

export async function nameRun(): Promise<NameRunResult> {
  const { client, info } = Context.current();
  const { workflowId, runId } = info.workflowExecution ?? { workflowId: '', runId: '' };
  try {
    const { raw } = await client.workflow.getHandle(workflowId, runId).describe();
    return { runId, wasReset: (raw.workflowExecutionInfo?.firstRunId || runId) !== runId };
  } catch {
    // Nobody waits for a server that does not say: the first write of the run tells, too.
    return { runId, wasReset: false };
  }
}
