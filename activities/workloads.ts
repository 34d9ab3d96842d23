/** The service's Deployments and pods in one cluster, as the writing activities look at them. */
import { TidegateError } from '../core/contract/errors.ts';
import { labels } from '../core/contract/names.ts';
import type { ServiceRef } from '../core/contract/plan.ts';
import { deploymentName } from '../core/routing/names.ts';
import type { Frontend } from '../core/routing/record.ts';
import type { KubeCluster } from '../platform/kube/clusters.ts';
import type { Deployment, EndpointSlice, Service } from '../platform/kube/objects.ts';
import { isOwned } from '../platform/kube/ownership.ts';
import { kinds } from '../platform/kube/resources.ts';
import { frontendFacts, workloadsOf } from './cluster-facts.ts';
import type { RecordAt } from './record-store.ts';

export async function readFrontend({ cluster, service }: RecordAt): Promise<Service> {
  const at = { namespace: service.namespace, name: service.service };
  const found = await cluster.get<Service>(kinds.service, at);
  if (found !== null) return found;
  throw new TidegateError('Invalid', `${cluster.name}/${service.namespace}/Service/${service.service} does not exist`, {
    fix: 'clients call a service by its frontend Service: it must have the same name and namespace in every cluster',
  });
}

/** The part of the frontend that records keep. */
export function frontendOf(frontend: Service): Frontend {
  const { portName = '', port = 0, targetPort = 0, selector = {} } = frontendFacts(frontend) ?? {};
  return { portName, port, targetPort, selector };
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

/** Two (service, version) pairs can have one Deployment name: the labels tell them apart. */
export const isManagedVersion = (
  deployment: Deployment,
  { service, installation }: ServiceRef,
  version: string,
): boolean =>
  isOwned(deployment, installation) &&
  deployment.metadata.labels?.[labels.service] === service &&
  deployment.metadata.labels[labels.subsetVersion] === version;

export const versionOf = ({ spec }: Deployment): string => spec.template.metadata?.labels?.[labels.version] ?? '';

/** Pods behind a Service that take new connections. */
export async function readyEndpoints(cluster: KubeCluster, namespace: string, service: string): Promise<number> {
  const labelSelector = `kubernetes.io/service-name=${service}`;
  const slices = await cluster.list<EndpointSlice>(kinds.endpointSlice, namespace, { labelSelector });
  const ready = slices.flatMap(({ endpoints }) => endpoints ?? []).filter((one) => one.conditions?.ready === true);
  return new Set(ready.flatMap((one) => one.addresses)).size;
}
