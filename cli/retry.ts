/** `tidegate rollout retry`: the change of the last rollout again, from config and records as they are now. */
import type { Client } from '@temporalio/client';
import { TidegateError } from '../core/contract/errors.ts';
import { messageNames, type StartRolloutResult } from '../core/contract/messages.ts';
import type { Change, Plan } from '../core/contract/plan.ts';
import type { Io } from './io.ts';
import type { Wanted } from './rollout.ts';
import { startChange } from './start.ts';

export async function retryChange(client: Client, workflowId: string, of: Wanted, io: Io): Promise<StartRolloutResult> {
  const handle = client.workflow.getHandle(workflowId);
  const { status } = await handle.describe();
  if (status.name === 'RUNNING') {
    throw new TidegateError('Conflict', `${workflowId} is still running`, { fix: 'abort it first, or watch it' });
  }
  const plan = await handle.query<Plan>(messageNames.plan);
  return startChange(client, { ...of, change: changeOf(plan) }, io);
}

function changeOf(plan: Plan): Change {
  const image = Object.values(plan.sources).find((source) => source.image !== undefined)?.image;
  switch (plan.kind) {
    case 'deploy':
      return { kind: 'deploy', version: plan.version, ...(image === undefined ? {} : { image }) };
    case 'adopt':
    case 'undo':
      return { kind: plan.kind, version: plan.version };
    default:
      return { kind: plan.kind };
  }
}
