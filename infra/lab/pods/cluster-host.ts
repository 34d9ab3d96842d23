/**
 * The parts of kube-controller-manager, scheduler and kubelets that a cluster of the lab needs: Deployments become
 * ReplicaSets, ReplicaSets become pods, pods become HTTP servers, Services get EndpointSlices.
 */
import { createKubeClient, type KubeClient, type KubeObject, type KubeTarget } from '../api/kube-client.ts';
import { reconcileDeployment } from './deployment-controller.ts';
import { ownSlices, reconcileEndpointSlices } from './endpoint-slices.ts';
import type { FaultBook } from './faults.ts';
import { collectGarbage } from './garbage.ts';
import { createKubelet } from './kubelet.ts';
import { createLoop } from './loop.ts';
import {
  isTerminating,
  type Deployment,
  type EndpointSlice,
  type Pod,
  type ReplicaSet,
  type Service,
} from './objects.ts';
import { startReflector, type Reflector } from './reflector.ts';
import { reconcileReplicaSet } from './replicaset-controller.ts';
import { nodesFor, schedulePods } from './scheduler.ts';

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

export function startClusterHost(
  cluster: HostedCluster,
  options: { faults: FaultBook; metricsUrl: string; metricsIntervalMs: number },
): ClusterHost {
  const client = createKubeClient(cluster.target);
  const loop = createLoop(async () => {
    if (reflectors.every(({ synced }) => synced)) await reconcile();
  });
  const world = reflect(client, loop.changed);
  const reflectors = [world.deployments, world.replicaSets, world.pods, world.services, world.slices];
  const kubelet = createKubelet(cluster, client, (pod) => world.pods.put(pod), options);
  const zoneOf = (node: string): string => cluster.nodes.find(({ name }) => name === node)?.zone ?? '';
  const nodes = cluster.nodes.map(({ name }) => name);

  async function reconcile(): Promise<void> {
    const all = { client, zoneOf, ...world };
    kubelet.tick(world.pods.all());
    await attempt(reconcileEndpointSlices(all));
    const deployments = world.deployments.all().filter((deployment) => !isTerminating(deployment));
    await Promise.all(deployments.map((deployment) => attempt(reconcileDeployment(all, deployment))));
    await attempt(collectGarbage(all));
    const sets = world.replicaSets.all().filter((set) => !isTerminating(set));
    const placing = { ...all, faults: options.faults, cluster: cluster.name, nodes };
    await attempt(schedulePods(placing));
    await Promise.all(sets.map((set) => attempt(reconcileReplicaSet(all, set, nodesFor(podOf(set), placing)))));
  }

  /** A failed write is tried again at the next tick; what failed is in the log. */
  async function attempt(work: Promise<void>): Promise<void> {
    await work.catch((error: unknown) =>
      console.error(`${cluster.name}: ${error instanceof Error ? error.message : String(error)}`),
    );
  }

  return {
    async stop() {
      loop.stop();
      for (const reflector of reflectors) reflector.stop();
      kubelet.stop();
      await client.close();
    },
  };
}

/** What its pods will be like. */
const podOf = ({ metadata: { name }, spec: { template } }: ReplicaSet): Pick<Pod, 'metadata' | 'spec'> => ({
  metadata: { name, ...template.metadata },
  spec: template.spec,
});

interface ClusterWorld {
  readonly deployments: Reflector<Deployment>;
  readonly replicaSets: Reflector<ReplicaSet>;
  readonly pods: Reflector<Pod>;
  readonly services: Reflector<Service>;
  readonly slices: Reflector<EndpointSlice>;
}

function reflect(client: KubeClient, changed: () => void): ClusterWorld {
  const follow = <T extends KubeObject>(path: string, query?: string): Reflector<T> =>
    startReflector<T>(client, query === undefined ? { path } : { path, query }, changed);
  return {
    deployments: follow('/apis/apps/v1/deployments'),
    replicaSets: follow('/apis/apps/v1/replicasets'),
    pods: follow('/api/v1/pods'),
    services: follow('/api/v1/services'),
    slices: follow('/apis/discovery.k8s.io/v1/endpointslices', ownSlices),
  };
}
