/** Objects of others around a service: who else routes its calls, and who goes past its frontend. */
import type { EnvoyConfig, KubeObject } from '../kube/objects.ts';
import { describeObject, isOwned } from '../kube/ownership.ts';
import type { ServiceRef } from '../routing/service-ref.ts';

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
