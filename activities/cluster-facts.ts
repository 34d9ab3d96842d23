/** Objects as read → the facts that plans are made of. Pure. */
import type { ClusterFacts, WorkloadFacts } from '../core/contract/activities.ts';
import { annotations, labels } from '../core/contract/names.ts';
import type { ServiceRef } from '../core/contract/plan.ts';
import type { Autoscaler, Deployment, EnvoyConfig, KubeObject, Service } from '../platform/kube/objects.ts';
import { describeObject, isOwned } from '../platform/kube/ownership.ts';
import { templateEditor } from './template-edits.ts';
import { templateDigest } from './version-template.ts';

type Labels = Readonly<Record<string, string>>;

/** An empty selector selects nothing here: a Service without selector has no pods of its own. */
export const selects = (selector: Labels, podLabels: Labels | undefined): boolean =>
  Object.keys(selector).length > 0 && Object.entries(selector).every(([name, value]) => podLabels?.[name] === value);

/** The frontend's selector without the pin that Tidegate puts on it. */
const frontendSelector = (frontend: Service): Labels =>
  Object.fromEntries(Object.entries(frontend.spec.selector ?? {}).filter(([name]) => name !== labels.version));

export function frontendFacts(frontend: Service | null): ClusterFacts['frontend'] {
  if (frontend === null) return null;
  const ports = frontend.spec.ports ?? [];
  const first = ports[0];
  return {
    portName: first?.name ?? '',
    port: first?.port ?? 0,
    targetPort: first?.targetPort ?? first?.port ?? 0,
    selector: frontendSelector(frontend),
    global: frontend.metadata.annotations?.[annotations.global] === 'true',
    affinity: frontend.metadata.annotations?.[annotations.affinity] ?? '',
    sessionAffinity: frontend.spec.sessionAffinity === 'ClientIP',
    ports: ports.length,
    appProtocol: first?.appProtocol ?? '',
    pinned: frontend.spec.selector?.[labels.version] ?? '',
  };
}

/** Deployments whose pods the frontend would select, whatever their version. */
export const workloadsOf = (frontend: Service, deployments: readonly Deployment[]): readonly Deployment[] =>
  deployments.filter(({ spec }) => selects(frontendSelector(frontend), spec.template.metadata?.labels));

export function workloadFacts(deployment: Deployment, autoscalers: readonly Autoscaler[]): WorkloadFacts {
  const { metadata, spec, status } = deployment;
  return {
    deployment: metadata.name,
    version: spec.template.metadata?.labels?.[labels.version] ?? '',
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

interface Reference {
  readonly kind?: string;
  readonly name?: string;
  readonly namespace?: string;
}

/** Route of the Gateway API, as far as it is read. */
export interface Route extends KubeObject {
  readonly spec?: {
    readonly parentRefs?: readonly Reference[];
    readonly rules?: readonly { readonly backendRefs?: readonly Reference[] }[];
  };
}

export interface Ingress extends KubeObject {
  readonly spec?: {
    readonly defaultBackend?: IngressBackend;
    readonly rules?: readonly {
      readonly http?: { readonly paths?: readonly { readonly backend?: IngressBackend }[] };
    }[];
  };
}

interface IngressBackend {
  readonly service?: { readonly name?: string };
}

export interface Surroundings {
  readonly routes: readonly EnvoyConfig[];
  readonly clusterwideRoutes: readonly EnvoyConfig[];
  readonly gatewayRoutes: readonly Route[];
  readonly ingresses: readonly Ingress[];
}

/** Objects of others that redirect or route the service's calls: two of them on one Service have no defined order. */
export function foreignObjects(ref: ServiceRef, ownRoute: string, around: Surroundings): string[] {
  const { namespace, service, installation } = ref;
  const takes = (route: EnvoyConfig, home: string): boolean =>
    (route.spec?.services ?? []).some((one) => one.name === service && (one.namespace ?? home) === namespace);
  const configs = around.routes.filter((route) =>
    route.metadata.name === ownRoute ? !isOwned(route, installation) : takes(route, namespace),
  );
  const clusterwide = around.clusterwideRoutes.filter((route) => takes(route, 'default'));
  const meshRoutes = around.gatewayRoutes.filter((route) =>
    (route.spec?.parentRefs ?? []).some((parent) => parent.kind === 'Service' && parent.name === service),
  );
  return [...configs, ...clusterwide, ...meshRoutes].map(describeObject);
}

/** Whoever dials the pods without going through the frontend's redirect. */
export function bypassingObjects({ service }: ServiceRef, { ingresses, gatewayRoutes }: Surroundings): string[] {
  const dialing = ingresses.filter(({ spec }) => {
    const paths = (spec?.rules ?? []).flatMap((rule) => rule.http?.paths ?? []);
    return [spec?.defaultBackend, ...paths.map((path) => path.backend)].some((one) => one?.service?.name === service);
  });
  const routes = gatewayRoutes.filter(({ spec }) => {
    const fromGateway = (spec?.parentRefs ?? []).some((parent) => (parent.kind ?? 'Gateway') === 'Gateway');
    const backends = (spec?.rules ?? []).flatMap((rule) => rule.backendRefs ?? []);
    return fromGateway && backends.some((one) => (one.kind ?? 'Service') === 'Service' && one.name === service);
  });
  return [...dialing, ...routes].map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`);
}
