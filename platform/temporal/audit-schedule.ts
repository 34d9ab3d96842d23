/** The schedule that starts the audit of a mesh. Asked for as often as anybody likes, it is there once. */
import { ScheduleAlreadyRunning, ScheduleOverlapPolicy, type ScheduleClient } from '@temporalio/client';
import { workflowNames } from '../../core/contract/messages.ts';
import { taskQueues } from '../../core/contract/queues.ts';
import { auditWorkflowId } from '../../core/contract/workflow-ids.ts';

/** Between two audits, ms: 48 a day, whatever the number of services. */
export const AUDIT_EVERY_MS = 30 * 60_000;

/** An existing schedule is left as it is: somebody may have paused it, or set another time. */
export async function ensureAudit(
  schedules: ScheduleClient,
  { mesh, everyMs = AUDIT_EVERY_MS }: { readonly mesh: string; readonly everyMs?: number },
): Promise<'created' | 'unchanged'> {
  try {
    await schedules.create({
      scheduleId: auditWorkflowId(mesh),
      spec: { intervals: [{ every: everyMs }] },
      action: {
        type: 'startWorkflow',
        workflowType: workflowNames.audit,
        workflowId: auditWorkflowId(mesh),
        taskQueue: taskQueues.control,
        args: [{ mesh }],
        staticSummary: `are all services of ${mesh} settled?`,
      },
      // A later one sees everything that a missed one would have seen.
      policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1m' },
      memo: {},
    });
    return 'created';
  } catch (error) {
    if (error instanceof ScheduleAlreadyRunning) return 'unchanged';
    throw error;
  }
}
