/**
 * retire: takes a version out once its warm time is over. `rollout` starts it as an abandoned child, so it outlives the run.
 * Guarantees: cancelling it keeps the version; its activity is level-based, so a version that serves anything by then is
 * left alone, and a second attempt goes on where the first one ended.
 * Timers: one, the warm time. Messages: none; a run that wants the version again cancels it.
 */
import { proxyActivities, sleep } from '@temporalio/workflow';
import type { RolloutActivities } from '../core/contract/activities.ts';
import { installation } from './installation.ts';
import type { ClusterRef } from '../core/kube/cluster-ref.ts';
import type { ObjectChange } from '../core/kube/object-change.ts';
import type { ServiceRef } from '../core/routing/service-ref.ts';
import { summaryText } from '../core/view/temporal-limits.ts';
import { activityOptions, noPlan } from './activity-options.ts';
import { toWorkflowFailure } from './failures.ts';
import { present } from '../core/values/json.ts';

export interface RetireInput {
  readonly service: ServiceRef;
  readonly clusters: readonly ClusterRef[];
  readonly version: string;
  /** The original Deployment of an adoption, instead of a version's. */
  readonly original?: string;
  readonly warmMs: number;
  readonly drainMs: number;
}

export async function retire(input: RetireInput): Promise<readonly ObjectChange[]> {
  const { service, clusters, version, original, drainMs } = input;
  const options = activityOptions({ ...noPlan, drainMs }, installation()).retireVersion;
  const { retireVersion } = proxyActivities<RolloutActivities>({
    ...options,
    summary: summaryText(`retire ${original ?? version}`),
  });
  try {
    if (input.warmMs > 0) await sleep(input.warmMs, { summary: summaryText(`keep ${version} warm`) });
    return await retireVersion({
      service,
      clusters,
      version,
      drainMs,
      ...present({ original }),
    });
  } catch (error) {
    throw toWorkflowFailure(error);
  }
}
