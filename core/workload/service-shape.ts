/**
 * Which Services can be taken: an allow-list. A shape that is not known to stay as it is when Envoy answers its calls is
 * refused by name; one that stays but means something else from then on is a note. Pure.
 */
import { ciliumWords } from '../kube/cilium-annotations.ts';
import type { Service, ServicePort } from '../kube/objects.ts';
import { portNumberRefusal } from './frontend/well-known-ports.ts';
import type { PortProtocol } from '../routing/port-protocol.ts';
import { portRefusal } from './ports/port-protocol.ts';
import { portText } from './routed-port.ts';

export interface ServiceShape {
  /** Why it cannot be taken; empty: it can. */
  readonly refused: readonly string[];
  /** What changes for its callers, or is not canaried. */
  readonly notes: readonly string[];
}

interface Spoken {
  /** spec.protocol. */
  readonly asked?: PortProtocol | undefined;
  /** A route is made for the port already: its number says nothing any more. */
  readonly isRecorded?: boolean;
}

/** `routed`: its port that is routed; undefined: none, or nothing says which. */
export function serviceShape(service: Service, routed: ServicePort | undefined, spoken: Spoken = {}): ServiceShape {
  return {
    refused: refusals(service, routed, spoken),
    notes: [...portNotes(service, routed), ...outsideNotes(service), ...nearnessNotes(service)],
  };
}

function refusals(
  { metadata, spec }: Service,
  port: ServicePort | undefined,
  { asked, isRecorded = false }: Spoken,
): string[] {
  const { type = 'ClusterIP', internalTrafficPolicy = 'Cluster' } = spec;
  const headless = isHeadless({ metadata, spec });
  const { protocol = 'TCP', appProtocol = '', name = '' } = port ?? {};
  return [
    knownTypes.includes(type) ? '' : `type ${type} is not supported: it has no address that Envoy can answer at`,
    headless
      ? `it is headless (clusterIP None, or label ${HEADLESS}): its callers dial pods by themselves, past every route`
      : '',
    (spec.ports ?? []).length === 0 ? 'it has no port' : '',
    protocol === 'TCP' ? '' : `protocol ${protocol} is not supported: only TCP is`,
    portRefusal({ name, appProtocol }, asked)?.text ?? '',
    internalTrafficPolicy === 'Cluster'
      ? ''
      : `internalTrafficPolicy ${internalTrafficPolicy} is not supported: Envoy takes pods of all nodes, so calls would leave theirs`,
    spec.publishNotReadyAddresses === true
      ? 'publishNotReadyAddresses is not supported: nobody could say which pods of a version are ready'
      : '',
    port === undefined || asked !== undefined || isRecorded ? '' : portNumberRefusal(port),
  ].filter((one) => one !== '');
}

/** The CiliumEnvoyConfig names the routed port: Cilium answers the others itself, with the pods that the pin leaves. */
const portNotes = ({ spec }: Service, routed: ServicePort | undefined): string[] =>
  routed === undefined
    ? []
    : (spec.ports ?? [])
        .filter((one) => one !== routed)
        .map((one) => `port ${portText(one)}: its callers are not canaried, they get the proven version`);

const HEADLESS = 'service.kubernetes.io/headless';

/** Its callers find the pods by DNS, and dial them by themselves. */
export const isHeadless = ({ metadata, spec: { clusterIP = '' } }: Pick<Service, 'metadata' | 'spec'>): boolean =>
  clusterIP.toLowerCase() === 'none' || metadata.labels?.[HEADLESS] !== undefined;

const PROXY_NAME = 'service.kubernetes.io/service-proxy-name';
const knownTypes: readonly string[] = ['ClusterIP', 'NodePort', 'LoadBalancer'];

/** Who calls it from outside, and who else than Cilium may answer. */
function outsideNotes({ metadata, spec }: Service): string[] {
  const { type = 'ClusterIP', externalTrafficPolicy = 'Cluster', externalIPs = [], ipFamilies = [] } = spec;
  const proxy = metadata.labels?.[PROXY_NAME];
  return [
    type === 'ClusterIP' ? '' : `type ${type}: calls from outside that do not pass Envoy are not canaried`,
    externalIPs.length === 0
      ? ''
      : `externalIPs: calls to ${externalIPs.join(', ')} that do not pass Envoy are not canaried`,
    externalTrafficPolicy === 'Cluster'
      ? ''
      : `externalTrafficPolicy ${externalTrafficPolicy}: calls that pass Envoy go to pods of all nodes, not to those of the node that they reach`,
    ipFamilies.length > 1
      ? `dual stack (${ipFamilies.join(', ')}): the Services of versions have the cluster's first address family only`
      : '',
    proxy === undefined ? '' : `label ${PROXY_NAME} (${proxy}): if that proxy is not Cilium, no call passes Envoy`,
  ].filter((one) => one !== '');
}

/** What steers calls to near or chosen pods: Envoy's routes take its place. */
function nearnessNotes({ metadata, spec }: Service): string[] {
  const annotations = Object.entries(metadata.annotations ?? {});
  const zones = annotations.filter(
    ([name, value]) => topologyAnnotations.includes(name) && value !== '' && value.toLowerCase() !== 'disabled',
  );
  const near = [
    ...(spec.trafficDistribution === undefined ? [] : [`trafficDistribution ${spec.trafficDistribution}`]),
    ...zones.map(([name, value]) => `annotation ${name} (${value})`),
  ];
  const steering = annotations.filter(([name]) => name.startsWith('service.cilium.io/') && !(name in ciliumWords));
  return [
    ...near.map((what) => `${what}: Envoy spreads calls over the ready pods of all zones and nodes`),
    ...steering.map(([name, value]) => `annotation ${name} (${value}): it does not steer calls that pass Envoy`),
    ...annotations
      .filter(([name, value]) => ciliumWords[name] === 'truth' && !['true', 'false'].includes(value.toLowerCase()))
      .map(([name, value]) => `annotation ${name} (${JSON.stringify(value)}): Cilium reads it as false`),
  ].sort();
}

const topologyAnnotations: readonly string[] = [
  'service.kubernetes.io/topology-mode',
  'service.kubernetes.io/topology-aware-hints',
];
