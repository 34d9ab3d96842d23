/** Objects as read → the facts that plans are made of. Pure. */
import { affinityOf, globalOf } from '../kube/cilium-annotations.ts';
import { annotations, labels } from '../kube/labels.ts';
import type { Autoscaler, Deployment, Service, ServicePort } from '../kube/objects.ts';
import { fieldManager } from '../kube/ownership.ts';
import type { Frontend } from '../routing/record.ts';
import { present } from '../values/json.ts';
import type { ClusterFacts, WorkloadFacts } from './facts.ts';
import type { FrontendSigns } from './frontend/frontend-signs.ts';
import { derivedVersion } from './origin/derived-version.ts';
import type { Served } from './origin/serving-container.ts';
import { spokenBy } from './ports/port-protocol.ts';
import { portText, routedPort, type RoutedBy } from './routed-port.ts';
import { serviceShape } from './service-shape.ts';
import { templateEditor } from './template-edits.ts';
import { templateDigest } from './version-template.ts';

type Labels = Readonly<Record<string, string>>;

/** An empty selector selects nothing here: a Service without selector has no pods of its own. */
export const selects = (selector: Labels, podLabels: Labels | undefined): boolean =>
  Object.keys(selector).length > 0 && Object.entries(selector).every(([name, value]) => podLabels?.[name] === value);

/** The frontend's selector without the pin that Tidegate puts on it. */
export const frontendSelector = (frontend: Service): Labels =>
  Object.fromEntries(Object.entries(frontend.spec.selector ?? {}).filter(([name]) => name !== labels.version));

/** Version that callers past Envoy get; '' = the frontend is pinned to none. */
export const pinnedTo = ({ spec }: Service): string => spec.selector?.[labels.version] ?? '';

export function frontendFacts(frontend: Service | null, by: RoutedBy): ClusterFacts['frontend'] {
  if (frontend === null) return null;
  const { ports = [] } = frontend.spec;
  const routed = routedPort(frontend, by);
  const others = ports.filter((one) => one !== routed).map(portText);
  return {
    portName: routed?.name ?? '',
    port: routed?.port ?? 0,
    targetPort: routed?.targetPort ?? routed?.port ?? 0,
    ...protocolIn(routed, by),
    selector: frontendSelector(frontend),
    global: globalOf(frontend.metadata),
    affinity: affinityOf(frontend.metadata),
    sessionAffinity: frontend.spec.sessionAffinity === 'ClientIP',
    ports: ports.length,
    ...(others.length > 0 && { otherPorts: others }),
    appProtocol: routed?.appProtocol ?? '',
    pinned: pinnedTo(frontend),
    shape: serviceShape(frontend, routed, { asked: by.protocol, isRecorded: by.recorded !== undefined }),
  };
}

/** What the route was made for goes before what is said now: another listener would end the connections of every caller. */
function protocolIn(routed: ServicePort | undefined, { recorded, protocol }: RoutedBy): Pick<Frontend, 'protocol'> {
  if (recorded !== undefined) return present({ protocol: recorded.protocol });
  const { name = '', appProtocol = '' } = routed ?? {};
  const spoken = spokenBy({ name, appProtocol }, protocol);
  return spoken === 'http2' || spoken === 'grpc' ? { protocol: spoken } : {};
}

/** `versions`: the Deployments that Tidegate made for the service here. */
export function frontendSigns(frontend: Service, versions: readonly Deployment[], by: RoutedBy): FrontendSigns {
  const { selector, targetPort } = frontendOf(frontend, by);
  const running = versions.filter(({ spec }) => spec.replicas !== 0).map(({ spec }) => spec.template);
  return {
    selectorBy: fieldManager(frontend, 'selector'),
    portsBy: fieldManager(frontend, 'ports'),
    fits: {
      targetPort: running.every(({ spec }) =>
        spec.containers.some(({ ports = [] }) =>
          ports.some(({ name, containerPort }) => targetPort === containerPort || targetPort === name),
        ),
      ),
      selector: running.every(({ metadata }) => selects(selector, metadata?.labels)),
    },
  };
}

/** Deployments whose pods the frontend would select, whatever their version. */
export const workloadsOf = (frontend: Service, deployments: readonly Deployment[]): readonly Deployment[] =>
  deployments.filter(({ spec }) => selects(frontendSelector(frontend), spec.template.metadata?.labels));

export function workloadFacts(
  deployment: Deployment,
  { autoscalers, ...served }: Served & { readonly autoscalers: readonly Autoscaler[] },
): WorkloadFacts {
  const { metadata, spec, status } = deployment;
  const version = spec.template.metadata?.labels?.[labels.version] ?? '';
  return {
    deployment: metadata.name,
    version,
    ...(version === '' && { derived: derivedVersion(spec.template, served) }),
    managed: metadata.labels?.[labels.managedBy] === 'tidegate',
    replicas: spec.replicas ?? 1,
    ready: status?.readyReplicas ?? 0,
    templateDigest: metadata.annotations?.[annotations.templateDigest] ?? templateDigest(spec.template),
    editedBy: templateEditor(deployment),
    image: spec.template.spec.containers[0]?.image ?? '',
    autoscaler: autoscalers.find((one) => scales(one, metadata.name))?.metadata.name ?? '',
  };
}

export const scales = ({ spec }: Autoscaler, deployment: string): boolean =>
  spec.scaleTargetRef.kind === 'Deployment' && spec.scaleTargetRef.name === deployment;

/** The part of the frontend that records keep. */
export function frontendOf(frontend: Service, by: RoutedBy): Frontend {
  const { portName = '', port = 0, targetPort = 0, protocol, selector = {} } = frontendFacts(frontend, by) ?? {};
  return { portName, port, targetPort, ...present({ protocol }), selector };
}
