/** The schedule that keeps the watch of a mesh running: one that was terminated, or has met a fault, begins anew. */
import {
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  type ScheduleClient,
} from '@temporalio/client';
import { workflowNames } from '../../core/contract/messages.ts';
import { taskQueue } from '../../core/contract/queues.ts';
import { watchWorkflowId } from '../../core/contract/workflow-ids.ts';

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
  if (failover === 'off') return remove(schedules, id);
  try {
    await schedules.create({
      scheduleId: id,
      spec: { intervals: [{ every: WATCH_EVERY_MS }] },
      action: {
        type: 'startWorkflow',
        workflowType: workflowNames.watchMesh,
        workflowId: id,
        taskQueue: taskQueue(installation, 'control'),
        args: [{ mesh, sees: true }],
        staticSummary: `is a cluster of ${mesh} lost?`,
      },
      policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1m' },
      state: { triggerImmediately: true },
      memo: {},
    });
    return 'created';
  } catch (error) {
    if (error instanceof ScheduleAlreadyRunning) return 'unchanged';
    throw error;
  }
}

async function remove(schedules: ScheduleClient, id: string): Promise<'unchanged' | 'removed'> {
  try {
    await schedules.getHandle(id).delete();
    return 'removed';
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return 'unchanged';
    throw error;
  }
}
