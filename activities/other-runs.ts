/** Is a run over: the activity's own, or another in whose place it may go on? Asked of Temporal, which knows. */
import { Context } from '@temporalio/activity';
import { WorkflowNotFoundError } from '@temporalio/client';
import { TidegateError } from '../core/values/error.ts';

/** formerSelf: the run that a reset ended. anyFormerRun: every closed run of the same workflow id. */
export type Superseding = 'formerSelf' | 'anyFormerRun';

const RUN_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * true: this run is the newest of its workflow id, `run` is an earlier one of it and is closed; over `formerSelf` it must
 * also be of the same chain (a reset). A late attempt of a run that is over itself never supersedes anything.
 */
export async function supersedes(run: string, over: Superseding): Promise<boolean> {
  const { client, info } = Context.current();
  const { workflowId, runId } = info.workflowExecution ?? { workflowId: '', runId: '' };
  try {
    const newest = await client.workflow.getHandle(workflowId).describe();
    if (newest.runId !== runId) return false;
    // No workflow wrote it (restore --from-cluster).
    if (!RUN_ID.test(run)) return over === 'anyFormerRun';
    const former = await client.workflow.getHandle(workflowId, run).describe();
    if (former.status.name === 'RUNNING') return false;
    return over === 'anyFormerRun' || firstRunOf(former) === firstRunOf(newest);
  } catch (error) {
    // Deleted, or past its retention: a run that Temporal does not know is not running.
    if (error instanceof WorkflowNotFoundError) return over === 'anyFormerRun';
    throw unasked(run, error);
  }
}

/** The own run has ended: this attempt comes late. */
export async function isOver(): Promise<boolean> {
  const { client, info } = Context.current();
  const { workflowId, runId } = info.workflowExecution ?? { workflowId: '', runId: '' };
  try {
    return (await client.workflow.getHandle(workflowId, runId).describe()).status.name !== 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return true;
    throw unasked(runId, error);
  }
}

function unasked(run: string, error: unknown): TidegateError {
  const text = error instanceof Error ? error.message : String(error);
  return new TidegateError('Unavailable', `whether run ${run} is over cannot be asked of Temporal: ${text}`, {
    cause: error,
  });
}

type Described = Awaited<ReturnType<ReturnType<Context['client']['workflow']['getHandle']>['describe']>>;

const firstRunOf = ({ raw, runId }: Described): string => raw.workflowExecutionInfo?.firstRunId || runId;
