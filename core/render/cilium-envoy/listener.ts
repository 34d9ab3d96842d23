/** The listener of a service in a client's Envoy: what arrives is passed on as it came. */
import { listenerStatName } from '../../routing/names.ts';
import type { RoutingRecord } from '../../routing/record.ts';
import { envoyTypes } from './extensions.ts';
import { httpFiltersOf } from './filters/filters.ts';
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
  http_filters: httpFiltersOf(record),
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
  ...http2Options(record),
  common_http_protocol_options: { idle_timeout: DOWNSTREAM_IDLE, max_headers_count: MAX_HEADERS_COUNT },
  max_request_headers_kb: MAX_HEADERS_KB,
  // 0 = none; long polls and streams are the app's business.
  stream_idle_timeout: '0s',
  request_timeout: '0s',
});

/** Largest number that Envoy takes. */
const STREAMS = 2_147_483_647;

/**
 * A new Envoy lets a connection carry 1024 streams at once, and a client that has more waits; most gRPC servers take as
 * many as come. Ports of which nothing is said keep the listener that they have: another one would end their connections.
 */
const http2Options = ({ frontend }: RoutingRecord): Record<string, unknown> =>
  frontend.protocol === undefined ? {} : { http2_protocol_options: { max_concurrent_streams: STREAMS } };

export const listener = (record: RoutingRecord): Record<string, unknown> => ({
  '@type': envoyTypes.listener,
  name: LISTENER,
  filter_chains: [
    {
      filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: connectionManager(record) }],
    },
  ],
});
