/** Versions that leave: each on its own clock, in a workflow of its own. */
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  ApplicationFailure,
  getExternalWorkflowHandle,
  ParentClosePolicy,
  patched,
  sleep,
  startChild,
} from '@temporalio/workflow';
import { retireWorkflowId, settleWorkflowId } from '../../core/contract/workflow-ids.ts';
import { named } from '../../core/kube/cluster-ref.ts';
import type { Plan } from '../../core/rollout/plan/plan.ts';
import { deploymentName } from '../../core/routing/names.ts';
import { summaryText } from '../../core/view/temporal-limits.ts';
import { lockSchemes } from '../installation.ts';
import { retire, type RetireInput } from '../retire.ts';
import { activitiesOf, track, type Handlers, type RunContext } from './run-context.ts';

/** The settler takes versions out, and originals that are marked. What older plans did not mark is left to the run. */
export const retireCommands = (context: RunContext): Handlers<'retire'> => ({
  retire: ({ what }) =>
    track(context, startAll(patched('guard') ? originals(context.plan, what) : retirements(context.plan, what))),
});

/** Looks at a workflow that was told to stop, before the run goes on without it. */
const STOP_LOOKS = 60;

/**
 * What nobody owned, somebody may be taking away right now: that ends before this run's first write. An earlier run's
 * clock (of a release before the settler) must not take away a version that is wanted again either.
 */
export async function stopOthers(context: RunContext): Promise<void> {
  const { plan } = context;
  const clock = retireWorkflowId({ ...plan.service, version: plan.version });
  await Promise.all(
    [
      clock,
      ...(patched('guard') ? lockSchemes(plan.service).map((scheme) => settleWorkflowId(scheme, plan.service)) : []),
    ].map((id) => stop(context, id)),
  );
}

async function stop(context: RunContext, workflowId: string): Promise<void> {
  try {
    await getExternalWorkflowHandle(workflowId).cancel();
  } catch {
    // None is running: the usual case.
    return;
  }
  const { findRun } = activitiesOf(context, 'findRun', `has ${workflowId} stopped?`);
  for (let look = 0; look < STOP_LOOKS; look++) {
    if ((await findRun({ workflowId })) === '') return;
    await sleep(1_000);
  }
  throw ApplicationFailure.nonRetryable(`${workflowId} does not stop; start again when it has ended`, 'Conflict');
}

function originals(plan: Plan, what: 'replaced' | 'failed'): RetireInput[] {
  return plan.kind === 'adopt' && plan.marksOriginals === undefined && what === 'replaced'
    ? retirements(plan, what)
    : [];
}

function retirements(plan: Plan, what: 'replaced' | 'failed'): RetireInput[] {
  const { service, drainMs, kind } = plan;
  const clusters = Object.values(plan.clusters).map(named);
  if (kind === 'restore' || kind === 'release') return [];
  const own = deploymentName(service.service, plan.version);
  const left = Object.values(plan.sources).some((source) => source.deployment === own);
  if (what === 'failed') {
    // After a release the version that fails to be adopted is what serves: it stays.
    if (kind === 'adopt' && left) return [];
    return [{ service, clusters, version: plan.version, warmMs: plan.existed ? plan.warmMs : 0, drainMs }];
  }
  if (kind === 'adopt') {
    // After a release the running Deployment is a version's already: it stays.
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
        staticSummary: summaryText(
          `${service.service}: ${original ?? version} leaves${warmMs > 0 ? ' after its warm time' : ''}`,
        ),
      });
    } catch (error) {
      // One is under way already: it is level-based and does the same.
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
  }
}
