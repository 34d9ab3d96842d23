/** Objects of others around a service: who else routes its calls, and who goes past its frontend. */
import type { EnvoyConfig, KubeObject } from '../kube/objects.ts';
import { describeObject, isOwned } from '../kube/ownership.ts';
import type { ServiceRef } from '../routing/service-ref.ts';

interface Reference {
  readonly group?: string;
  readonly kind?: string;
  readonly name?: string;
  readonly namespace?: string;
}

interface Backends {
  readonly backendRefs?: readonly Reference[];
  readonly filters?: readonly { readonly requestMirror?: { readonly backendRef?: Reference } }[];
}

/** Route of the Gateway API, as far as it is read. */
export interface Route extends KubeObject {
  readonly spec?: {
    readonly parentRefs?: readonly Reference[];
    readonly rules?: readonly Backends[];
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

/** What may name the service, of every namespace that could be read. */
export interface Surroundings {
  readonly routes: readonly EnvoyConfig[];
  readonly clusterwideRoutes: readonly EnvoyConfig[];
  readonly gatewayRoutes: readonly Route[];
  readonly ingresses: readonly Ingress[];
}

/** A CiliumClusterwideEnvoyConfig has no namespace: a name alone means this one. */
const CLUSTERWIDE_HOME = 'default';

/** Does a reference in an object of namespace `home` mean the service? Without a namespace it means its object's own. */
const means = ({ namespace, service }: ServiceRef, one: Reference | undefined, home: string): boolean =>
  one?.name === service && (one.namespace ?? home) === namespace;

const homeOf = ({ metadata }: KubeObject): string => metadata.namespace ?? CLUSTERWIDE_HOME;

/** The route that Tidegate keeps for the service, or what is in its place: the name alone may be another namespace's. */
export const isRouteOf = ({ namespace }: ServiceRef, ownRoute: string, { metadata }: KubeObject): boolean =>
  metadata.name === ownRoute && metadata.namespace === namespace;

/** Objects of others that redirect or route the service's calls: two of them on one Service have no defined order. */
export function foreignObjects(ref: ServiceRef, ownRoute: string, around: Surroundings): string[] {
  const configs = [...around.routes, ...around.clusterwideRoutes].filter((route) =>
    isRouteOf(ref, ownRoute, route)
      ? !isOwned(route, ref.installation)
      : (route.spec?.services ?? []).some((one) => means(ref, one, homeOf(route))),
  );
  const meshRoutes = around.gatewayRoutes.filter((route) =>
    (route.spec?.parentRefs ?? []).some((one) => one.kind === 'Service' && means(ref, one, homeOf(route))),
  );
  return [...configs, ...meshRoutes].map(describeObject);
}

/** Whoever dials the pods without going through the frontend's redirect. */
export function bypassingObjects(ref: ServiceRef, { ingresses, gatewayRoutes }: Surroundings): string[] {
  const dialing = ingresses.filter((ingress) => {
    const paths = (ingress.spec?.rules ?? []).flatMap((rule) => rule.http?.paths ?? []);
    const backends = [ingress.spec?.defaultBackend, ...paths.map((path) => path.backend)];
    return backends.some((one) => means(ref, one?.service, homeOf(ingress)));
  });
  const routes = gatewayRoutes.filter((route) => {
    const fromGateway = (route.spec?.parentRefs ?? []).some((parent) => (parent.kind ?? 'Gateway') === 'Gateway');
    return (
      fromGateway &&
      (route.spec?.rules ?? []).flatMap(backendsOf).some((one) => isService(one) && means(ref, one, homeOf(route)))
    );
  });
  return [...dialing, ...routes].map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`);
}

const backendsOf = ({ backendRefs, filters }: Backends): Reference[] => [
  ...(backendRefs ?? []),
  ...(filters ?? []).flatMap(({ requestMirror }) => requestMirror?.backendRef ?? []),
];

/** A ServiceImport or another group's kind of the same name is not the service. */
const isService = ({ group = '', kind = 'Service' }: Reference): boolean => group === '' && kind === 'Service';
