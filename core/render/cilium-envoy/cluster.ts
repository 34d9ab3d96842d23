/** The Envoy cluster of a subset: no limit, no retry, and endpoints from Cilium. */
import type { L7Policy, RoutingRecord, Weight } from '../../routing/record.ts';
import { protobufDuration } from '../../values/duration.ts';
import { envoyTypes, UINT32_MAX } from './extensions.ts';
import { MAX_HEADERS_KB, MAX_HEADERS_COUNT } from './header-limits.ts';
import { http1Options } from './http1-options.ts';

const unlimited = (priority: 'DEFAULT' | 'HIGH'): Record<string, unknown> => ({
  priority,
  max_connections: UINT32_MAX,
  max_pending_requests: UINT32_MAX,
  max_requests: UINT32_MAX,
  max_retries: UINT32_MAX,
});

export const cluster = (
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
  connect_timeout: protobufDuration(policy.connectTimeoutMs),
  // Even, as eBPF's random pick is. LEAST_REQUEST would send more to a pod that fails fast.
  lb_policy: 'ROUND_ROBIN',
  circuit_breakers: { thresholds: [unlimited('DEFAULT'), unlimited('HIGH')] },
  typed_extension_protocol_options: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': envoyTypes.httpProtocolOptions,
      common_http_protocol_options: {
        idle_timeout: protobufDuration(policy.upstreamIdleMs),
        max_headers_count: MAX_HEADERS_COUNT,
        max_response_headers_kb: MAX_HEADERS_KB,
      },
      // Pods are spoken to as the caller speaks, whatever the port is said to speak: a server that takes gRPC and HTTP/1.1
      // on one port (a probe, a page of metrics) gets both, and one that does not refuses what it always has.
      use_downstream_protocol_config: { http_protocol_options: http1Options, http2_protocol_options: {} },
    },
  },
});
