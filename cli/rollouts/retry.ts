/** `tidegate rollout retry`: the change of the last rollout again, from config and records as they are now. */
import type { Client, WorkflowHandle } from '@temporalio/client';
import { installationIn } from '../../core/contract/installation.ts';
import { messageNames, type StartRolloutResult } from '../../core/contract/messages.ts';
import type { Change } from '../../core/rollout/change.ts';
import type { Plan } from '../../core/rollout/plan/plan.ts';
import { partOf } from '../../core/routing/part.ts';
import { refuse } from '../../core/values/error.ts';
import type { Io } from '../io.ts';
import type { ServiceIdentity } from '../../core/contract/workflow-ids.ts';
import { startChange } from '../../platform/temporal/start-change.ts';
import { present } from '../../core/values/json.ts';

interface Retrying {
  readonly handle: WorkflowHandle;
  readonly of: ServiceIdentity;
  readonly io: Io;
}

export async function retryChange(client: Client, { handle, of, io }: Retrying): Promise<StartRolloutResult> {
  const { status } = await handle.describe();
  if (status.name === 'RUNNING') {
    refuse('Conflict', `${handle.workflowId} is still running`, 'abort it first, or watch it');
  }
  const plan = await handle.query<Plan>(messageNames.plan);
  return startChange(
    client,
    { mesh: of.mesh, namespace: of.namespace, service: of.service, change: changeOf(plan) },
    {
      installation: installationIn(io.env),
      tell: io.stderr,
    },
  );
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
