/** Versions that leave: each on its own clock, in a workflow of its own. */
import { getExternalWorkflowHandle, ParentClosePolicy, startChild } from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { retireWorkflowId } from '../core/contract/names.ts';
import { deploymentName } from '../core/routing/names.ts';
import type { Plan } from '../core/contract/plan.ts';
import { retire, type RetireInput } from './retire.ts';
import { track, type Handlers, type RunContext } from './run-context.ts';

export const retireCommands = (context: RunContext): Handlers<'retire'> => ({
  retire: ({ what }) => track(context, startAll(retirements(context.plan, what))),
});

/** A version that is wanted again must not be taken away by an earlier run's warm time. */
export async function keepVersion(plan: Plan): Promise<void> {
  try {
    await getExternalWorkflowHandle(retireWorkflowId({ ...plan.service, version: plan.version })).cancel();
  } catch {
    // None is running: the usual case.
  }
}

function retirements(plan: Plan, what: 'replaced' | 'failed'): RetireInput[] {
  const { service, drainMs, kind } = plan;
  const clusters = Object.values(plan.clusters);
  if (kind === 'restore' || kind === 'release') return [];
  if (what === 'failed') {
    return kind === 'undo' ? [] : [{ service, clusters, version: plan.version, warmMs: 0, drainMs }];
  }
  if (kind === 'adopt') {
    // After a release the running Deployment is a version's already: it stays.
    const own = deploymentName(service.service, plan.version);
    const originals = [...new Set(Object.values(plan.sources).map((source) => source.deployment))].filter(
      (name) => name !== own,
    );
    return originals.map((original) => ({ service, clusters, version: plan.version, original, warmMs: 0, drainMs }));
  }
  const replaced = [...new Set(Object.values(plan.replaces))].filter((version) => version !== plan.version);
  return replaced.map((version) => ({ service, clusters, version, warmMs: plan.warmMs, drainMs }));
}

async function startAll(inputs: readonly RetireInput[]): Promise<void> {
  for (const input of inputs) {
    const { service, original, version, warmMs } = input;
    try {
      await startChild(retire, {
        workflowId: retireWorkflowId({
          ...service,
          version: original === undefined ? version : `original-${original}`,
        }),
        args: [input],
        parentClosePolicy: ParentClosePolicy.ABANDON,
        staticSummary: `${service.service}: ${original ?? version} leaves${warmMs > 0 ? ' after its warm time' : ''}`,
      });
    } catch (error) {
      // One is under way already: it is level-based and does the same.
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
  }
}
