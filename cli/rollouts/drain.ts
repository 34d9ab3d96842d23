/** `tidegate cluster drain` and `restore`: a worker moves the calls; here it is asked for, and told as it goes. */
import { WorkflowExecutionAlreadyStartedError, type Client, type WorkflowHandle } from '@temporalio/client';
import type { DrainedService, DrainInput, DrainStatus } from '../../core/contract/drain.ts';
import { installationIn } from '../../core/contract/installation.ts';
import { messageNames, workflowNames } from '../../core/contract/messages.ts';
import { taskQueue } from '../../core/contract/queues.ts';
import { workflowIdOf } from '../../core/contract/workflow-ids.ts';
import { TidegateError } from '../../core/values/error.ts';
import { refusalOf } from '../../platform/temporal/start-change.ts';
import { exitCodes, type Io } from '../io.ts';

const LOOK_MS = 1_000;

interface AskedDrain {
  readonly input: DrainInput;
  readonly detach: boolean;
}

export async function drainNow(client: Client, io: Io, { input, detach }: AskedDrain): Promise<number> {
  const handle = await started(client, installationIn(io.env), input);
  if (detach) {
    io.stdout(`${handle.workflowId}\n`);
    return exitCodes.ok;
  }
  const told = new Map<string, string>();
  const tell = ({ services }: DrainStatus): void => {
    for (const one of services.filter(({ phase }) => phase !== 'queued')) {
      const line = lineOf(one);
      if (told.get(one.service) !== line) io.stdout(`${line}\n`);
      told.set(one.service, line);
    }
  };
  const end = endOf(handle);
  while (!io.signal.aborted) {
    const result = await Promise.race([end, io.sleep(LOOK_MS)]);
    if (result !== undefined) return ended(io, result, tell);
    await handle.query<DrainStatus>(messageNames.status).then(tell, () => undefined);
  }
  io.stderr(`It goes on without you: ${handle.workflowId}\n`);
  return exitCodes.error;
}

function ended(io: Io, result: DrainStatus | Error, tell: (status: DrainStatus) => void): number {
  if (result instanceof Error) throw result;
  tell(result);
  const { services, cluster, does } = result;
  if (services.length === 0)
    io.stdout(does === 'drain' ? `no service calls ${cluster}\n` : `${cluster} is not drained\n`);
  const left = services.filter(({ phase }) => phase === 'left');
  if (left.length === 0) return exitCodes.ok;
  io.stderr(`not done: ${left.map(({ service }) => service).join(', ')}; again: tidegate cluster ${does} ${cluster}\n`);
  return exitCodes.needsPerson;
}

const lineOf = ({ service, phase, text, workflowId }: DrainedService): string =>
  `${service}: ${phase}: ${text}${phase === 'moving' ? ` (${workflowId})` : ''}`;

/** Handled at once, so that a refusal that comes while somebody looks is not lost. */
const endOf = (handle: WorkflowHandle): Promise<DrainStatus | Error> =>
  handle.result().then(
    (result) => result as DrainStatus,
    (error: unknown) => refusalOf(error),
  );

/** The id is the lock: who asks while one is under way is refused, and told which. */
async function started(client: Client, installation: string, input: DrainInput): Promise<WorkflowHandle> {
  const workflowId = workflowIdOf(installation, 'drain', input.mesh ?? '', input.cluster);
  try {
    return await client.workflow.start(workflowNames.drainCluster, {
      workflowId,
      taskQueue: taskQueue(installation, 'control'),
      args: [input],
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    throw new TidegateError('Conflict', `a drain or its end is under way for ${input.cluster}: ${workflowId}`, {
      fix: `wait for its end, or stop it (what it has moved stays moved): temporal workflow cancel -w ${workflowId}`,
    });
  }
}
