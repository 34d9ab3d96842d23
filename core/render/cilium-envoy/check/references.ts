/** The part of the strict check that looks from field to field: what is named exists, once, and gets traffic. */
import { envoyTypes, UINT32_MAX } from '../extensions.ts';
import type { CecProblem } from './problem.ts';

interface Named {
  readonly name: string;
}

interface ListenerShape extends Named {
  readonly filter_chains: readonly {
    readonly filters: readonly {
      readonly name: string;
      readonly typed_config: {
        readonly rds: { readonly route_config_name: string };
        readonly http_filters: readonly Named[];
      };
    }[];
  }[];
}

interface HeaderShape extends Named {
  readonly present_match?: boolean;
  readonly string_match?: { readonly exact?: string; readonly safe_regex?: unknown };
}

interface RoutesShape extends Named {
  readonly virtual_hosts: readonly {
    readonly routes: readonly {
      readonly match: { readonly headers?: readonly HeaderShape[] };
      /** Counters are named by it. */
      readonly stat_prefix?: string;
      readonly route: {
        readonly weighted_clusters: { readonly clusters: readonly (Named & { readonly weight: number })[] };
      };
    }[];
  }[];
}

interface ClusterShape extends Named {
  readonly alt_stat_name: string;
  readonly eds_cluster_config: { readonly service_name: string };
}

interface SpecShape {
  readonly services?: readonly { readonly namespace: string; readonly name: string; readonly listener: string }[];
  readonly backendServices: readonly {
    readonly namespace: string;
    readonly name: string;
    readonly number: readonly string[];
  }[];
  readonly resources: readonly { readonly '@type': string }[];
}

interface Placed<T> {
  readonly path: string;
  readonly value: T;
}

const placed = <T>(values: readonly T[], path: string): Placed<T>[] =>
  values.map((value, index) => ({ value, path: `${path}[${String(index)}]` }));

const ofType = <T>(spec: SpecShape, type: string): Placed<T>[] =>
  placed(spec.resources, 'spec.resources')
    .filter(({ value }) => value['@type'] === type)
    .map(({ value, path }) => ({ path, value: value as unknown as T }));

const when = (wrong: boolean, path: string, reason: string): CecProblem[] => (wrong ? [{ path, reason }] : []);

const duplicates = <T>(items: readonly Placed<T>[], key: (value: T) => string): CecProblem[] =>
  items
    .filter(({ value }, index) => items.findIndex((other) => key(other.value) === key(value)) < index)
    .map(({ value, path }) => ({ path, reason: `${key(value)} is there twice` }));

/** The agent qualifies names without "/" by namespace and object; with one, two objects could mean the same thing. */
const slashes = (items: readonly Placed<Named>[]): CecProblem[] =>
  items.flatMap(({ value, path }) =>
    when(value.name.includes('/'), `${path}.name`, `${value.name} must not contain "/"`),
  );

const checkListener = ({ value, path }: Placed<ListenerShape>, routeNames: ReadonlySet<string>): CecProblem[] =>
  placed(value.filter_chains, `${path}.filter_chains`).flatMap((chain) =>
    placed(chain.value.filters, `${chain.path}.filters`).flatMap(({ value: { typed_config: manager }, path: at }) => [
      ...when(
        !routeNames.has(manager.rds.route_config_name),
        `${at}.typed_config.rds.route_config_name`,
        `no RouteConfiguration is named ${manager.rds.route_config_name}`,
      ),
      ...when(
        manager.http_filters.at(-1)?.name !== 'envoy.filters.http.router',
        `${at}.typed_config.http_filters`,
        'the last filter must be envoy.filters.http.router',
      ),
    ]),
  );

/** With none of them Envoy takes every request that has the header; of two it takes one. */
const checkHeaders = (headers: readonly HeaderShape[], path: string): CecProblem[] =>
  placed(headers, path).flatMap(({ value: { present_match: present, string_match: text }, path: at }) => {
    const ways = [present === true, text?.exact !== undefined, text?.safe_regex !== undefined].filter(Boolean);
    return when(ways.length !== 1, at, 'needs exactly one of present_match, string_match.exact and .safe_regex');
  });

const checkRoutes = ({ value, path }: Placed<RoutesShape>, clusterNames: ReadonlySet<string>): CecProblem[] =>
  placed(value.virtual_hosts, `${path}.virtual_hosts`).flatMap((host) =>
    placed(host.value.routes, `${host.path}.routes`).flatMap((route) => {
      const at = `${route.path}.route.weighted_clusters.clusters`;
      const targets = placed(route.value.route.weighted_clusters.clusters, at);
      const total = targets.reduce((sum, { value: { weight } }) => sum + weight, 0);
      return [
        ...checkHeaders(route.value.match.headers ?? [], `${route.path}.match.headers`),
        ...when(
          /[.:]/.test(route.value.stat_prefix ?? ''),
          `${route.path}.stat_prefix`,
          'must have no dot or colon: Envoy cuts the route label of metrics there',
        ),
        ...when(total === 0, at, 'the weights sum to 0: Envoy would answer 503 to every request'),
        ...when(total > UINT32_MAX, at, `the weights sum to more than ${String(UINT32_MAX)}`),
        ...duplicates(targets, ({ name }) => name),
        ...targets.flatMap(({ value: { name }, path: target }) =>
          when(!clusterNames.has(name), `${target}.name`, `no Cluster is named ${name}: its requests would get 503`),
        ),
      ];
    }),
  );

const checkCluster = ({ value, path }: Placed<ClusterShape>, published: ReadonlySet<string>): CecProblem[] => {
  const { service_name: endpoints } = value.eds_cluster_config;
  return [
    ...when(
      !published.has(endpoints),
      `${path}.eds_cluster_config.service_name`,
      `${endpoints} is no <namespace>/<name>:<number> of spec.backendServices, so it would have no endpoints`,
    ),
    ...when(
      /[.:]/.test(value.alt_stat_name),
      `${path}.alt_stat_name`,
      'must have no dot or colon: Envoy cuts the cluster label of metrics there',
    ),
  ];
};

/** `spec` must have the shape of `routeSpec`. */
export const checkReferences = (spec: unknown): CecProblem[] => {
  const shape = spec as SpecShape;
  const listeners = ofType<ListenerShape>(shape, envoyTypes.listener);
  const routes = ofType<RoutesShape>(shape, envoyTypes.routes);
  const clusters = ofType<ClusterShape>(shape, envoyTypes.cluster);
  const services = placed(shape.services ?? [], 'spec.services');
  const backends = placed(shape.backendServices, 'spec.backendServices');
  const names = (items: readonly Placed<Named>[]): ReadonlySet<string> => new Set(items.map(({ value }) => value.name));
  const published = new Set(
    backends.flatMap(({ value }) => value.number.map((number) => `${value.namespace}/${value.name}:${number}`)),
  );
  const objectName = ({ namespace, name }: { namespace: string; name: string }): string => `${namespace}/${name}`;
  return [
    ...services.flatMap(({ value: { listener }, path }) =>
      when(
        !names(listeners).has(listener),
        `${path}.listener`,
        `no Listener is named ${listener}: calls would bypass Envoy`,
      ),
    ),
    ...[listeners, routes, clusters].flatMap((items) => [
      ...slashes(items),
      ...duplicates(items as readonly Placed<Named>[], ({ name }) => name),
    ]),
    ...duplicates(services, objectName),
    ...duplicates(backends, objectName),
    ...duplicates(clusters, ({ alt_stat_name: name }) => name),
    ...listeners.flatMap((listener) => checkListener(listener, names(routes))),
    ...routes.flatMap((one) => checkRoutes(one, names(clusters))),
    ...clusters.flatMap((cluster) => checkCluster(cluster, published)),
  ];
};
