/** The schedule that keeps the watch of a mesh running: one that was terminated, or has met a fault, begins anew. */
import type { ScheduleClient } from '@temporalio/client';
import { workflowNames } from '../../core/contract/messages.ts';
import { watchWorkflowId } from '../../core/contract/workflow-ids.ts';
import { ensureSchedule, removeSchedule } from './schedules.ts';

/** Between two starts, ms: the one that runs is left alone. */
const WATCH_EVERY_MS = 10 * 60_000;

interface WatchedMesh {
  readonly mesh: string;
  readonly installation: string;
  readonly failover: 'auto' | 'ask' | 'off';
}

/** An existing schedule is left as it is: somebody may have paused it. With `off` it goes. */
export async function ensureWatch(
  schedules: ScheduleClient,
  { mesh, installation, failover }: WatchedMesh,
): Promise<'created' | 'unchanged' | 'removed'> {
  const id = watchWorkflowId(installation, mesh);
  if (failover === 'off') return removeSchedule(schedules, id);
  return ensureSchedule(schedules, {
    ...{ id, installation, workflowType: workflowNames.watchMesh, args: [{ mesh, sees: true }] },
    ...{ everyMs: WATCH_EVERY_MS, summary: `is a cluster of ${mesh} lost?`, atOnce: true },
  });
}
