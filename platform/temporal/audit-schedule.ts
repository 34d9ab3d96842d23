/** The schedule that starts the audit of a mesh. Asked for as often as anybody likes, it is there once. */
import type { ScheduleClient } from '@temporalio/client';
import { idSchemes } from '../../core/contract/installation.ts';
import { workflowNames } from '../../core/contract/messages.ts';
import { auditWorkflowId } from '../../core/contract/workflow-ids.ts';
import { ensureSchedule, removeSchedule } from './schedules.ts';

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
  return ensureSchedule(schedules, {
    ...{ id: auditWorkflowId(installation, mesh), installation, workflowType: workflowNames.audit },
    ...{ args: [{ mesh }], everyMs, summary: `are all services of ${mesh} settled?` },
  });
}

/** The schedule that 0.1.0 has made of the same mesh: its audits would be done twice. */
async function dropFormer(schedules: ScheduleClient, { mesh, installation }: AuditedMesh): Promise<void> {
  if (!idSchemes(installation).includes(null)) return;
  await removeSchedule(schedules, auditWorkflowId(null, mesh));
}
