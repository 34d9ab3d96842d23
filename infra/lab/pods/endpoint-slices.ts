import { createHash } from 'node:crypto';
import type { KubeClient } from '../api/kube-client.ts';
import {
  canonical,
  isReady,
  isTerminating,
  selects,
  type Endpoint,
  type EndpointSlice,
  type Pod,
  type Service,
} from './objects.ts';
import type { Reflector } from './reflector.ts';
import { present } from '../../../core/values/json.ts';

const managedBy = 'endpointslice.kubernetes.io/managed-by';
const serviceName = 'kubernetes.io/service-name';
/** The name of Kubernetes' own controller, whose work this is. */
const controllerName = 'endpointslice-controller.k8s.io';
export const ownSlices = `labelSelector=${encodeURIComponent(`${managedBy}=${controllerName}`)}`;

export interface EndpointWorld {
  readonly client: KubeClient;
  readonly services: Reflector<Service>;
  readonly pods: Reflector<Pod>;
  readonly slices: Reflector<EndpointSlice>;
  readonly zoneOf: (node: string) => string;
}

/** One slice per Service with a selector; slices of vanished Services go. */
export async function reconcileEndpointSlices(world: EndpointWorld): Promise<void> {
  const wanted = world.services
    .all()
    .filter(
      ({ spec, metadata }) => Object.keys(spec.selector ?? {}).length > 0 && metadata.deletionTimestamp === undefined,
    )
    .map((service) => desiredSlice(world, service));
  const names = new Set(wanted.map(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`));
  const stale = world.slices.all().filter(({ metadata }) => !names.has(`${metadata.namespace ?? ''}/${metadata.name}`));
  await Promise.all([
    ...wanted.map((slice) => writeSlice(world, slice)),
    ...stale.map((slice) => world.client.remove(pathOf(slice))),
  ]);
}

async function writeSlice(world: EndpointWorld, wanted: EndpointSlice): Promise<void> {
  const held = world.slices.get(wanted.metadata.namespace, wanted.metadata.name);
  if (held && canonical(comparable(held)) === canonical(comparable(wanted))) return;
  world.slices.put(await world.client.apply<EndpointSlice>(pathOf(wanted), wanted));
}

function comparable(slice: EndpointSlice): unknown {
  return { endpoints: slice.endpoints ?? [], ports: slice.ports ?? [], labels: slice.metadata.labels ?? {} };
}

function desiredSlice(world: EndpointWorld, service: Service): EndpointSlice {
  const { name, namespace = 'default', uid = '', labels = {} } = service.metadata;
  const pods = world.pods
    .all()
    .filter((pod) => pod.metadata.namespace === namespace && selects(service.spec.selector ?? {}, pod.metadata.labels))
    .filter((pod) => pod.status?.podIP !== undefined)
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const hash = createHash('sha256').update(`${namespace}/${name}`).digest('hex').slice(0, 5);
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${name}-${hash}`,
      namespace,
      labels: { ...labels, [serviceName]: name, [managedBy]: controllerName },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Service', name, uid, controller: true }],
    },
    addressType: 'IPv4',
    endpoints: pods.map((pod) => endpointOf(world, service, pod)),
    ports: (service.spec.ports ?? []).map((port) => ({
      name: port.name ?? '',
      port: targetPort(port, pods[0]),
      protocol: port.protocol ?? 'TCP',
      ...present({ appProtocol: port.appProtocol }),
    })),
  };
}

function endpointOf(world: EndpointWorld, service: Service, pod: Pod): Endpoint {
  const ready = isReady(pod);
  const terminating = isTerminating(pod);
  const { name, namespace = 'default', uid = '' } = pod.metadata;
  const nodeName = pod.spec.nodeName ?? '';
  return {
    addresses: [pod.status?.podIP ?? ''],
    conditions: {
      ready: service.spec.publishNotReadyAddresses === true || (ready && !terminating),
      serving: ready,
      terminating,
    },
    nodeName,
    zone: world.zoneOf(nodeName),
    targetRef: { kind: 'Pod', name, namespace, uid },
  };
}

/** A named target port is looked up in a pod; without pods the Service's own number stands in. */
function targetPort(port: { port: number; targetPort?: number | string }, pod: Pod | undefined): number {
  if (typeof port.targetPort === 'number') return port.targetPort;
  const named = pod?.spec.containers.flatMap(({ ports = [] }) => ports).find(({ name }) => name === port.targetPort);
  return named?.containerPort ?? port.port;
}

function pathOf(slice: EndpointSlice): string {
  return `/apis/discovery.k8s.io/v1/namespaces/${slice.metadata.namespace ?? 'default'}/endpointslices/${slice.metadata.name}`;
}
