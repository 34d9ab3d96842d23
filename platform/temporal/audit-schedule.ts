/** The schedule that starts the audit of a mesh. Asked for as often as anybody likes, it is there once. */
import {
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  type ScheduleClient,
} from '@temporalio/client';
import { idSchemes } from '../../core/contract/installation.ts';
import { workflowNames } from '../../core/contract/messages.ts';
import { taskQueue } from '../../core/contract/queues.ts';
import { auditWorkflowId } from '../../core/contract/workflow-ids.ts';

/** Between two audits, ms: 48 a day, whatever the number of services. */
export const AUDIT_EVERY_MS = 30 * 60_000;

export interface AuditedMesh {
  readonly mesh: string;
  readonly installation: string;
  readonly everyMs?: number;
}

/** An existing schedule is left as it is: somebody may have paused it, or set another time. */
export async function ensureAudit(
  schedules: ScheduleClient,
  { mesh, installation, everyMs = AUDIT_EVERY_MS }: AuditedMesh,
): Promise<'created' | 'unchanged'> {
  await dropFormer(schedules, { mesh, installation });
  try {
    await schedules.create({
      scheduleId: auditWorkflowId(installation, mesh),
      spec: { intervals: [{ every: everyMs }] },
      action: {
        type: 'startWorkflow',
        workflowType: workflowNames.audit,
        workflowId: auditWorkflowId(installation, mesh),
        taskQueue: taskQueue(installation, 'control'),
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

/** The schedule that 0.1.0 has made of the same mesh: its audits would be done twice. */
async function dropFormer(schedules: ScheduleClient, { mesh, installation }: AuditedMesh): Promise<void> {
  if (!idSchemes(installation).includes(null)) return;
  try {
    await schedules.getHandle(auditWorkflowId(null, mesh)).delete();
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
  }
}
