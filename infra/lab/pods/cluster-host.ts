/**
 * The parts of kube-controller-manager, scheduler and kubelets that a cluster of the lab needs: Deployments become
 * ReplicaSets, ReplicaSets become pods, pods become HTTP servers, Services get EndpointSlices.
 */
import { createKubeClient } from '../kube-client.ts';
import type { KubeClient, KubeObject, KubeTarget } from '../kube-client.ts';
import { podAddress } from '../slot.ts';
import { reconcileDeployment } from './deployment-controller.ts';
import { ownSlices, reconcileEndpointSlices } from './endpoint-slices.ts';
import type { FaultBook } from './faults.ts';
import { controllerUid, isTerminating } from './objects.ts';
import type { Deployment, EndpointSlice, Pod, ReplicaSet, Service } from './objects.ts';
import { startPod } from './pod-runner.ts';
import type { PodRunner } from './pod-runner.ts';
import { startReflector } from './reflector.ts';
import { podPath, reconcileReplicaSet } from './replicaset-controller.ts';

export interface HostedCluster {
  readonly name: string;
  readonly cloud: string;
  readonly region: string;
  /** Second octet of the pod addresses. */
  readonly network: number;
  readonly nodes: readonly { readonly name: string; readonly zone: string }[];
  readonly target: KubeTarget;
}

export interface ClusterHost {
  stop(): Promise<void>;
}

/** Changes that come together are handled together. */
const settleMs = 15;
/** Everything is looked at again this often: start-up delays, back-offs, failed writes. */
const tickMs = 200;
const firstHost = 10;
const lastHost = 240;

export function startClusterHost(
  cluster: HostedCluster,
  options: { faults: FaultBook; metricsUrl: string },
): ClusterHost {
  const client = createKubeClient(cluster.target);
  let scheduled: NodeJS.Timeout | undefined;
  let running = false;
  let again = false;
  const changed = (): void => {
    scheduled ??= setTimeout(() => {
      scheduled = undefined;
      void run();
    }, settleMs);
  };
  const reflect = <T extends KubeObject>(path: string, query?: string): ReturnType<typeof startReflector<T>> =>
    startReflector<T>(client, query === undefined ? { path } : { path, query }, changed);
  const world = {
    client,
    deployments: reflect<Deployment>('/apis/apps/v1/deployments'),
    replicaSets: reflect<ReplicaSet>('/apis/apps/v1/replicasets'),
    pods: reflect<Pod>('/api/v1/pods'),
    services: reflect<Service>('/api/v1/services'),
    slices: reflect<EndpointSlice>('/apis/discovery.k8s.io/v1/endpointslices', ownSlices),
    zoneOf: (node: string) => cluster.nodes.find(({ name }) => name === node)?.zone ?? '',
  };
  const reflectors = [world.deployments, world.replicaSets, world.pods, world.services, world.slices];
  const kubelet = createKubelet(cluster, client, world.pods.put, options);

  async function run(): Promise<void> {
    if (running) {
      again = true;
      return;
    }
    running = true;
    try {
      do {
        again = false;
        if (reflectors.every(({ synced }) => synced)) await reconcile();
      } while (again);
    } finally {
      running = false;
    }
  }

  async function reconcile(): Promise<void> {
    kubelet.tick(world.pods.all());
    await attempt(reconcileEndpointSlices(world));
    await Promise.all(
      world.deployments
        .all()
        .filter((it) => !isTerminating(it))
        .map((it) => attempt(reconcileDeployment(world, it))),
    );
    await attempt(collectGarbage(world));
    const nodes = cluster.nodes.map(({ name }) => name);
    const sets = world.replicaSets.all().filter((set) => !isTerminating(set));
    await Promise.all(sets.map((set) => attempt(reconcileReplicaSet(world, set, nodes))));
  }

  /** A failed write is tried again at the next tick; what failed is in the log. */
  async function attempt(work: Promise<void>): Promise<void> {
    await work.catch((error: unknown) =>
      console.error(`${cluster.name}: ${error instanceof Error ? error.message : String(error)}`),
    );
  }

  const ticker = setInterval(() => void run(), tickMs);
  return {
    async stop() {
      clearInterval(ticker);
      clearTimeout(scheduled);
      for (const reflector of reflectors) reflector.stop();
      kubelet.stop();
      await client.close();
    },
  };
}

interface Kubelet {
  tick(pods: readonly Pod[]): void;
  stop(): void;
}

function createKubelet(
  cluster: HostedCluster,
  client: KubeClient,
  put: (pod: Pod) => void,
  options: { faults: FaultBook; metricsUrl: string },
): Kubelet {
  const runners = new Map<string, PodRunner>();
  const allocate = createAddresses(cluster.network);

  function start(pod: Pod): PodRunner | undefined {
    const index = cluster.nodes.findIndex(({ name }) => name === pod.spec.nodeName);
    const node = cluster.nodes[index];
    if (!node) return undefined;
    const uid = pod.metadata.uid ?? '';
    return startPod(pod, {
      client,
      cluster,
      zone: node.zone,
      address: allocate(index + 1, new Set([...runners.values()].map(({ address }) => address))),
      ...options,
      onStatus: put,
      onGone: () => runners.delete(uid),
    });
  }

  return {
    tick(pods) {
      const alive = new Set(pods.map((pod) => pod.metadata.uid ?? ''));
      for (const [uid, runner] of runners) {
        if (alive.has(uid)) continue;
        runner.kill();
        runners.delete(uid);
      }
      for (const pod of pods) {
        const uid = pod.metadata.uid ?? '';
        const runner = runners.get(uid) ?? start(pod);
        if (!runner) continue;
        runners.set(uid, runner);
        runner.tick(pod);
      }
    },
    stop() {
      for (const runner of runners.values()) runner.kill();
    },
  };
}

/** Addresses of a node in turn, so that a fresh pod does not get one that somebody may still call. */
function createAddresses(network: number): (node: number, taken: ReadonlySet<string>) => string {
  const next = new Map<number, number>();
  return (node, taken) => {
    let host = next.get(node) ?? firstHost;
    while (taken.has(podAddress(network, node, host))) host = host >= lastHost ? firstHost : host + 1;
    next.set(node, host >= lastHost ? firstHost : host + 1);
    return podAddress(network, node, host);
  };
}

interface GarbageWorld {
  readonly client: KubeClient;
  readonly deployments: { all(): Deployment[] };
  readonly replicaSets: { all(): ReplicaSet[] };
  readonly pods: { all(): Pod[] };
}

/** Children of vanished owners go; a foreground deletion ends when the children are gone. */
async function collectGarbage({ client, deployments, replicaSets, pods }: GarbageWorld): Promise<void> {
  const alive = new Set(
    deployments
      .all()
      .filter((it) => !isTerminating(it))
      .map(({ metadata }) => metadata.uid),
  );
  const setPath = ({ metadata }: ReplicaSet): string =>
    `/apis/apps/v1/namespaces/${metadata.namespace ?? 'default'}/replicasets/${metadata.name}`;
  for (const set of replicaSets.all()) {
    const owner = controllerUid(set);
    if (owner !== undefined && !alive.has(owner)) await client.remove(setPath(set));
  }
  const sets = new Set(replicaSets.all().map(({ metadata }) => metadata.uid));
  for (const pod of pods.all()) {
    const owner = controllerUid(pod);
    if (owner !== undefined && !sets.has(owner) && !isTerminating(pod)) await client.remove(podPath(pod));
  }
  for (const deployment of deployments.all().filter(isTerminating)) {
    const childless = !replicaSets.all().some((set) => controllerUid(set) === deployment.metadata.uid);
    if (!childless || !deployment.metadata.finalizers?.includes('foregroundDeletion')) continue;
    const path = `/apis/apps/v1/namespaces/${deployment.metadata.namespace ?? 'default'}/deployments/${deployment.metadata.name}`;
    await client.merge(path, {
      metadata: { finalizers: deployment.metadata.finalizers.filter((it) => it !== 'foregroundDeletion') },
    });
  }
}
