/** `tidegate rollout retry`: the change of the last rollout again, from config and records as they are now. */
import type { Client } from '@temporalio/client';
import { messageNames, type StartRolloutResult } from '../../core/contract/messages.ts';
import type { Change } from '../../core/rollout/change.ts';
import type { Plan } from '../../core/rollout/plan/plan.ts';
import { partOf } from '../../core/routing/part.ts';
import { refuse } from '../../core/values/error.ts';
import type { Io } from '../io.ts';
import type { ServiceIdentity } from './rollout.ts';
import { startChange } from '../../platform/temporal/start-change.ts';
import { present } from '../../core/values/json.ts';

export async function retryChange(
  client: Client,
  workflowId: string,
  of: ServiceIdentity,
  io: Io,
): Promise<StartRolloutResult> {
  const handle = client.workflow.getHandle(workflowId);
  const { status } = await handle.describe();
  if (status.name === 'RUNNING') {
    refuse('Conflict', `${workflowId} is still running`, 'abort it first, or watch it');
  }
  const plan = await handle.query<Plan>(messageNames.plan);
  return startChange(client, { ...of, change: changeOf(plan) }, io.stderr);
}

function changeOf(plan: Plan): Change {
  const image = Object.values(plan.sources).find((source) => source.image !== undefined)?.image;
  switch (plan.kind) {
    case 'deploy':
      return { kind: 'deploy', version: plan.version, ...present({ image }) };
    case 'adopt':
      return { kind: 'adopt', version: plan.version };
    case 'undo':
      return { kind: 'undo', version: plan.version };
    case 'restore':
      return { kind: 'restore', part: partOf(plan) };
    default:
      return { kind: plan.kind };
  }
}
