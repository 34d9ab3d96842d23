/** steerRun: an update, or the signal `alert`, to the running rollout of a service, through the worker's own client. */
import { Context } from '@temporalio/activity';
import { WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import type { SteerRunInput, SteerRunResult } from '../../core/contract/events.ts';
import { idSchemes } from '../../core/contract/installation.ts';
import type { PromoteInput } from '../../core/contract/messages.ts';
import { rolloutWorkflowId } from '../../core/contract/workflow-ids.ts';
import type { SteeredStep } from '../../core/events/cloud-event.ts';
import { parts } from '../../core/routing/part.ts';
import { describeRun } from './describe-run.ts';
import { findRun } from './find-run.ts';

export async function steerRun(input: SteerRunInput): Promise<SteerRunResult> {
  const { service, saying, reason, by, updateId } = input;
  const name = `${service.namespace}/${service.service}`;
  const ids = parts.flatMap((part) =>
    idSchemes(service.installation).map((scheme) => rolloutWorkflowId(scheme, { ...service, part })),
  );
  if (input.of !== null && !ids.includes(input.of.workflowId))
    return { refused: `${input.of.workflowId} is no rollout of ${name}`, workflowId: '', runId: '' };
  const of = input.of ?? (await runningStep(ids, saying));
  if (of === null)
    return { refused: `no rollout of ${name} is running: nothing to ${saying}`, workflowId: '', runId: '' };
  const { workflowId, runId } = of;
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

/**
 * null: none is running. An approval is for the step that it is at now; all else is about the run, and must not be refused
 * because a step has passed meanwhile.
 */
async function runningStep(ids: readonly string[], saying: SteerRunInput['saying']): Promise<SteeredStep | null> {
  for (const workflowId of ids) {
    const runId = await findRun({ workflowId });
    if (runId === '') continue;
    const status = saying === 'approve' ? await describeRun({ workflowId, runId }) : null;
    return { workflowId, runId, wave: (status?.wave ?? 0) - 1, step: (status?.step ?? 0) - 1 };
  }
  return null;
}
