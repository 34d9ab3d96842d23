import { createHash } from 'node:crypto';
import type { KubeClient } from '../api/kube-client.ts';
import {
  canonical,
  controllerUid,
  isAvailable,
  isReady,
  isTerminating,
  type Condition,
  type Deployment,
  type Pod,
  type ReplicaSet,
} from './objects.ts';
import type { Reflector } from './reflector.ts';
import { nextSizes, rolloutLimits, type SetSize } from './rolling-update.ts';

const hashLabel = 'pod-template-hash';
const revisionAnnotation = 'deployment.kubernetes.io/revision';
const historyLimit = 10;

export interface DeploymentWorld {
  readonly client: KubeClient;
  readonly replicaSets: Reflector<ReplicaSet>;
  readonly pods: Reflector<Pod>;
}

/** Brings one Deployment a step nearer to its spec and writes its status. */
export async function reconcileDeployment(world: DeploymentWorld, deployment: Deployment): Promise<void> {
  const owned = world.replicaSets
    .all()
    .filter((set) => controllerUid(set) === deployment.metadata.uid && !isTerminating(set));
  const hash = templateHash(deployment);
  const existing = owned.find((set) => set.metadata.labels?.[hashLabel] === hash);
  const old = owned.filter((set) => set !== existing);
  if (!existing && deployment.spec.paused) return writeStatus(world, deployment, undefined, old);
  const current = existing ?? (await createReplicaSet(world, deployment, hash, owned.length));
  await resize(world, deployment, current, old);
  await writeStatus(world, deployment, current, old);
  await dropHistory(world, old);
}

async function resize(
  world: DeploymentWorld,
  deployment: Deployment,
  current: ReplicaSet,
  old: ReplicaSet[],
): Promise<void> {
  const size = (set: ReplicaSet): SetSize => ({
    name: set.metadata.name,
    replicas: set.spec.replicas ?? 0,
    available: podsOf(world, set).filter((pod) => available(deployment, pod)).length,
  });
  const limits = rolloutLimits(deployment.spec.replicas ?? 1, deployment.spec.strategy);
  const podsOfOld = old.reduce((count, set) => count + podsOf(world, set).length, 0);
  const wanted = nextSizes(limits, size(current), old.map(size), podsOfOld);
  await Promise.all([
    scale(world, current, wanted.current),
    ...(deployment.spec.paused ? [] : old.map((set) => scale(world, set, wanted.old.get(set.metadata.name) ?? 0))),
  ]);
}

async function scale(world: DeploymentWorld, set: ReplicaSet, replicas: number): Promise<void> {
  if ((set.spec.replicas ?? 0) === replicas) return;
  const answer = await world.client.merge<ReplicaSet>(pathOf('replicasets', set), { spec: { replicas } });
  world.replicaSets.put(answer);
}

async function createReplicaSet(
  world: DeploymentWorld,
  deployment: Deployment,
  hash: string,
  revision: number,
): Promise<ReplicaSet> {
  const { name, namespace = 'default', uid } = deployment.metadata;
  const { template, selector, minReadySeconds = 0 } = deployment.spec;
  const labels = { ...template.metadata?.labels, [hashLabel]: hash };
  const created = await world.client.create<ReplicaSet>(`/apis/apps/v1/namespaces/${namespace}/replicasets`, {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${name}-${hash}`,
      namespace,
      labels,
      annotations: { [revisionAnnotation]: String(revision + 1) },
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'Deployment', name, uid, controller: true, blockOwnerDeletion: true },
      ],
    },
    spec: {
      replicas: 0,
      minReadySeconds,
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [hashLabel]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  });
  world.replicaSets.put(created);
  return created;
}

async function dropHistory(world: DeploymentWorld, old: ReplicaSet[]): Promise<void> {
  const idle = old.filter((set) => set.spec.replicas === 0 && podsOf(world, set).length === 0);
  const byAge = idle.sort((a, b) => revisionOf(a) - revisionOf(b));
  for (const set of byAge.slice(0, Math.max(0, idle.length - historyLimit))) {
    await world.client.remove(pathOf('replicasets', set));
  }
}

async function writeStatus(
  world: DeploymentWorld,
  deployment: Deployment,
  current: ReplicaSet | undefined,
  old: ReplicaSet[],
): Promise<void> {
  const live = [...(current ? [current] : []), ...old].flatMap((set) =>
    podsOf(world, set).filter((pod) => !isTerminating(pod)),
  );
  const updated = current ? podsOf(world, current).filter((pod) => !isTerminating(pod)) : [];
  const desired = deployment.spec.replicas ?? 1;
  const availableCount = live.filter((pod) => available(deployment, pod)).length;
  const counts = {
    observedGeneration: deployment.metadata.generation ?? 1,
    replicas: live.length,
    updatedReplicas: updated.length,
    readyReplicas: live.filter(isReady).length,
    availableReplicas: availableCount,
    unavailableReplicas: Math.max(0, desired - availableCount),
  };
  const limits = rolloutLimits(desired, deployment.spec.strategy);
  const updatedAvailable = updated.filter((pod) => available(deployment, pod)).length;
  const complete = updatedAvailable === desired && live.length === desired;
  const conditions = [
    availableCondition(availableCount >= desired - limits.maxUnavailable),
    progressCondition(deployment, complete, canonical(counts) !== canonical(countsOf(deployment.status))),
  ].map((condition) => keepTransition(condition, deployment.status?.conditions));
  const status = { ...counts, conditions };
  if (canonical(status) === canonical({ ...countsOf(deployment.status), conditions: deployment.status?.conditions }))
    return;
  await world.client.merge(`${pathOf('deployments', deployment)}/status`, { status });
}

function countsOf(status: Deployment['status']): Record<string, number> {
  const { observedGeneration = 0, replicas = 0, updatedReplicas = 0, readyReplicas = 0 } = status ?? {};
  const { availableReplicas = 0, unavailableReplicas = 0 } = status ?? {};
  return { observedGeneration, replicas, updatedReplicas, readyReplicas, availableReplicas, unavailableReplicas };
}

function availableCondition(enough: boolean): Condition {
  return {
    type: 'Available',
    status: enough ? 'True' : 'False',
    reason: enough ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable',
  };
}

function progressCondition(deployment: Deployment, complete: boolean, moved: boolean): Condition {
  const now = new Date().toISOString();
  const held = deployment.status?.conditions?.find(({ type }) => type === 'Progressing');
  if (complete)
    return {
      type: 'Progressing',
      status: 'True',
      reason: 'NewReplicaSetAvailable',
      lastUpdateTime: held?.reason === 'NewReplicaSetAvailable' ? (held.lastUpdateTime ?? now) : now,
    };
  if (moved || !held || held.reason === 'NewReplicaSetAvailable')
    return { type: 'Progressing', status: 'True', reason: 'ReplicaSetUpdated', lastUpdateTime: now };
  const deadlineMs = (deployment.spec.progressDeadlineSeconds ?? 600) * 1_000;
  const lastUpdateTime = held.lastUpdateTime ?? now;
  return Date.now() - Date.parse(lastUpdateTime) > deadlineMs
    ? { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', lastUpdateTime }
    : { ...held, lastUpdateTime };
}

/** `lastTransitionTime` moves only with the status; times have whole seconds, as the API server keeps them. */
function keepTransition(condition: Condition, held: readonly Condition[] = []): Condition {
  const before = held.find(({ type, status }) => type === condition.type && status === condition.status);
  const wholeSeconds = (time: string): string => `${time.slice(0, 19)}Z`;
  const now = new Date().toISOString();
  return {
    ...condition,
    lastTransitionTime: wholeSeconds(before?.lastTransitionTime ?? now),
    lastUpdateTime: wholeSeconds(condition.lastUpdateTime ?? before?.lastUpdateTime ?? now),
  };
}

export function podsOf(world: Pick<DeploymentWorld, 'pods'>, set: ReplicaSet): Pod[] {
  return world.pods.all().filter((pod) => controllerUid(pod) === set.metadata.uid);
}

function available(deployment: Deployment, pod: Pod): boolean {
  return !isTerminating(pod) && isAvailable(pod, deployment.spec.minReadySeconds ?? 0, Date.now());
}

function templateHash(deployment: Deployment): string {
  return createHash('sha256').update(canonical(deployment.spec.template)).digest('hex').slice(0, 10);
}

function revisionOf(set: ReplicaSet): number {
  return Number(set.metadata.annotations?.[revisionAnnotation] ?? 0);
}

function pathOf(resource: 'deployments' | 'replicasets', object: Deployment | ReplicaSet): string {
  return `/apis/apps/v1/namespaces/${object.metadata.namespace ?? 'default'}/${resource}/${object.metadata.name}`;
}
