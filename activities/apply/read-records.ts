/**
 * The world as it is, per cluster. A cluster that cannot be read (no answer, credentials refused, kubeconfig gone) is a
 * fact, not an error: it must not keep the others from being restored. So is a record that somebody has broken by hand.
 */
import type { ReadRecordsInput } from '../../core/contract/activities.ts';
import type { ClusterRef } from '../../core/kube/cluster-ref.ts';
import { kinds, type ResourceType } from '../../core/kube/kinds.ts';
import { labels } from '../../core/kube/labels.ts';
import type { Autoscaler, Deployment, EnvoyConfig, KubeObject, Service } from '../../core/kube/objects.ts';
import { describeObject, isOwned } from '../../core/kube/ownership.ts';
import { cecName } from '../../core/routing/names.ts';
import type { RoutingRecord } from '../../core/routing/record.ts';
import type { ServiceRef } from '../../core/routing/service-ref.ts';
import { TidegateError } from '../../core/values/error.ts';
import { present } from '../../core/values/json.ts';
import { frontendFacts, frontendSigns, workloadFacts, workloadsOf } from '../../core/workload/cluster-facts.ts';
import type { ClusterFacts, ReadRecordsResult } from '../../core/workload/facts.ts';
import { repairsOf } from '../../core/workload/frontend/fights.ts';
import { nobodyBehind, type OtherWorkload } from '../../core/workload/nobody-behind.ts';
import { pausesOf } from '../../core/workload/frontend/pauses.ts';
import { routedBy } from '../../core/workload/routed-port.ts';
import { recordedFrontend, secondServices } from '../../core/workload/second-services.ts';
import {
  bypassingObjects,
  foreignObjects,
  isRouteOf,
  type Ingress,
  type Route,
  type Surroundings,
} from '../../core/workload/surroundings.ts';
import { usableRecord } from '../../core/workload/unmade.ts';
import type { KubeCluster } from '../../platform/kube/clusters.ts';
import type { KubeDeps } from '../ports.ts';
import { readConfigChanges } from './read-config.ts';
import { readEnvoyImage } from './read-envoy-image.ts';

export async function readRecords(deps: KubeDeps, { service, clusters }: ReadRecordsInput): Promise<ReadRecordsResult> {
  const facts = await Promise.all(clusters.map((ref) => factsOrWhyNot(deps, ref, service)));
  const epochs = facts.flatMap(({ record }) =>
    record === null ? [] : [record.topology.epoch, record.versions.epoch, record.policy.epoch],
  );
  return { clusters: facts, epoch: Math.max(deps.clock.nowMs(), 1 + Math.max(0, ...epochs)) };
}

async function factsOrWhyNot(
  { clusters, activity }: KubeDeps,
  ref: ClusterRef,
  service: ServiceRef,
): Promise<ClusterFacts> {
  try {
    return await readFacts(await clusters.connect({ service, cluster: ref }), service, activity.signal());
  } catch (error) {
    if (!(error instanceof TidegateError)) throw error;
    const nothing = { record: null, frontend: null, workloads: [], foreign: [], bypasses: [] };
    return { cluster: ref.name, unreachable: error.message, ...nothing };
  }
}

async function readFacts(cluster: KubeCluster, service: ServiceRef, signal: AbortSignal): Promise<ClusterFacts> {
  const { namespace } = service;
  const at = { namespace, signal };
  const own = cecName(service.service);
  const [services, deployments, autoscalers, around, envoyImage] = await Promise.all([
    cluster.list<Service>(kinds.service, namespace, { signal }),
    cluster.list<Deployment>(kinds.deployment, namespace, { signal }),
    cluster.list<Autoscaler>(kinds.autoscaler, namespace, { signal }),
    readSurroundings(cluster, namespace, signal),
    readEnvoyImage(cluster, signal),
  ]);
  const frontend = services.find(({ metadata }) => metadata.name === service.service) ?? null;
  const route = around.routes.find((one) => isRouteOf(service, own, one) && isOwned(one, service.installation));
  const { record, broken } = recordAndFaults(route, { cluster: cluster.name, deployments });
  const workloads = frontend === null ? [] : workloadsOf(frontend, deployments);
  const signed = frontendWithSigns(frontend, deployments, { service, record });
  const changed = await readConfigChanges(cluster, namespace, workloads);
  const known = frontend === null ? null : recordedFrontend(frontend, record, { name: service.service, namespace });
  const seconds = known === null ? [] : secondServices(known, services, workloads);
  return {
    cluster: cluster.name,
    unreachable: '',
    envoyImage,
    record,
    frontend: signed,
    ...handsOffIn(service, services),
    workloads: workloads.map((one) => ({
      ...workloadFacts(one, { autoscalers, service: service.service, targetPort: signed?.targetPort }),
      ...present({ config: changed[one.metadata.name] }),
    })),
    foreign: [...foreignObjects(service, own, around), ...broken],
    ...(broken.length > 0 && { broken }),
    bypasses: bypassingObjects(service, around),
    ...(frontend !== null &&
      workloads.length === 0 && {
        nobody: nobodyBehind(frontend, { deployments, others: await othersIn(cluster, at) }),
      }),
    ...(seconds.length > 0 && { secondServices: seconds }),
    ...(around.unseen.length > 0 && { unseen: around.unseen }),
  };
}

/** A fault comes with the object's name. */
function recordAndFaults(
  route: EnvoyConfig | undefined,
  at: { readonly cluster: string; readonly deployments: readonly Deployment[] },
): { readonly record: RoutingRecord | null; readonly broken: readonly string[] } {
  if (route === undefined) return { record: null, broken: [] };
  const { record, broken } = usableRecord(route, at);
  return { record, broken: broken === '' ? [] : [`${describeObject(route)}: ${broken}`] };
}

function frontendWithSigns(
  frontend: Service | null,
  deployments: readonly Deployment[],
  { service, record }: { readonly service: ServiceRef; readonly record: RoutingRecord | null },
): ClusterFacts['frontend'] {
  const by = routedBy(record, service);
  const facts = frontendFacts(frontend, by);
  if (frontend === null || facts === null) return null;
  const own = deployments.filter(
    (one) => isOwned(one, service.installation) && one.metadata.labels?.[labels.service] === service.service,
  );
  return { ...facts, ...frontendSigns(frontend, own, by) };
}

function handsOffIn({ service }: ServiceRef, services: readonly Service[]): Pick<ClusterFacts, 'pauses' | 'repairs'> {
  const pauses = pausesOf(service, services);
  const repairs = services.filter(({ metadata }) => metadata.name === service).map(repairsOf)[0] ?? {};
  return {
    ...(pauses.length > 0 && { pauses }),
    ...(Object.keys(repairs).length > 0 && { repairs }),
  };
}

/** Read only where a message needs them. What the role may not list is not named: the message then says less. */
async function othersIn(
  cluster: KubeCluster,
  { namespace, signal }: { namespace: string; signal: AbortSignal },
): Promise<readonly OtherWorkload[]> {
  const lists = [kinds.statefulSet, kinds.daemonSet, kinds.argoRollout].map(async (type) => {
    try {
      return await cluster.list<OtherWorkload>(type, namespace, { signal });
    } catch (error) {
      if (error instanceof TidegateError && error.code === 'Forbidden') return [];
      throw error;
    }
  });
  return (await Promise.all(lists)).flat();
}

interface SeenSurroundings extends Surroundings {
  readonly unseen: readonly string[];
}

async function readSurroundings(
  cluster: KubeCluster,
  namespace: string,
  signal: AbortSignal,
): Promise<SeenSurroundings> {
  const everywhere = <T extends KubeObject>(type: ResourceType) =>
    listEverywhere<T>(cluster, type, { namespace, signal });
  const [routes, clusterwideRoutes, httpRoutes, grpcRoutes, ingresses] = await Promise.all([
    everywhere<EnvoyConfig>(kinds.envoyConfig),
    cluster.list<EnvoyConfig>(kinds.clusterwideEnvoyConfig, undefined, { signal }),
    everywhere<Route>(kinds.httpRoute),
    everywhere<Route>(kinds.grpcRoute),
    // The backend of an Ingress is always in its own namespace.
    cluster.list<Ingress>(kinds.ingress, namespace, { signal }),
  ]);
  return {
    routes: routes.found,
    clusterwideRoutes,
    gatewayRoutes: [...httpRoutes.found, ...grpcRoutes.found],
    ingresses,
    unseen: [routes, httpRoutes, grpcRoutes].flatMap((one) => one.unseen),
  };
}

interface Listed<T> {
  readonly found: readonly T[];
  readonly unseen: readonly string[];
}

/** Objects of every namespace may name the service. A role for its own namespace alone sees those there, and says so. */
async function listEverywhere<T extends KubeObject>(
  cluster: KubeCluster,
  type: ResourceType,
  { namespace, signal }: { namespace: string; signal: AbortSignal },
): Promise<Listed<T>> {
  try {
    return { found: await cluster.list<T>(type, undefined, { signal }), unseen: [] };
  } catch (error) {
    if (!(error instanceof TidegateError) || error.code !== 'Forbidden') throw error;
    const found = await cluster.list<T>(type, namespace, { signal });
    return { found, unseen: [`${type.kind}s outside of namespace ${namespace}, which the role may not list`] };
  }
}
