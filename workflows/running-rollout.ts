/** Is a rollout of the service running, and what does it say of itself? */
import { patched, proxyActivities } from '@temporalio/workflow';
import type { RolloutActivities } from '../core/contract/activities.ts';
import type { RunningRollout } from '../core/rollout/running.ts';
import { activityOptions, noPlan } from './activity-options.ts';

const options = activityOptions(noPlan);
const { findRun } = proxyActivities<RolloutActivities>({
  ...options.findRun,
  summary: 'is a rollout running already?',
});
const { describeRun } = proxyActivities<RolloutActivities>({
  ...options.describeRun,
  summary: 'what does the running rollout say?',
});

/** null: none runs, and the lock is free. */
export async function runningRollout(workflowId: string): Promise<RunningRollout | null> {
  const runId = await findRun({ workflowId });
  if (runId === '') return null;
  // A start that was under way when this question came goes on without it.
  const status = patched('describe-running') ? await describeRun({ workflowId, runId }) : null;
  return { workflowId, runId, status };
}
