/** Is a rollout of the service running, and what does it say of itself? */
import { patched, proxyActivities } from '@temporalio/workflow';
import type { RolloutActivities } from '../core/contract/activities.ts';
import { installation, lockSchemes } from './installation.ts';
import { rolloutWorkflowId } from '../core/contract/workflow-ids.ts';
import type { RunningRollout } from '../core/rollout/running.ts';
import type { Part } from '../core/routing/part.ts';
import type { ServiceRef } from '../core/routing/service-ref.ts';
import { activityOptions, noPlan } from './activity-options.ts';

const options = activityOptions(noPlan, installation());
const { findRun } = proxyActivities<RolloutActivities>({
  ...options.findRun,
  summary: 'is a rollout running already?',
});
const { describeRun } = proxyActivities<RolloutActivities>({
  ...options.describeRun,
  summary: 'what does the running rollout say?',
});

/** Runs of the parts that meet the own one: topology and versions. A start that was under way when they came asked nobody. */
export async function runningBeside(
  service: ServiceRef,
  own: Part,
): Promise<Partial<Record<Part, RunningRollout>> | undefined> {
  if (!patched('parts')) return undefined;
  const found: Partial<Record<Part, RunningRollout>> = {};
  for (const part of ['topology', 'versions'] as const) {
    const running = part === own ? null : await runningRollout({ ...service, part });
    if (running !== null) found[part] = running;
  }
  return found;
}

/** Run id of the open workflow of that id; '' = none is open. */
export const openRun = (workflowId: string): Promise<string> => findRun({ workflowId });

/** The open run of a part, by its id of today or of before; without one runId is ''. */
export const openRunOf = (of: MovedPart): ReturnType<typeof findOpenRun> => findOpenRun(findRun, of);

export interface MovedPart extends ServiceRef {
  readonly part: Part;
}

/** null: none runs, and the lock is free. */
export async function runningRollout(of: MovedPart): Promise<RunningRollout | null> {
  const { workflowId, runId } = await openRunOf(of);
  if (runId === '') return null;
  // A start that was under way when this question came goes on without it.
  const status = patched('describe-running') ? await describeRun({ workflowId, runId }) : null;
  return { workflowId, runId, status };
}

/** The open run that holds the lock of a part, by its id of today or of before; without one runId is ''. */
export async function findOpenRun(
  find: RolloutActivities['findRun'],
  of: MovedPart,
): Promise<{ readonly workflowId: string; readonly runId: string }> {
  const ids = lockSchemes(of).map((scheme) => rolloutWorkflowId(scheme, of));
  for (const workflowId of ids) {
    const runId = await find({ workflowId });
    if (runId !== '') return { workflowId, runId };
  }
  return { workflowId: ids[0] ?? '', runId: '' };
}
