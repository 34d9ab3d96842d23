/** The service's Deployments and pods in one cluster, as the writing activities look at them. */
import { kinds } from '../../core/kube/kinds.ts';
import type { Deployment, EndpointSlice, Service } from '../../core/kube/objects.ts';
import { readyPods } from '../../core/kube/ready-pods.ts';
import { deploymentName } from '../../core/routing/names.ts';
import { refuse } from '../../core/values/error.ts';
import { workloadsOf } from '../../core/workload/cluster-facts.ts';
import { isManagedVersion, versionOf } from '../../core/workload/managed.ts';
import type { KubeCluster } from '../../platform/kube/clusters.ts';
import type { RecordAt } from '../record-store.ts';

export const findFrontend = ({ cluster, service }: RecordAt): Promise<Service | null> =>
  cluster.get<Service>(kinds.service, { namespace: service.namespace, name: service.service });

export async function readFrontend(at: RecordAt): Promise<Service> {
  const found = await findFrontend(at);
  if (found !== null) return found;
  const { cluster, service } = at;
  refuse(
    'Invalid',
    `${cluster.name}/${service.namespace}/Service/${service.service} does not exist`,
    'clients call a service by its frontend Service: it must have the same name and namespace in every cluster',
  );
}

export async function readWorkloads({ cluster, service }: RecordAt, frontend: Service): Promise<readonly Deployment[]> {
  return workloadsOf(frontend, await cluster.list<Deployment>(kinds.deployment, service.namespace));
}

/** Of these, that of a version: ours before one that carries the same label. */
export function ofVersion({ service }: RecordAt, all: readonly Deployment[], version: string): Deployment | null {
  const named = all.filter((one) => versionOf(one) === version);
  return named.find((one) => isManagedVersion(one, service, version)) ?? named[0] ?? null;
}

export const deploymentNamed = ({ cluster, service }: RecordAt, name: string): Promise<Deployment | null> =>
  cluster.get<Deployment>(kinds.deployment, { namespace: service.namespace, name });

/** The Deployment that Tidegate made for the version, if it is there. */
export async function managedDeployment(at: RecordAt, version: string): Promise<Deployment | null> {
  const { service } = at;
  const found = await deploymentNamed(at, deploymentName(service.service, version));
  return found !== null && isManagedVersion(found, service, version) ? found : null;
}

/** Pods behind a Service that take new connections. */
export async function readyEndpoints(cluster: KubeCluster, namespace: string, service: string): Promise<number> {
  const labelSelector = `kubernetes.io/service-name=${service}`;
  const slices = await cluster.list<EndpointSlice>(kinds.endpointSlice, namespace, { labelSelector });
  return readyPods(slices);
}
