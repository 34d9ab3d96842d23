/** Before an adoption: do the metrics know the version by the name that it is to have? */
import { ApplicationFailure, patched, proxyActivities } from '@temporalio/workflow';
import type { RolloutActivities } from '../core/contract/activities.ts';
import { installation } from './installation.ts';
import { protocolOf } from '../core/judge/series/conventions.ts';
import type { Change } from '../core/rollout/change.ts';
import { madeIn } from '../core/rollout/plan/adopted.ts';
import type { Plan } from '../core/rollout/plan/plan.ts';
import { checkReported } from '../core/rollout/preflight/reported-versions.ts';
import { activityOptions, noPlan } from './activity-options.ts';

const { readVersions } = proxyActivities<RolloutActivities>({
  ...activityOptions(noPlan, installation()).readVersions,
  summary: 'which version do the metrics show?',
});

/** The plan with what was noted; fails when nothing would be counted under that name. */
export async function withReportedVersions(plan: Plan, change: Change): Promise<Plan> {
  const { service, metrics, slos, waves } = plan;
  if (change.kind !== 'adopt' || metrics === null) return plan;
  // A start that was under way when this question came goes on without it.
  if (!patched('reported-versions')) return plan;
  const clusters = [...new Set(waves.flatMap((wave) => madeIn(plan, wave)))];
  if (clusters.length === 0) return plan;
  const reported = await readVersions({ service, protocol: protocolOf(slos), clusters });
  const { problems, notes } = checkReported(plan, reported, change);
  if (problems.length === 0) return { ...plan, notes: [...plan.notes, ...notes] };
  const lines = problems.map(({ text, fix }) => `${text} (${fix})`).join('\n- ');
  throw ApplicationFailure.nonRetryable(
    `adopt of ${service.namespace}/${service.service} refused, nothing was written:\n- ${lines}`,
    'Invalid',
  );
}
