/** The listener of a service in a client's Envoy: what arrives is passed on as it came. */
import { listenerStatName } from '../../routing/names.ts';
import type { RoutingRecord } from '../../routing/record.ts';
import { envoyTypes } from './extensions.ts';
import { MAX_HEADERS_KB, MAX_HEADERS_COUNT } from './header-limits.ts';
import { listenerHttp1Options, UPGRADE } from './http1-options.ts';
import { ROUTES } from './routes.ts';

export const LISTENER = 'frontend';

/**
 * An idle client connection is closed after an hour. The app's own idle time is shorter in nearly every server, so clients
 * already live with closes; "never" would keep connections of clients whose node died.
 */
const DOWNSTREAM_IDLE = '3600s';

const connectionManager = (record: RoutingRecord): Record<string, unknown> => ({
  '@type': envoyTypes.connectionManager,
  stat_prefix: listenerStatName(record),
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
  upgrade_configs: [{ upgrade_type: UPGRADE }],
  // true would overwrite the caller's x-forwarded-proto (https becomes http behind an ingress) and add an address header.
  use_remote_address: false,
  // internal_address_config stays unset: then no address is internal, and no x-envoy-* header of a caller can switch
  // retries or timeouts on. Empty would mean all private addresses.
  generate_request_id: false,
  // SANITIZE, the default, would drop the x-forwarded-client-cert of an ingress that ends mutual TLS.
  forward_client_cert_details: 'ALWAYS_FORWARD_ONLY',
  server_header_transformation: 'PASS_THROUGH',
  proxy_100_continue: true,
  normalize_path: false,
  merge_slashes: false,
  path_with_escaped_slashes_action: 'KEEP_UNCHANGED',
  http_protocol_options: listenerHttp1Options(record.service),
  common_http_protocol_options: { idle_timeout: DOWNSTREAM_IDLE, max_headers_count: MAX_HEADERS_COUNT },
  max_request_headers_kb: MAX_HEADERS_KB,
  // 0 = none; long polls and streams are the app's business.
  stream_idle_timeout: '0s',
  request_timeout: '0s',
});

export const listener = (record: RoutingRecord): Record<string, unknown> => ({
  '@type': envoyTypes.listener,
  name: LISTENER,
  filter_chains: [
    {
      filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: connectionManager(record) }],
    },
  ],
});
