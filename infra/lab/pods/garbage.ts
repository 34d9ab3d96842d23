import type { KubeClient } from '../api/kube-client.ts';
import { controllerUid, isTerminating, type Deployment, type Pod, type ReplicaSet } from './objects.ts';
import { podPath } from './replicaset-controller.ts';

interface GarbageWorld {
  readonly client: KubeClient;
  readonly deployments: { all(): Deployment[] };
  readonly replicaSets: { all(): ReplicaSet[] };
  readonly pods: { all(): Pod[] };
}

/** Children of vanished owners go; a foreground deletion ends when the children are gone. */
export async function collectGarbage({ client, deployments, replicaSets, pods }: GarbageWorld): Promise<void> {
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
