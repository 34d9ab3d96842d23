/** What waits for its turn, from outside: follow it, look at it, drop it. */
import { WorkflowNotFoundError, WorkflowUpdateFailedError, type Client } from '@temporalio/client';
import { messageNames, type QueuedResult } from '../../core/contract/messages.ts';
import { nextWorkflowId } from '../../core/contract/workflow-ids.ts';
import type { RolloutStatus } from '../../core/rollout/machine/status.ts';
import { standText } from '../../core/rollout/running.ts';
import { endOf, type EndedWaiting, type WaitingStatus } from '../../core/rollout/waiting.ts';
import { refuse, TidegateError } from '../../core/values/error.ts';
import { endedText, waitingText } from '../../core/view/waiting-text.ts';
import { exitCodes, type Io } from '../io.ts';
import { heard, PATIENCE_MS, watchRollout, type RolloutIdentity } from './rollout.ts';

interface RunRef {
  readonly workflowId: string;
  /** '' = the newest. */
  readonly runId: string;
}

/** Of one question in a list, ms: one that does not answer holds up no other. */
const ANSWER_MS = 5_000;

/** null: it does not answer. */
export async function asked<T>(client: Client, { workflowId, runId }: RunRef, query: string): Promise<T | null> {
  const handle = client.workflow.getHandle(workflowId, runId === '' ? undefined : runId);
  try {
    return await client.withDeadline(Date.now() + ANSWER_MS, () => handle.query<T>(query));
  } catch {
    return null;
  }
}

/** What waits there, with what the run before it does right now. null: it does not answer. */
export async function askWaiting(client: Client, run: RunRef): Promise<WaitingStatus | null> {
  const status = await asked<WaitingStatus>(client, run, messageNames.status);
  return status === null ? null : withNews(client, status);
}

/** `next` looks when it is woken; a person wants to know how far the run before it is. */
async function withNews(client: Client, status: WaitingStatus): Promise<WaitingStatus> {
  if (status.behind === null || status.waits === null) return status;
  const run = await asked<RolloutStatus>(client, status.behind, messageNames.status);
  return run === null || run.outcome !== null ? status : { ...status, reason: `behind ${standText(run)}` };
}

const nextIdOf = (of: RolloutIdentity): string =>
  nextWorkflowId(of.installation, { ...of, part: of.part ?? 'versions' });

/** null: nothing waits. */
export async function findWaiting(client: Client, of: RolloutIdentity): Promise<WaitingStatus | null> {
  const workflowId = nextIdOf(of);
  try {
    const { status } = await client.workflow.getHandle(workflowId).describe();
    return status.name === 'RUNNING' ? await askWaiting(client, { workflowId, runId: '' }) : null;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

interface Following {
  readonly client: Client;
  readonly io: Io;
  readonly queued: QueuedResult['queued'];
  readonly detach: boolean;
}

/** Until its turn, and then its rollout to the end. Ctrl-C leaves it waiting. */
export async function followWaiting({ client, io, queued, detach }: Following): Promise<number> {
  io.stderr(`${queued.text}\n`);
  if (detach) {
    io.stdout(`${queued.workflowId}\n`);
    return exitCodes.ok;
  }
  const end = await untilItsTurn(client, io, queued);
  if (end === null) {
    io.stderr('It waits on without you: tidegate rollout list\n');
    return exitCodes.error;
  }
  if (end.end !== 'started') throw new TidegateError('Invalid', endedText(end));
  io.stderr(`${endedText(end)}\n`);
  return watchRollout(client.workflow.getHandle(end.workflowId), io);
}

/** null on Ctrl-C. */
async function untilItsTurn(
  client: Client,
  io: Io,
  { id, ...run }: RunRef & { id: string },
): Promise<EndedWaiting | null> {
  let said = '';
  let silentSinceMs: number | undefined;
  while (!io.signal.aborted) {
    const seen = await heard(() => lookAt(client, run));
    if (seen instanceof TidegateError) {
      silentSinceMs ??= io.now();
      if (io.now() - silentSinceMs > PATIENCE_MS) throw seen;
    } else {
      silentSinceMs = undefined;
      const end = endOf(seen, id);
      if (end !== null) return end;
      const one = seen.waits ?? seen.turn;
      const text = one === null ? said : waitingText(one, seen);
      if (text !== said) io.stdout(`${new Date(io.now()).toISOString()} ${text}\n`);
      said = text;
    }
    await io.sleep(1_000);
  }
  return null;
}

/** Throws when somebody has ended it in Temporal: what waited is gone then. */
async function lookAt(client: Client, { workflowId, runId }: RunRef): Promise<WaitingStatus> {
  const { status } = await client.workflow.getHandle(workflowId, runId).describe();
  if (status.name === 'CONTINUED_AS_NEW')
    return lookAt(client, { workflowId, runId: await newestRun(client, workflowId) });
  if (status.name !== 'RUNNING' && status.name !== 'COMPLETED') {
    const words = status.name.toLowerCase().replace('_', ' ');
    refuse(
      'Invalid',
      `${workflowId} has ended (${words}), and what waited there is dropped`,
      'ask for the change again',
    );
  }
  const said = await client.workflow.getHandle(workflowId, runId).query<WaitingStatus>(messageNames.status);
  return withNews(client, said);
}

const newestRun = async (client: Client, workflowId: string): Promise<string> =>
  (await client.workflow.getHandle(workflowId).describe()).runId;

export async function dropWaiting(client: Client, of: RolloutIdentity, reason: string): Promise<EndedWaiting> {
  const handle = client.workflow.getHandle(nextIdOf(of));
  try {
    const { ended } = await handle.executeUpdate<WaitingStatus, [{ reason: string }]>(messageNames.drop, {
      args: [{ reason }],
    });
    const last = ended.at(-1);
    if (last !== undefined) return last;
    throw new TidegateError('Bug', 'what was dropped is not told');
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError)
      throw new TidegateError('Invalid', error.cause?.message ?? error.message);
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    refuse('Invalid', `nothing of ${of.service} waits for its turn`, 'what runs and what waits: tidegate rollout list');
  }
}
