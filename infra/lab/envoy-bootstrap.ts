/** What a lab's Envoy is started with; everything else it gets from cilium-lab over ADS. */
export interface EnvoyBootstrapOptions {
  /** The name of the node in cilium-lab's `--nodes`. */
  readonly nodeId: string;
  /** The name of the Kubernetes cluster: Envoy's `node.cluster`. */
  readonly cluster: string;
  readonly adsPort: number;
  readonly adminPort: number;
}

/**
 * The bootstrap of one Envoy, to be written as JSON.
 * Run it with `--concurrency 1 --drain-time-s 10 --drain-strategy immediate`: cilium-lab keeps the clusters of a removed
 * listener for 12 s, so that kept-alive connections end politely first.
 */
export function envoyBootstrap(options: EnvoyBootstrapOptions): Record<string, unknown> {
  return {
    node: { id: options.nodeId, cluster: options.cluster },
    admin: { address: loopbackAddress(options.adminPort) },
    dynamic_resources: {
      // Envoy takes LDS only after the clusters of CDS are ready.
      lds_config: { ads: {}, resource_api_version: 'V3', initial_fetch_timeout: '0s' },
      cds_config: { ads: {}, resource_api_version: 'V3', initial_fetch_timeout: '0s' },
      ads_config: {
        api_type: 'GRPC',
        transport_api_version: 'V3',
        set_node_on_first_message_only: true,
        grpc_services: [{ envoy_grpc: { cluster_name: 'cilium-lab' } }],
      },
    },
    static_resources: { clusters: [adsCluster(options.adsPort)] },
    layered_runtime: {
      // Envoy warns about a listener without a connection limit: on a lab the kernel's limits are enough.
      layers: [{ name: 'lab', static_layer: { 'envoy.resource_limits.listener_admin.connection_limit': 10_000 } }],
    },
  };
}

function adsCluster(port: number): Record<string, unknown> {
  return {
    name: 'cilium-lab',
    type: 'STATIC',
    connect_timeout: '1s',
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        explicit_http_config: {
          // A cilium-lab that hangs is noticed, and one that was started again is found.
          http2_protocol_options: { connection_keepalive: { interval: '5s', timeout: '5s' } },
        },
      },
    },
    load_assignment: {
      cluster_name: 'cilium-lab',
      endpoints: [{ lb_endpoints: [{ endpoint: { address: loopbackAddress(port) } }] }],
    },
  };
}

function loopbackAddress(port: number): Record<string, unknown> {
  return { socket_address: { address: '127.0.0.1', port_value: port } };
}
