/** Schedules that start a workflow of a mesh now and then. Asked for as often as anybody likes, each is there once. */
import {
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  type ScheduleClient,
} from '@temporalio/client';
import { taskQueue } from '../../core/contract/queues.ts';

interface MeshSchedule {
  /** Of the schedule, and of the workflow that it starts. */
  readonly id: string;
  readonly installation: string;
  readonly workflowType: string;
  readonly args: readonly unknown[];
  readonly everyMs: number;
  readonly summary: string;
  /** The first start is now, not at the end of the first interval. */
  readonly atOnce?: true;
}

/** An existing schedule is left as it is: somebody may have paused it, or set another time. */
export async function ensureSchedule(
  schedules: ScheduleClient,
  { id, installation, workflowType, args, everyMs, summary, atOnce }: MeshSchedule,
): Promise<'created' | 'unchanged'> {
  try {
    await schedules.create({
      scheduleId: id,
      spec: { intervals: [{ every: everyMs }] },
      action: {
        type: 'startWorkflow',
        workflowType,
        workflowId: id,
        taskQueue: taskQueue(installation, 'control'),
        args: [...args],
        staticSummary: summary,
      },
      // A later one sees everything that a missed one would have seen.
      policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1m' },
      ...(atOnce === true && { state: { triggerImmediately: true } }),
      memo: {},
    });
    return 'created';
  } catch (error) {
    if (error instanceof ScheduleAlreadyRunning) return 'unchanged';
    throw error;
  }
}

export async function removeSchedule(schedules: ScheduleClient, id: string): Promise<'unchanged' | 'removed'> {
  try {
    await schedules.getHandle(id).delete();
    return 'removed';
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return 'unchanged';
    throw error;
  }
}
