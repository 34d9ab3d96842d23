/** What Cilium's Envoy takes: the resource types of a CiliumEnvoyConfig and the extensions that cilium-envoy is built with. */

/** The Cilium minor that the lists were read from (cilium-envoy of August 2026, Envoy 1.38). Look again for each minor. */
export const CILIUM_MINOR = '1.20';

/** Largest number of Envoy's 32-bit fields: as a limit, none; for a sum of weights, the most that Envoy takes. */
export const UINT32_MAX = 4_294_967_295;

const PREFIX = 'type.googleapis.com/';

/** `@type` of the messages that Tidegate renders. */
export const envoyTypes = {
  listener: `${PREFIX}envoy.config.listener.v3.Listener`,
  routes: `${PREFIX}envoy.config.route.v3.RouteConfiguration`,
  cluster: `${PREFIX}envoy.config.cluster.v3.Cluster`,
  connectionManager: `${PREFIX}envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
  router: `${PREFIX}envoy.extensions.filters.http.router.v3.Router`,
  preserveCase: `${PREFIX}envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig`,
  httpProtocolOptions: `${PREFIX}envoy.extensions.upstreams.http.v3.HttpProtocolOptions`,
} as const;

/** Other types that the agent accepts as a resource; any third kind makes it skip the whole object. */
export const otherResourceTypes: readonly string[] = [
  `${PREFIX}envoy.config.endpoint.v3.ClusterLoadAssignment`,
  `${PREFIX}envoy.extensions.transport_sockets.tls.v3.Secret`,
];

/** HTTP filters in the build. The agent decodes many more (408 extensions); Envoy then refuses them. */
export const httpFilters: readonly string[] = [
  'basic_auth',
  'buffer',
  'compressor',
  'cors',
  'dynamic_forward_proxy',
  'dynamic_modules',
  'ext_authz',
  'ext_proc',
  'grpc_stats',
  'grpc_web',
  'health_check',
  'jwt_authn',
  'local_ratelimit',
  'oauth2',
  'rate_limit_quota',
  'ratelimit',
  'rbac',
  'router',
  'set_filter_state',
  'set_metadata',
  'stateful_session',
  'wasm',
].map((name) => `envoy.filters.http.${name}`);

/** Writers of header names that the build has. */
export const headerFormatters: readonly string[] = ['envoy.http.stateful_header_formatters.preserve_case'];

/** Network filters that the agent knows how to complete. */
export const networkFilters: readonly string[] = [
  'envoy.filters.network.http_connection_manager',
  'envoy.filters.network.tcp_proxy',
];
