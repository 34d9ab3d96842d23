/** The service's Deployments and pods in one cluster, as the writing activities look at them. */
import { kinds } from '../../core/kube/kinds.ts';
import type { Deployment, EndpointSlice, Service } from '../../core/kube/objects.ts';
import { readyPods } from '../../core/kube/ready-pods.ts';
import { deploymentName } from '../../core/routing/names.ts';
import { refuse } from '../../core/values/error.ts';
import { workloadsOf } from '../../core/workload/cluster-facts.ts';
import { isManagedVersion } from '../../core/workload/managed.ts';
import type { KubeCluster } from '../../platform/kube/clusters.ts';
import type { RecordAt } from '../record-store.ts';

export async function readFrontend({ cluster, service }: RecordAt): Promise<Service> {
  const at = { namespace: service.namespace, name: service.service };
  const found = await cluster.get<Service>(kinds.service, at);
  if (found !== null) return found;
  refuse(
    'Invalid',
    `${cluster.name}/${service.namespace}/Service/${service.service} does not exist`,
    'clients call a service by its frontend Service: it must have the same name and namespace in every cluster',
  );
}

export async function readWorkloads({ cluster, service }: RecordAt, frontend: Service): Promise<readonly Deployment[]> {
  return workloadsOf(frontend, await cluster.list<Deployment>(kinds.deployment, service.namespace));
}

/** The Deployment that Tidegate made for the version, if it is there. */
export async function managedDeployment({ cluster, service }: RecordAt, version: string): Promise<Deployment | null> {
  const at = { namespace: service.namespace, name: deploymentName(service.service, version) };
  const found = await cluster.get<Deployment>(kinds.deployment, at);
  return found !== null && isManagedVersion(found, service, version) ? found : null;
}

/** Pods behind a Service that take new connections. */
export async function readyEndpoints(cluster: KubeCluster, namespace: string, service: string): Promise<number> {
  const labelSelector = `kubernetes.io/service-name=${service}`;
  const slices = await cluster.list<EndpointSlice>(kinds.endpointSlice, namespace, { labelSelector });
  return readyPods(slices);
}
