/** What Cilium's Envoy takes: the resource types of a CiliumEnvoyConfig and the extensions that cilium-envoy is built with. */

import type { Frontend } from '../../routing/record.ts';
import { extensionsEverywhere } from './built-extensions.ts';

/** Largest number of Envoy's 32-bit fields: as a limit, none; for a sum of weights, the most that Envoy takes. */
export const UINT32_MAX = 4_294_967_295;

const PREFIX = 'type.googleapis.com/';

/** `@type` of the messages that Tidegate renders. */
export const envoyTypes = {
  listener: `${PREFIX}envoy.config.listener.v3.Listener`,
  routes: `${PREFIX}envoy.config.route.v3.RouteConfiguration`,
  cluster: `${PREFIX}envoy.config.cluster.v3.Cluster`,
  connectionManager: `${PREFIX}envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
  grpcStats: `${PREFIX}envoy.extensions.filters.http.grpc_stats.v3.FilterConfig`,
  router: `${PREFIX}envoy.extensions.filters.http.router.v3.Router`,
  preserveCase: `${PREFIX}envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig`,
  httpProtocolOptions: `${PREFIX}envoy.extensions.upstreams.http.v3.HttpProtocolOptions`,
} as const;

/** Other types that the agent accepts as a resource; any third kind makes it skip the whole object. */
export const otherResourceTypes: readonly string[] = [
  `${PREFIX}envoy.config.endpoint.v3.ClusterLoadAssignment`,
  `${PREFIX}envoy.extensions.transport_sockets.tls.v3.Secret`,
];

const everywhere = (kind: string): readonly string[] => extensionsEverywhere.filter((name) => name.startsWith(kind));

/** HTTP filters that every cilium-envoy is built with. One that only some have needs the version: see envoy-version.ts. */
export const httpFilters = everywhere('envoy.filters.http.');

/** Writers of header names. */
export const headerFormatters = everywhere('envoy.http.stateful_header_formatters.');

export const GRPC_STATS = 'envoy.filters.http.grpc_stats';

/** Extensions by name that Tidegate renders for every service, or that Envoy takes for what it renders. */
const renderedExtensions: readonly string[] = [
  'envoy.clusters.eds',
  'envoy.filters.http.router',
  'envoy.filters.network.http_connection_manager',
  'envoy.http.stateful_header_formatters.preserve_case',
  'envoy.load_balancing_policies.round_robin',
];

/** All that are rendered for a port of that protocol. */
export const extensionsOf = (protocol: Frontend['protocol']): readonly string[] =>
  protocol === 'grpc' ? [...renderedExtensions, GRPC_STATS] : renderedExtensions;

/** Network filters that the agent knows how to complete. */
export const networkFilters: readonly string[] = [
  'envoy.filters.network.http_connection_manager',
  'envoy.filters.network.tcp_proxy',
];
