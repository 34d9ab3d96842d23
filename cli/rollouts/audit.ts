/** `tidegate audit`: one audit by hand, and what the settlers make of what it finds. */
import type { Client, WorkflowHandle } from '@temporalio/client';
import { randomUUID } from 'node:crypto';
import {
  messageNames,
  workflowNames,
  type AuditedService,
  type AuditInput,
  type AuditResult,
  type SettlePhase,
  type SettleStatus,
} from '../../core/contract/messages.ts';
import { installationIn } from '../../core/contract/installation.ts';
import { taskQueue } from '../../core/contract/queues.ts';
import { auditWorkflowId, settleWorkflowId } from '../../core/contract/workflow-ids.ts';
import { partFlag } from '../../core/routing/part.ts';
import { refuse } from '../../core/values/error.ts';
import { needText } from '../../core/view/settle-details.ts';
import { stuckFix, stuckText } from '../../core/view/stuck-text.ts';
import { AUDIT_EVERY_MS, ensureAudit } from '../../platform/temporal/audit-schedule.ts';
import { refusalOf } from '../../platform/temporal/start-change.ts';
import { exitCodes, type Io } from '../io.ts';

/** How long a settler is followed before the command leaves it to itself, ms. */
const PATIENCE_MS = 60_000;

/** In these it works right now: an answer is worth waiting for. */
const busy: readonly SettlePhase[] = ['looking', 'restoring'];

export async function auditNow(client: Client, io: Io, input: AuditInput): Promise<number> {
  const installation = installationIn(io.env);
  const handle = await client.workflow.start(workflowNames.audit, {
    workflowId: auditWorkflowId(installation, input.mesh ?? '', `by-hand-${randomUUID()}`),
    taskQueue: taskQueue(installation, 'control'),
    args: [{ ...input, wakes: true }],
    workflowExecutionTimeout: '10m',
  });
  const { mesh, services, unsettled, stuck = [], stuckUnasked } = await resultOf(handle);
  const count = `${String(services)} ${services === 1 ? 'service' : 'services'} of ${mesh}`;
  io.stdout(`${count}: ${unsettled.length === 0 ? 'settled' : `${String(unsettled.length)} not settled`}\n`);
  const ends = await Promise.all(unsettled.map((one) => followed(client, io, one)));
  for (const text of ends) io.stdout(text.lines);
  for (const run of stuck)
    io.stdout(`${stuckText(run)}\n  → ${stuckFix(run, `${run.service.service}${partFlag(run.part)}`)}\n`);
  if (stuckUnasked !== undefined) io.stderr(`whether runs stand still could not be asked: ${stuckUnasked}\n`);
  const needsPerson = stuck.length > 0 || ends.some(({ phase }) => phase === 'needs-person');
  return needsPerson ? exitCodes.needsPerson : exitCodes.ok;
}

async function resultOf(handle: WorkflowHandle): Promise<AuditResult> {
  try {
    return (await handle.result()) as AuditResult;
  } catch (error) {
    throw refusalOf(error);
  }
}

interface Followed {
  readonly phase: SettlePhase;
  readonly lines: string;
}

async function followed(client: Client, io: Io, { service, needs, started }: AuditedService): Promise<Followed> {
  const name = `${service.namespace}/${service.service}`;
  const found = needs.map((need) => `  found  ${needText(need)}`);
  if (!started && needs.every(({ kind }) => kind === 'paused'))
    return { phase: 'paused', lines: `${[`${name}: paused`, ...found].join('\n')}\n` };
  const handle = client.workflow.getHandle(settleWorkflowId(installationIn(io.env), service));
  const until = io.now() + PATIENCE_MS;
  let status = await handle.query<SettleStatus>(messageNames.status);
  while (busy.includes(status.phase) && io.now() < until && !io.signal.aborted) {
    await io.sleep(500);
    status = await handle.query<SettleStatus>(messageNames.status);
  }
  const { phase, reason, log } = status;
  const lines = [
    `${name}: ${phase}: ${reason}`,
    ...found,
    ...log.map(({ atMs, text }) => `  ${new Date(atMs).toISOString().slice(11, 19)}  ${text}`),
  ];
  return { phase, lines: `${lines.join('\n')}\n` };
}

export async function scheduleAudit(client: Client, io: Io, mesh: string | undefined): Promise<number> {
  const name = mesh ?? (await onlyMesh(io));
  const made = await ensureAudit(client.schedule, { mesh: name, installation: installationIn(io.env) });
  const every = `every ${String(AUDIT_EVERY_MS / 60_000)} minutes`;
  io.stdout(made === 'created' ? `${name} is audited ${every}\n` : `${name} has its schedule already\n`);
  return exitCodes.ok;
}

async function onlyMesh(io: Io): Promise<string> {
  const directory = io.env['TIDEGATE_CONFIG'];
  if (directory === undefined)
    refuse('Invalid', 'the mesh is not known', 'set TIDEGATE_CONFIG to the config directory, or give --mesh');
  const { createConfigLoader } = await import('../../platform/config/load.ts');
  return (await createConfigLoader({ directory }).loadMesh()).name;
}
