/** `tidegate topology drill`: workers move the calls and bring them back; here it is asked for, and told as it goes. */
import { WorkflowExecutionAlreadyStartedError, type Client, type WorkflowHandle } from '@temporalio/client';
import type { DrillInput, DrillStatus } from '../../core/contract/drill.ts';
import { installationIn } from '../../core/contract/installation.ts';
import { messageNames, workflowNames } from '../../core/contract/messages.ts';
import { taskQueue } from '../../core/contract/queues.ts';
import { workflowIdOf } from '../../core/contract/workflow-ids.ts';
import type { DrillOutcome } from '../../core/topology/drilled.ts';
import { TidegateError } from '../../core/values/error.ts';
import { drillText } from '../../core/view/drill-text.ts';
import { refusalOf } from '../../platform/temporal/start-change.ts';
import { exitCodes, type Io } from '../io.ts';

const LOOK_MS = 1_000;

interface AskedDrill {
  readonly input: DrillInput;
  readonly detach: boolean;
  readonly json: boolean;
}

const codes: Readonly<Record<DrillOutcome, number>> = {
  held: exitCodes.ok,
  failed: exitCodes.restored,
  incomplete: exitCodes.needsPerson,
};

export async function drillNow(client: Client, io: Io, { input, detach, json }: AskedDrill): Promise<number> {
  const handle = await started(client, installationIn(io.env), input);
  if (detach) {
    io.stdout(`${handle.workflowId}\n`);
    return exitCodes.ok;
  }
  const told = new Map<string, string>();
  const tell = ({ services }: DrillStatus): void => {
    for (const { service, phase, text } of services.filter((one) => one.phase !== 'queued')) {
      const line = `${service}: ${phase}: ${text}`;
      if (told.get(service) !== line) io.stderr(`${line}\n`);
      told.set(service, line);
    }
  };
  // Handled at once, so that a refusal that comes while somebody looks is not lost.
  const end = handle.result().then(
    (result) => result as DrillStatus,
    (error: unknown) => refusalOf(error),
  );
  while (!io.signal.aborted) {
    const result = await Promise.race([end, io.sleep(LOOK_MS)]);
    if (result instanceof Error) throw result;
    if (result !== undefined) {
      tell(result);
      io.stdout(json ? `${JSON.stringify(result, null, 2)}\n` : drillText(result));
      return result.services.length === 0 ? exitCodes.ok : codes[result.report?.outcome ?? 'failed'];
    }
    await handle.query<DrillStatus>(messageNames.status).then(tell, () => undefined);
  }
  io.stderr(
    `It goes on without you: ${handle.workflowId}; stop it: temporal workflow cancel -w ${handle.workflowId}\n`,
  );
  return exitCodes.error;
}

/** The id is the lock: who asks while one is under way is refused, and told which. */
async function started(client: Client, installation: string, input: DrillInput): Promise<WorkflowHandle> {
  const workflowId = workflowIdOf(installation, 'drill', input.mesh ?? '', input.cluster);
  try {
    return await client.workflow.start(workflowNames.drillCluster, {
      workflowId,
      taskQueue: taskQueue(installation, 'control'),
      args: [input],
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    throw new TidegateError('Conflict', `a drill of ${input.cluster} is under way: ${workflowId}`, {
      fix: `wait for its end, or bring its calls back: temporal workflow cancel -w ${workflowId}`,
    });
  }
}
