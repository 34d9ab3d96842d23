import { randomBytes } from 'node:crypto';
import { present } from '../../../core/values/json.ts';
import { podsOf, type DeploymentWorld } from './deployment-controller.ts';
import { isReady, isTerminating, type Pod, type ReplicaSet } from './objects.ts';

/** Creates missing pods on the nodes with the fewest of this set, deletes superfluous ones, not ready ones first. */
export async function reconcileReplicaSet(
  world: DeploymentWorld,
  set: ReplicaSet,
  /** Nodes that would take its pods. */
  nodes: readonly string[],
): Promise<void> {
  const live = podsOf(world, set).filter((pod) => !isTerminating(pod));
  const wanted = set.spec.replicas ?? 0;
  const placed = live.map((pod) => pod.spec.nodeName ?? '');
  for (let missing = wanted - live.length; missing > 0; missing--) {
    const node = emptiest(nodes, placed);
    placed.push(node ?? '');
    world.pods.put(await createPod(world, set, node));
  }
  const surplus = [...live].sort(byUselessness).slice(0, Math.max(0, live.length - wanted));
  await Promise.all(surplus.map((pod) => world.client.remove(podPath(pod))));
  await writeStatus(world, set, live);
}

async function createPod(world: DeploymentWorld, set: ReplicaSet, nodeName: string | undefined): Promise<Pod> {
  const { name, namespace = 'default', uid } = set.metadata;
  const { metadata, spec } = set.spec.template;
  return world.client.create<Pod>(`/api/v1/namespaces/${namespace}/pods`, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${name}-${randomBytes(3).toString('hex').slice(0, 5)}`,
      namespace,
      labels: metadata?.labels ?? {},
      annotations: metadata?.annotations ?? {},
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'ReplicaSet', name, uid, controller: true, blockOwnerDeletion: true },
      ],
    },
    spec: { ...spec, ...present({ nodeName }) },
  });
}

async function writeStatus(world: DeploymentWorld, set: ReplicaSet, live: readonly Pod[]): Promise<void> {
  const ready = live.filter(isReady).length;
  const status = {
    replicas: live.length,
    readyReplicas: ready,
    availableReplicas: ready,
    observedGeneration: set.metadata.generation ?? 1,
  };
  const held = set.status;
  const same =
    held?.replicas === status.replicas &&
    (held.readyReplicas ?? 0) === ready &&
    held.observedGeneration === status.observedGeneration;
  if (!same)
    await world.client.merge(
      `/apis/apps/v1/namespaces/${set.metadata.namespace ?? 'default'}/replicasets/${set.metadata.name}/status`,
      { status },
    );
}

function emptiest(nodes: readonly string[], placed: readonly string[]): string | undefined {
  const load = (node: string): number => placed.filter((other) => other === node).length;
  return [...nodes].sort((a, b) => load(a) - load(b))[0];
}

function byUselessness(a: Pod, b: Pod): number {
  if (isReady(a) !== isReady(b)) return isReady(a) ? 1 : -1;
  return (b.metadata.creationTimestamp ?? '').localeCompare(a.metadata.creationTimestamp ?? '');
}

export function podPath(pod: Pod): string {
  return `/api/v1/namespaces/${pod.metadata.namespace ?? 'default'}/pods/${pod.metadata.name}`;
}
