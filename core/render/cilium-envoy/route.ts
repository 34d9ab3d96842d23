/**
 * The CiliumEnvoyConfig of one service in one client cluster. "Takeover changes nothing": what Envoy would add, limit,
 * retry, time out or close by its defaults is turned off here, each with its reason.
 *
 * Names inside have no "/": the agent then qualifies them as <namespace>/<cec>/<name>. Only the route configuration
 * changes when weights do; a changed listener would drain the connections of every client.
 */
import { annotations, labels } from '../../kube/labels.ts';
import type { Manifest } from '../../kube/objects.ts';
import { withDigest } from '../../kube/with-digest.ts';
import { cecName } from '../../routing/names.ts';
import type { L7Policy, RoutingRecord, Weight } from '../../routing/record.ts';
import { canonical, canonicalJson } from '../../values/canonical.ts';
import { refuse } from '../../values/error.ts';
import { envoyTypes, UINT32_MAX } from './extensions.ts';

const LISTENER = 'frontend';
const ROUTES = 'split';

/** Of request and response headers. A Go server takes 1 MiB, the most generous default in use; Envoy's own is 60. */
const MAX_HEADERS_KB = 1_024;

/** Envoy's own limit of 100 answers 431 to what an app would take. */
const MAX_HEADERS_COUNT = 1_000;

/**
 * An idle client connection is closed after an hour. The app's own idle time is shorter in nearly every server, so clients
 * already live with closes; "never" would keep connections of clients whose node died.
 */
const DOWNSTREAM_IDLE = '3600s';

/** Protobuf's JSON form of a duration. */
const duration = (ms: number): string => `${String(ms / 1000)}s`;

const connectionManager = (record: RoutingRecord): Record<string, unknown> => ({
  '@type': envoyTypes.connectionManager,
  stat_prefix: `${record.namespace}_${record.service}`,
  codec_type: 'AUTO',
  rds: { route_config_name: ROUTES },
  http_filters: [
    {
      // The agent puts cilium.l7policy in front of the filter of exactly this name.
      name: 'envoy.filters.http.router',
      // No x-envoy-* headers on requests and responses.
      typed_config: { '@type': envoyTypes.router, suppress_envoy_headers: true },
    },
  ],
  upgrade_configs: [{ upgrade_type: 'websocket' }],
  // true would overwrite the caller's x-forwarded-proto (https becomes http behind an ingress) and add an address header.
  use_remote_address: false,
  // internal_address_config stays unset: then no address is internal, and no x-envoy-* header of a caller can switch
  // retries or timeouts on. Empty would mean all private addresses.
  generate_request_id: false,
  server_header_transformation: 'PASS_THROUGH',
  proxy_100_continue: true,
  normalize_path: false,
  merge_slashes: false,
  path_with_escaped_slashes_action: 'KEEP_UNCHANGED',
  http_protocol_options: { accept_http_10: true, default_host_for_http_10: record.service, enable_trailers: true },
  common_http_protocol_options: { idle_timeout: DOWNSTREAM_IDLE, max_headers_count: MAX_HEADERS_COUNT },
  max_request_headers_kb: MAX_HEADERS_KB,
  // 0 = none; long polls and streams are the app's business.
  stream_idle_timeout: '0s',
  request_timeout: '0s',
});

const listener = (record: RoutingRecord): Record<string, unknown> => ({
  '@type': envoyTypes.listener,
  name: LISTENER,
  filter_chains: [
    {
      filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: connectionManager(record) }],
    },
  ],
});

/** A subset with weight 0 keeps its cluster (pods known, membership counted) but is no target: nothing can pick it. */
const routes = (weights: readonly Weight[], policy: L7Policy): Record<string, unknown> => ({
  '@type': envoyTypes.routes,
  name: ROUTES,
  virtual_hosts: [
    {
      name: 'all',
      domains: ['*'],
      routes: [
        {
          match: { prefix: '/' },
          route: {
            timeout: duration(policy.requestTimeoutMs),
            weighted_clusters: {
              clusters: weights.filter(({ weight }) => weight > 0).map(({ name, weight }) => ({ name, weight })),
            },
          },
        },
      ],
    },
  ],
});

const unlimited = (priority: 'DEFAULT' | 'HIGH'): Record<string, unknown> => ({
  priority,
  max_connections: UINT32_MAX,
  max_pending_requests: UINT32_MAX,
  max_requests: UINT32_MAX,
  max_retries: UINT32_MAX,
});

const cluster = (
  subset: Weight,
  { frontend, namespace }: RoutingRecord,
  policy: L7Policy,
): Record<string, unknown> => ({
  '@type': envoyTypes.cluster,
  name: subset.name,
  alt_stat_name: subset.statName,
  type: 'EDS',
  // By port number: the bare name is published only as long as no CEC at all asks for a port of that Service.
  eds_cluster_config: { service_name: `${namespace}/${subset.name}:${String(frontend.port)}` },
  connect_timeout: duration(policy.connectTimeoutMs),
  // Even, as eBPF's random pick is. LEAST_REQUEST would send more to a pod that fails fast.
  lb_policy: 'ROUND_ROBIN',
  circuit_breakers: { thresholds: [unlimited('DEFAULT'), unlimited('HIGH')] },
  typed_extension_protocol_options: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': envoyTypes.httpProtocolOptions,
      common_http_protocol_options: {
        idle_timeout: duration(policy.upstreamIdleMs),
        max_headers_count: MAX_HEADERS_COUNT,
        max_response_headers_kb: MAX_HEADERS_KB,
      },
      use_downstream_protocol_config: { http_protocol_options: { enable_trailers: true }, http2_protocol_options: {} },
    },
  },
});

const metadata = (record: RoutingRecord): Manifest['metadata'] => ({
  name: cecName(record.service),
  namespace: record.namespace,
  labels: {
    [labels.managedBy]: 'tidegate',
    [labels.owner]: record.installation,
    [labels.service]: record.service,
  },
  annotations: {
    [annotations.record]: canonicalJson(record),
    // Their defaults hang on spec.services: said outright, turning the redirect on or off leaves the listener as it is.
    'cec.cilium.io/inject-cilium-filters': 'true',
    'cec.cilium.io/is-l7lb': 'true',
    // use-original-source-address is not set. Its default, true, keeps the client pod's address on the way to the
    // server, as without Envoy: access logs, rate limits and network policies of the servers see who they always saw.
  },
});

const policyOf = (record: RoutingRecord): L7Policy => {
  const policy = record.policy.current ?? record.policy.proven;
  if (policy !== null) return policy;
  refuse(
    'Invalid',
    `record of ${record.cluster}/${record.namespace}/${record.service} has no policy`,
    'adopt the service again: adoption writes the policy',
  );
};

const desiredResources = (record: RoutingRecord, weights: readonly Weight[]): readonly unknown[] => {
  const policy = policyOf(record);
  return [listener(record), routes(weights, policy), ...weights.map((subset) => cluster(subset, record, policy))];
};

export interface RouteInput {
  readonly record: RoutingRecord;
  /** Of all live subsets. Empty: a record that is not under Tidegate, which has no resources. */
  readonly weights: readonly Weight[];
  readonly redirect: boolean;
}

/** The object that carries record and route. Without redirect it is complete but for `services`: nothing enters Envoy. */
export const desiredRoute = ({ record, weights, redirect }: RouteInput): Manifest => {
  const { namespace, service, frontend } = record;
  const target = { name: service, namespace, listener: LISTENER, ports: [frontend.port] };
  return withDigest(
    canonical({
      apiVersion: 'cilium.io/v2',
      kind: 'CiliumEnvoyConfig',
      metadata: metadata(record),
      spec: {
        services: redirect ? [target] : undefined,
        backendServices: weights.map(({ name }) => ({ name, namespace, number: [String(frontend.port)] })),
        resources: weights.length === 0 ? [] : desiredResources(record, weights),
      },
    }),
  );
};
