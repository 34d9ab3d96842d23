/** findStep: which rollout of a service an event is about, through the worker's own client. */
import { Context } from '@temporalio/activity';
import type { FindStepInput, FoundStep } from '../../core/contract/events.ts';
import { idSchemes } from '../../core/contract/installation.ts';
import { rolloutWorkflowId } from '../../core/contract/workflow-ids.ts';
import { parts } from '../../core/routing/part.ts';
import type { ServiceRef } from '../../core/routing/service-ref.ts';
import { describeRun } from './describe-run.ts';
import { findRun } from './find-run.ts';

/** Under which a rollout of the service may run. */
export const rolloutIds = (service: ServiceRef): string[] =>
  parts.flatMap((part) =>
    idSchemes(service.installation).map((scheme) => rolloutWorkflowId(scheme, { ...service, part })),
  );

/**
 * An approval is for the step that it is at now; all else is about the run, and must not be refused because a step has
 * passed meanwhile.
 */
export async function findStep({ service, saying, acceptedAtMs }: FindStepInput): Promise<FoundStep> {
  const name = `${service.namespace}/${service.service}`;
  for (const workflowId of rolloutIds(service)) {
    const runId = await findRun({ workflowId });
    if (runId === '') continue;
    const { startTime } = await Context.current().client.workflow.getHandle(workflowId, runId).describe();
    if (startTime.getTime() > acceptedAtMs)
      return { of: null, reason: `the rollout of ${name} that is running has begun after the event had come` };
    const status = saying === 'approve' ? await describeRun({ workflowId, runId }) : null;
    return { of: { workflowId, runId, wave: (status?.wave ?? 0) - 1, step: (status?.step ?? 0) - 1 }, reason: '' };
  }
  return { of: null, reason: `no rollout of ${name} is running: nothing to ${saying}` };
}
