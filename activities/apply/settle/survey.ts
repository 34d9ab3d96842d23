/**
 * Services as the clusters have them, for the settler and the audit. A cluster is listed once per namespace, whatever the
 * number of services there; one that cannot be read is a fact, and keeps nobody from settling the others.
 */
import type {
  FindUnsettledInput,
  SurveyServiceInput,
  SurveyServiceResult,
  UnsettledService,
} from '../../../core/contract/settle-activities.ts';
import type { ClusterRef } from '../../../core/kube/cluster-ref.ts';
import { kinds } from '../../../core/kube/kinds.ts';
import type { Autoscaler, Deployment, EnvoyConfig, Service } from '../../../core/kube/objects.ts';
import { needsOf } from '../../../core/rollout/settled.ts';
import type { ServiceRef } from '../../../core/routing/service-ref.ts';
import { TidegateError } from '../../../core/values/error.ts';
import {
  clusterState,
  unreachableState,
  type ClusterState,
  type NamespaceObjects,
} from '../../../core/workload/cluster-state.ts';
import type { KubeDeps } from '../../ports.ts';
import { listScaledObjects } from '../capacity/autoscalers.ts';

export async function surveyService(deps: KubeDeps, input: SurveyServiceInput): Promise<SurveyServiceResult> {
  const read = namespaceReader(deps);
  const clusters = await Promise.all(input.clusters.map((ref) => stateIn(read, ref, input.service)));
  return { clusters, nowMs: deps.clock.nowMs() };
}

export async function findUnsettled(deps: KubeDeps, input: FindUnsettledInput): Promise<readonly UnsettledService[]> {
  const read = namespaceReader(deps);
  const found: UnsettledService[] = [];
  for (const { service, warmMs, drift = 'repair' } of input.services) {
    const clusters = await Promise.all(input.clusters.map((ref) => stateIn(read, ref, service)));
    const needs = needsOf({ service: service.service, clusters, nowMs: deps.clock.nowMs(), warmMs, drift });
    if (needs.length > 0) found.push({ service, needs });
  }
  return found;
}

/** What was read, or why not. */
export type ReadNamespace = (ref: ClusterRef, of: ServiceRef) => Promise<NamespaceObjects | string>;

export async function stateIn(read: ReadNamespace, ref: ClusterRef, service: ServiceRef): Promise<ClusterState> {
  const objects = await read(ref, service);
  if (typeof objects === 'string') return unreachableState(ref.name, objects);
  return clusterState({ cluster: ref.name, service }, objects);
}

/** Asks once per cluster and namespace. */
export function namespaceReader(deps: KubeDeps): ReadNamespace {
  const asked = new Map<string, Promise<NamespaceObjects | string>>();
  return (ref, service) => {
    const key = `${service.mesh}/${ref.name}/${service.namespace}`;
    const answer = asked.get(key) ?? objectsOrWhyNot(deps, ref, service);
    asked.set(key, answer);
    return answer;
  };
}

async function objectsOrWhyNot(
  { clusters, activity }: KubeDeps,
  ref: ClusterRef,
  service: ServiceRef,
): Promise<NamespaceObjects | string> {
  try {
    const { namespace } = service;
    const cluster = await clusters.connect({ service, cluster: ref });
    const signal = activity.signal();
    const [services, deployments, autoscalers, scaledObjects, routes] = await Promise.all([
      cluster.list<Service>(kinds.service, namespace, { signal }),
      cluster.list<Deployment>(kinds.deployment, namespace, { signal }),
      cluster.list<Autoscaler>(kinds.autoscaler, namespace, { signal }),
      listScaledObjects(cluster, namespace, { signal }),
      cluster.list<EnvoyConfig>(kinds.envoyConfig, namespace, { signal }),
    ]);
    return { services, deployments, autoscalers, scaledObjects, routes };
  } catch (error) {
    if (error instanceof TidegateError) return error.message;
    throw error;
  }
}
