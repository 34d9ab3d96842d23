/** A watch of a mesh on a Temporal server, with clusters that a test says are lost, and writes that it answers. */
import { expect } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { withFailures } from '../../activities/failures.ts';
import { systemClock } from '../../activities/ports.ts';
import type {
  FailedOverClient,
  FailOverInput,
  WatchClustersInput,
  WatchClustersResult,
  WatchMeshStatus,
} from '../../core/contract/failover.ts';
import { DEFAULT_INSTALLATION } from '../../core/contract/installation.ts';
import { messageNames, workflowNames } from '../../core/contract/messages.ts';
import { taskQueue } from '../../core/contract/queues.ts';
import type { ListServicesResult } from '../../core/contract/settle-activities.ts';
import { watchWorkflowId } from '../../core/contract/workflow-ids.ts';
import { present } from '../../core/values/json.ts';
import { WHOLE } from '../../core/values/share.ts';
import { startWorkers } from '../../worker/workers.ts';
import { assertEventually } from './eventually.ts';
import { clusterNames } from './facts.ts';
import { fakeWorld, untilCancelled } from './fake-activities.ts';
import { limits } from './limits.ts';
import { textIo, type TextIo } from './text-io.ts';
import type { RolloutActivities } from '../../core/contract/activities.ts';
import type { TemporalOfFile } from './temporal-of-file.ts';

const [aws, gcp, onprem] = clusterNames;

type News = WatchClustersResult['news'][number];

export const found = (judgement: News['judgement'], text = 'so they say', atMs = 1_000): WatchClustersResult => ({
  news: [{ cluster: gcp, judgement, text, atMs }],
  answering: [aws, onprem],
});

export const moved: FailedOverClient = { cluster: aws, action: 'configured', shares: { [aws]: WHOLE }, failed: '' };

interface Played {
  readonly mesh: string;
  /** Each time that it is listed; the last one again. */
  readonly failover?: readonly ListServicesResult['failover'][];
  /** What the looks find, the first first; then they wait. */
  readonly looks?: readonly WatchClustersResult[];
  /** What a person is told. */
  readonly evidence?: WatchClustersResult;
  /** Each attempt; the last one again. */
  readonly writes?: readonly FailedOverClient[];
  readonly activities?: Partial<RolloutActivities>;
  /** Of the service. */
  readonly ratePerReplica?: number;
}

interface WatchStage {
  readonly start: () => Promise<WorkflowHandle>;
  readonly handle: WorkflowHandle;
  readonly status: () => Promise<WatchMeshStatus>;
  readonly until: (wanted: object) => Promise<void>;
  readonly asked: FailOverInput[];
  readonly looked: WatchClustersInput[];
}

export async function onWatchStage(
  temporal: TemporalOfFile,
  { mesh, writes = [moved], ...given }: Played,
  body: (stage: WatchStage) => Promise<void>,
): Promise<void> {
  const { client, nativeConnection, namespace = 'default' } = temporal.env;
  const looks = [...(given.looks ?? [])];
  const policies = [...(given.failover ?? [])];
  const asked: FailOverInput[] = [];
  const looked: WatchClustersInput[] = [];
  const service = { installation: 'default', mesh, namespace: 'shop', service: 'checkout' };
  const clusters = clusterNames.map((name) => ({ name }));
  const own: Partial<RolloutActivities> = {
    listServices: async () => {
      const failover = policies.length > 1 ? policies.shift() : policies[0];
      const services = [
        {
          service,
          warmMs: 1_000,
          drainMs: 1_000,
          failover: [onprem],
          ...present({ ratePerReplica: given.ratePerReplica }),
        },
      ];
      return { mesh, clusters, services, ...present({ failover }) };
    },
    watchClusters: async (input) => {
      looked.push(input);
      if (input.person !== undefined) return given.evidence ?? found('suspected');
      return looks.shift() ?? (await untilCancelled());
    },
    failOver: async (input) => {
      asked.push(input);
      return { clients: [writes[Math.min(asked.length, writes.length) - 1] ?? moved] };
    },
  };
  const { workflowBundle } = temporal;
  // Errors become failures as in a worker: what is fenced out is not tried again.
  const activities = withFailures({ ...fakeWorld().activities, ...own, ...given.activities });
  const workers = await startWorkers({
    connection: nativeConnection,
    namespace,
    activities,
    workflowBundle,
    graceMs: 500,
  });
  const handle = client.workflow.getHandle(watchWorkflowId(DEFAULT_INSTALLATION, mesh));
  const status = (): Promise<WatchMeshStatus> => handle.query<WatchMeshStatus>(messageNames.status);
  try {
    await body({
      ...{ handle, status, asked, looked },
      start: () =>
        client.workflow.start(workflowNames.watchMesh, {
          workflowId: handle.workflowId,
          taskQueue: taskQueue(DEFAULT_INSTALLATION, 'control'),
          args: [{ mesh }],
        }),
      until: (wanted) => assertEventually(async () => expect(await status()).toMatchObject(wanted), limits.phase),
    });
    await Worker.runReplayHistory({ workflowBundle }, await handle.fetchHistory(), handle.workflowId);
  } finally {
    await handle.terminate().catch(() => undefined);
    workers.shutdown();
    await workers.done;
  }
}

export const terminal = (): TextIo =>
  Object.assign(textIo({ USER: 'ann' }), {
    now: () => Date.now(),
    sleep: (ms: number) => systemClock.sleep(ms, new AbortController().signal),
  });
