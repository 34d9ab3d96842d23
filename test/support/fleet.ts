/**
 * A mesh of many clusters with one service: API servers in memory, the activities that write as a worker has them, and
 * Temporal as it is. The counters of Envoys and pods are not there: proofs and watches answer as a test says.
 */
import type { WorkflowHandle } from '@temporalio/client';
import { createApplyActivities } from '../../activities/apply/index.ts';
import { withFailures } from '../../activities/failures.ts';
import { systemClock, temporalActivity, type NamedClusters } from '../../activities/ports.ts';
import { createRestoreActivities } from '../../activities/restore/index.ts';
import { annotations } from '../../core/kube/labels.ts';
import type { LoadedConfig, WaveConfig } from '../../core/config/types.ts';
import type { RolloutResult, StartRolloutResult } from '../../core/contract/messages.ts';
import { DEFAULT_INSTALLATION } from '../../core/contract/installation.ts';
import { taskQueue } from '../../core/contract/queues.ts';
import type { VerifyRoutingInput, VerifyRoutingResult } from '../../core/judge/proof/proof.ts';
import type { Change } from '../../core/rollout/change.ts';
import { cecName } from '../../core/routing/names.ts';
import type { RoutingRecord } from '../../core/routing/record.ts';
import { recordOf } from '../../core/values/json.ts';
import { WHOLE } from '../../core/values/share.ts';
import { createClusters } from '../../platform/kube/clusters.ts';
import { startWorkers } from '../../worker/workers.ts';
import { testConfig } from './facts.ts';
import { fakeWorld } from './fake-activities.ts';
import { fleetNames } from './fleet-plan.ts';
import type { Handle } from './run-rollout.ts';
import { startMemoryApis, type MemoryCluster } from './memory-api.ts';
import type { TemporalOfFile } from './temporal-of-file.ts';

const namespace = 'shop';

export interface Fleet {
  readonly clusters: Readonly<Record<string, MemoryCluster>>;
  /** From the start to the end of the rollout, by the door. */
  play(change: Change, during?: (handle: Handle) => Promise<void>): Promise<Played>;
  record(cluster: string): RoutingRecord | null;
  stop(): Promise<void>;
}

export interface Played {
  readonly door: WorkflowHandle;
  readonly handle: Handle;
  readonly started: StartRolloutResult;
  readonly result: RolloutResult;
}

type Activities = Parameters<typeof fakeWorld>[0];

export async function startFleet(
  { env, workflowBundle }: TemporalOfFile,
  { count, watchSlo }: { readonly count: number; readonly watchSlo?: NonNullable<Activities>['watchSlo'] },
): Promise<Fleet> {
  const names = fleetNames(count);
  const apis = await startMemoryApis(names);
  for (const cluster of Object.values(apis.clusters)) fill(cluster);
  // Clients and servers share a process: what is busy here is no cluster that hangs.
  const kube = createClusters({ deadlineMs: 60_000 });
  const clusters: NamedClusters = {
    connect: async ({ cluster: { name } }, options) => {
      const found = apis.clusters[name];
      if (found === undefined) throw new RangeError(`the fleet has no cluster ${name}`);
      return kube.connect(found.ref, options);
    },
  };
  const deps = { clusters, clock: systemClock, activity: temporalActivity };
  const fakes = fakeWorld({
    loadConfig: async () => configOf(names),
    verifyRouting: proofOf,
    verifyRestored: proofOf,
    ...(watchSlo !== undefined && { watchSlo }),
  });
  const { retireVersion: _retire, surveyService: _survey, ...writing } = createApplyActivities(deps);
  const workers = await startWorkers({
    connection: env.nativeConnection,
    namespace: env.namespace ?? 'default',
    activities: withFailures({ ...fakes.activities, ...writing, ...createRestoreActivities(deps) }),
    workflowBundle,
    graceMs: 500,
  });
  return {
    clusters: apis.clusters,
    record: (cluster) => recordIn(apis.clusters[cluster]),
    play: async (change, during) => {
      const workflowId = `start-${change.kind}-${String(count)}-${String(Date.now())}`;
      const start = {
        workflowId,
        taskQueue: taskQueue(DEFAULT_INSTALLATION, 'control'),
        args: [{ service: 'checkout', change }],
      };
      const door = await env.client.workflow.start('startRollout', start);
      const started = (await door.result()) as StartRolloutResult;
      const handle: Handle = env.client.workflow.getHandle(started.workflowId, started.runId);
      await during?.(handle);
      return { door, handle, started, result: await handle.result() };
    },
    stop: async () => {
      workers.shutdown();
      await workers.done;
      await kube.close();
      await apis.stop();
    },
  };
}

const proofOf = async ({ targets }: VerifyRoutingInput): Promise<VerifyRoutingResult> => ({
  result: 'verified',
  verifiedAtMs: Date.now(),
  proofs: targets.map(({ cluster }) => ({
    ...{ cluster: cluster.name, instance: 'envoy-1', result: 'verified', requests: 1_000 },
    reason: '1000 requests since the write fit the weights',
  })),
});

/** A tenth of the clusters first, then all others; 5 steps each. */
function configOf(names: readonly string[]): LoadedConfig {
  const config = testConfig();
  const canary = Math.ceil(names.length / 10);
  const steps = [50_000, 100_000, 250_000, 500_000, WHOLE].map((share) => ({ share, bakeMs: 1_000, approve: false }));
  const waves: WaveConfig[] = [
    { name: 'canary', clusters: names.slice(0, canary), steps },
    { name: 'rest', clusters: names.slice(canary), steps },
  ];
  const clusters = names.map((name, i) => ({
    ...{ ref: { name }, ciliumId: i + 1, labels: {} },
    locality: { cloud: 'aws', region: 'us-east-1', zones: [] },
  }));
  const mesh = { ...config.mesh, clusters, metrics: { kind: 'prometheus' as const } };
  return { ...config, mesh, service: { ...config.service, waves, warmMs: 1_000, drainMs: 1_000 } };
}

/** The service as its users run it: a frontend, and a Deployment that Tidegate did not make. */
function fill({ objects }: MemoryCluster): void {
  const selector = { app: 'checkout' };
  const meta = { namespace, uid: 'uid', resourceVersion: '1', generation: 1 };
  const container = {
    name: 'checkout',
    image: 'registry.example.com/shop/checkout:v1',
    ports: [{ containerPort: 8080 }],
  };
  const template = {
    metadata: { labels: { ...selector, 'app.kubernetes.io/version': 'v1' } },
    spec: { containers: [{ ...container, env: [{ name: 'LOG_LEVEL', value: 'info' }] }] },
  };
  objects.set(`services/${namespace}/checkout`, {
    ...{ apiVersion: 'v1', kind: 'Service', metadata: { ...meta, name: 'checkout' } },
    spec: { selector, ports: [{ name: 'http', port: 8080, targetPort: 8080 }] },
  });
  objects.set(`deployments/${namespace}/checkout`, {
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { ...meta, name: 'checkout' } },
    spec: { replicas: 2, selector: { matchLabels: selector }, template },
    status: { observedGeneration: 1, replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2 },
  });
}

function recordIn(cluster: MemoryCluster | undefined): RoutingRecord | null {
  const route = cluster?.objects.get(`ciliumenvoyconfigs/${namespace}/${cecName('checkout')}`);
  const text = recordOf(recordOf(route?.['metadata'])['annotations'])[annotations.record];
  return typeof text === 'string' ? (JSON.parse(text) as RoutingRecord) : null;
}
