/**
 * Attempts that died with their worker are begun anew at once, not when their heartbeat timeout has passed: a watch at a
 * gate beats every half hour. A worker looks when it starts, and whenever another one has gone. An attempt is failed by
 * its activity's id, as retryable: the next one goes on from the last heartbeat, and the history gets no event.
 */
import { isGrpcServiceError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { setTimeout as wait } from 'node:timers/promises';
import { queues, taskQueue } from '../../core/contract/queues.ts';
import { identityText, isGone, ownIdentity, type Sight, type WorkerIdentity } from './worker-identity.ts';

/** Between two looks at who still polls, ms. */
const LOOK_MS = 15_000;
/** Runs that are asked at once: the server must not feel it. */
const AT_ONCE = 20;

// As Temporal's API numbers them.
const workflowTasks = 1;
const activityTasks = 2;
const attemptStarted = 2;
const heartbeatTimeout = 4;
const notFound = 5;

export interface LostAttemptsOptions {
  readonly client: Client;
  /** Whose queues they are. */
  readonly installation: string;
  /** Default: this process. */
  readonly own?: WorkerIdentity;
  readonly report: (line: string) => void;
}

export interface Lookout {
  /** The first look is over. Never rejects. */
  readonly looked: Promise<void>;
  stop(): Promise<void>;
}

/** Looks at once, and goes on looking until it is stopped. Temporal that does not answer is asked again. */
export function lookOutForLostAttempts(options: LostAttemptsOptions): Lookout {
  const stopping = new AbortController();
  const look = createLook(options);
  const once = (): Promise<void> =>
    look().catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      options.report(
        `attempts of lost workers cannot be looked for, they begin anew after their heartbeat timeout: ${why}\n`,
      );
    });
  const looked = once();
  const ended = (async () => {
    await looked;
    while (!stopping.signal.aborted) {
      await wait(LOOK_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (!stopping.signal.aborted) await once();
    }
  })();
  return {
    looked,
    stop: () => {
      stopping.abort();
      return ended;
    },
  };
}

/** One look. All open runs are asked at the first, and later when a worker that was there polls no more. */
function createLook({ client, installation, own = ownIdentity(), report }: LostAttemptsOptions): () => Promise<void> {
  let there: readonly string[] | null = null;
  return async () => {
    const sight: Sight = { own, nowMs: Date.now(), polledAtMs: await pollers(client, installation), hasProcess };
    const before = there;
    const gone = before?.filter((one) => isGone(one, sight)) ?? [];
    there = [...new Set([...(before ?? []), ...sight.polledAtMs.keys()])].filter((one) => !isGone(one, sight));
    if (before !== null && gone.length === 0) return;
    const failed = await beginAnew(client, installation, sight);
    if (failed > 0) report(`${String(failed)} attempts of workers that are gone begin anew\n`);
  };
}

/** When each worker began its last poll of any of our queues. */
async function pollers(client: Client, installation: string): Promise<Map<string, number>> {
  const described = await Promise.all(
    queues.map((queue) =>
      client.workflowService.describeTaskQueue({
        namespace: client.options.namespace,
        taskQueue: { name: taskQueue(installation, queue) },
        taskQueueType: queue === 'control' ? workflowTasks : activityTasks,
      }),
    ),
  );
  const polled = new Map<string, number>();
  for (const { identity, lastAccessTime } of described.flatMap((one) => one.pollers ?? [])) {
    if (!identity) continue;
    polled.set(identity, Math.max(polled.get(identity) ?? 0, Number(lastAccessTime?.seconds ?? 0) * 1_000));
  }
  return polled;
}

function hasProcess(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** In every open run of ours. Answers with how many attempts were lost. */
async function beginAnew(client: Client, installation: string, sight: Sight): Promise<number> {
  let failed = 0;
  let batch: Promise<number>[] = [];
  const flush = async (): Promise<void> => {
    failed += (await Promise.all(batch)).reduce((sum, one) => sum + one, 0);
    batch = [];
  };
  const query = `ExecutionStatus = 'Running' AND TaskQueue = '${taskQueue(installation, 'control')}'`;
  for await (const { workflowId, runId } of client.workflow.list({ query })) {
    batch.push(beginAnewIn(client, { workflowId, runId }, sight));
    if (batch.length >= AT_ONCE) await flush();
  }
  await flush();
  return failed;
}

interface Run {
  readonly workflowId: string;
  readonly runId: string;
}

async function beginAnewIn(client: Client, { workflowId, runId }: Run, sight: Sight): Promise<number> {
  const { namespace } = client.options;
  const { workflowService } = client;
  try {
    // Its next task would wait ten seconds for the worker that has it in its cache.
    await workflowService.resetStickyTaskQueue({ namespace, execution: { workflowId, runId } });
    const { raw } = await client.workflow.getHandle(workflowId, runId).describe();
    const lost = (raw.pendingActivities ?? []).filter(
      ({ state, lastWorkerIdentity }) => Number(state) === attemptStarted && isGone(lastWorkerIdentity ?? '', sight),
    );
    for (const { activityId, lastWorkerIdentity } of lost) {
      await workflowService.respondActivityTaskFailedById({
        namespace,
        workflowId,
        runId,
        activityId: activityId ?? '',
        identity: identityText(sight.own),
        failure: {
          message: `its worker ${lastWorkerIdentity ?? ''} is gone`,
          source: 'tidegate',
          timeoutFailureInfo: { timeoutType: heartbeatTimeout },
        },
      });
    }
    return lost.length;
  } catch (error) {
    if (hasEnded(error)) return 0;
    throw error;
  }
}

/** The run or the activity has ended meanwhile: another worker was faster. */
const hasEnded = (error: unknown): boolean =>
  error instanceof WorkflowNotFoundError || (isGrpcServiceError(error) && Number(error.code) === notFound);
