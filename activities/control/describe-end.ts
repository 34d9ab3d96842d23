/** describeEnd: how Temporal closed a run, and what the run said last. Asked through the worker's own client. */
import { Context } from '@temporalio/activity';
import { WorkflowNotFoundError, type WorkflowExecutionDescription } from '@temporalio/client';
import type { DescribeRunInput } from '../../core/contract/activities.ts';
import type { RunClose } from '../../core/rollout/outcome.ts';
import { TidegateError } from '../../core/values/error.ts';
import { describeRun } from './describe-run.ts';

export async function describeEnd({ workflowId, runId }: DescribeRunInput): Promise<RunClose> {
  const run = await described(workflowId, runId);
  if (run === null) return { as: 'deleted', atMs: 0, said: null };
  const as = closes[run.status.name] ?? 'running';
  return { as, atMs: run.closeTime?.getTime() ?? 0, said: await describeRun({ workflowId, runId }) };
}

const closes: Readonly<Partial<Record<WorkflowExecutionDescription['status']['name'], RunClose['as']>>> = {
  COMPLETED: 'completed',
  FAILED: 'failed',
  CANCELLED: 'cancelled',
  TERMINATED: 'terminated',
  TIMED_OUT: 'timed_out',
};

/** null: Temporal does not know it any more. */
async function described(workflowId: string, runId: string): Promise<WorkflowExecutionDescription | null> {
  try {
    return await Context.current().client.workflow.getHandle(workflowId, runId).describe();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    const text = error instanceof Error ? error.message : String(error);
    throw new TidegateError('Unavailable', `Temporal does not say how ${workflowId} has ended: ${text}`, {
      cause: error,
    });
  }
}
