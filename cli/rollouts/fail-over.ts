/** `tidegate cluster failover`: a person says that a cluster is lost; a worker looks at the evidence, and moves its calls. */
import {
  WithStartWorkflowOperation,
  WorkflowUpdateFailedError,
  type Client,
  type WorkflowHandle,
} from '@temporalio/client';
import type { FailOverAnswer, FailOverAsked, WatchMeshInput, WatchMeshStatus } from '../../core/contract/failover.ts';
import { installationIn } from '../../core/contract/installation.ts';
import { messageNames, workflowNames } from '../../core/contract/messages.ts';
import { taskQueue } from '../../core/contract/queues.ts';
import { watchWorkflowId } from '../../core/contract/workflow-ids.ts';
import { TidegateError } from '../../core/values/error.ts';
import { exitCodes, type Io } from '../io.ts';

const LOOK_MS = 1_000;

interface AskedFailover extends FailOverAsked {
  readonly mesh: string;
}

export async function failOverNow(client: Client, io: Io, { mesh, ...asked }: AskedFailover): Promise<number> {
  const installation = installationIn(io.env);
  const workflowId = watchWorkflowId(installation, mesh);
  const { judgement, text, movedAtMs } = await answer(client, { installation, workflowId, mesh, asked });
  io.stdout(`${asked.cluster}: ${judgement}: ${text}\n`);
  if (judgement !== 'lost') {
    io.stderr(
      `nothing is moved: the evidence does not say that it is lost; tidegate cluster drain ${asked.cluster} takes it out of the traffic, proven and judged\n`,
    );
    return exitCodes.needsPerson;
  }
  return followed(client.workflow.getHandle(workflowId), io, { cluster: asked.cluster, movedAtMs });
}

interface Asking {
  readonly installation: string;
  readonly workflowId: string;
  readonly mesh: string;
  readonly asked: FailOverAsked;
}

type WatchMesh = (input: WatchMeshInput) => Promise<WatchMeshStatus>;

async function answer(client: Client, { installation, workflowId, mesh, asked }: Asking): Promise<FailOverAnswer> {
  const startWorkflowOperation = new WithStartWorkflowOperation<WatchMesh>(workflowNames.watchMesh, {
    workflowId,
    taskQueue: taskQueue(installation, 'control'),
    args: [{ mesh }],
    workflowIdConflictPolicy: 'USE_EXISTING',
  });
  try {
    return await client.workflow.executeUpdateWithStart<WatchMesh, FailOverAnswer, [FailOverAsked]>(
      messageNames.failOver,
      {
        startWorkflowOperation,
        args: [asked],
      },
    );
  } catch (error) {
    if (!(error instanceof WorkflowUpdateFailedError)) throw error;
    throw new TidegateError('Invalid', error.cause?.message ?? error.message, { cause: error });
  }
}

interface Following {
  readonly cluster: string;
  /** Of a failover before this one. */
  readonly movedAtMs: number;
}

async function followed(handle: WorkflowHandle, io: Io, { cluster, movedAtMs }: Following): Promise<number> {
  const told = new Map<string, string>();
  while (!io.signal.aborted) {
    const { services, clusters } = await handle.query<WatchMeshStatus>(messageNames.status);
    for (const { service, phase, text } of services.filter((one) => one.cluster === cluster)) {
      const line = `${service}: ${phase}: ${text}`;
      if (told.get(service) !== line) io.stdout(`${line}\n`);
      told.set(service, line);
    }
    if (clusters.some((one) => one.cluster === cluster && one.movedAtMs > movedAtMs)) {
      const left = services.filter(
        (one) => one.cluster === cluster && (['left', 'paused'].includes(one.phase) || one.proof === 'contradicted'),
      );
      return left.length === 0 ? exitCodes.ok : exitCodes.needsPerson;
    }
    await io.sleep(LOOK_MS);
  }
  io.stderr(`It goes on without you: ${handle.workflowId}\n`);
  return exitCodes.error;
}
