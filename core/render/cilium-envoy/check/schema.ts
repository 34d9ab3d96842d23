/** The fields of the Envoy messages that Tidegate renders, with what each may hold. `check.ts` walks it. */
import { envoyTypes, headerFormatters, httpFilters, networkFilters, UINT32_MAX } from '../extensions.ts';

export type Schema =
  | { readonly kind: 'text' }
  | { readonly kind: 'flag' }
  | { readonly kind: 'count'; readonly min: number; readonly max: number }
  /** Protobuf's JSON form: seconds with up to nine decimals. */
  | { readonly kind: 'duration' }
  | { readonly kind: 'choice'; readonly values: readonly string[] }
  | { readonly kind: 'list'; readonly item: Schema; readonly atLeast: number }
  | { readonly kind: 'fields'; readonly fields: Readonly<Record<string, Field>> }
  | /** A message that names its type; `known` by `@type`. */
    { readonly kind: 'typed'; readonly known: Readonly<Record<string, Schema>> }
    /** { name, typed_config } with a name out of those that cilium-envoy is built with. */
  | { readonly kind: 'extension'; readonly built: readonly string[]; readonly known: Readonly<Record<string, Schema>> };

export interface Field {
  readonly schema: Schema;
  readonly required: boolean;
}

const text: Schema = { kind: 'text' };
const flag: Schema = { kind: 'flag' };
const duration: Schema = { kind: 'duration' };
const choice = (...values: string[]): Schema => ({ kind: 'choice', values });
const count = (min: number, max = UINT32_MAX): Schema => ({ kind: 'count', min, max });
const list = (item: Schema, atLeast = 1): Schema => ({ kind: 'list', item, atLeast });

/** A name that ends in `!` is required. */
const fields = (schemas: Readonly<Record<string, Schema>>): Schema => ({
  kind: 'fields',
  fields: Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [name.replace('!', ''), { schema, required: name.endsWith('!') }]),
  ),
});

const preserveCase = fields({
  forward_reason_phrase: flag,
  formatter_type_on_envoy_headers: choice('DEFAULT', 'PROPER_CASE'),
});

const httpProtocol = fields({
  enable_trailers: flag,
  accept_http_10: flag,
  default_host_for_http_10: text,
  header_key_format: fields({
    'stateful_formatter!': {
      kind: 'extension',
      built: headerFormatters,
      known: { [envoyTypes.preserveCase]: preserveCase },
    },
  }),
  allow_chunked_length: flag,
  allow_custom_methods: flag,
  ignore_http_11_upgrade: list(fields({ 'safe_regex!': fields({ 'regex!': text }) })),
});

const commonHttp = fields({
  idle_timeout: duration,
  max_headers_count: count(1),
  max_response_headers_kb: count(1, 8_192),
});

const router = fields({ suppress_envoy_headers: flag });

const grpcStats = fields({ 'stats_for_all_methods!': flag });

const connectionManager = fields({
  'stat_prefix!': text,
  codec_type: choice('AUTO', 'HTTP1', 'HTTP2'),
  'rds!': fields({ 'route_config_name!': text }),
  'http_filters!': list({
    kind: 'extension',
    built: httpFilters,
    known: { [envoyTypes.router]: router, [envoyTypes.grpcStats]: grpcStats },
  }),
  upgrade_configs: list(fields({ 'upgrade_type!': text })),
  use_remote_address: flag,
  generate_request_id: flag,
  forward_client_cert_details: choice('ALWAYS_FORWARD_ONLY'),
  server_header_transformation: choice('OVERWRITE', 'APPEND_IF_ABSENT', 'PASS_THROUGH'),
  proxy_100_continue: flag,
  normalize_path: flag,
  merge_slashes: flag,
  path_with_escaped_slashes_action: choice('KEEP_UNCHANGED'),
  http_protocol_options: httpProtocol,
  http2_protocol_options: fields({ max_concurrent_streams: count(1, 2_147_483_647) }),
  common_http_protocol_options: commonHttp,
  max_request_headers_kb: count(1, 8_192),
  stream_idle_timeout: duration,
  request_timeout: duration,
});

const listener = fields({
  'name!': text,
  'filter_chains!': list(
    fields({
      'filters!': list({
        kind: 'extension',
        built: networkFilters,
        known: { [envoyTypes.connectionManager]: connectionManager },
      }),
    }),
  ),
});

const match = fields({
  'prefix!': text,
  headers: list(
    fields({
      'name!': text,
      string_match: fields({ exact: text, safe_regex: fields({ 'regex!': text }) }),
      present_match: flag,
    }),
  ),
  runtime_fraction: fields({
    'default_value!': fields({ 'numerator!': count(0), 'denominator!': choice('MILLION') }),
  }),
});

const target = fields({
  'name!': text,
  'weight!': count(0),
  response_headers_to_add: list(fields({ 'header!': fields({ 'key!': text, 'value!': text }) })),
});

const route = fields({
  // Envoy's default of 15 s would cut what the app answers later.
  'timeout!': duration,
  idle_timeout: duration,
  'weighted_clusters!': fields({ 'clusters!': list(target) }),
});

const routes = fields({
  'name!': text,
  'virtual_hosts!': list(
    fields({
      'name!': text,
      'domains!': list(text),
      'routes!': list(fields({ 'match!': match, 'route!': route, stat_prefix: text })),
    }),
  ),
});

const threshold = fields({
  priority: choice('DEFAULT', 'HIGH'),
  max_connections: count(1),
  max_pending_requests: count(1),
  max_requests: count(1),
  max_retries: count(0),
});

const httpProtocolOptions = fields({
  common_http_protocol_options: commonHttp,
  'use_downstream_protocol_config!': fields({
    http_protocol_options: httpProtocol,
    http2_protocol_options: fields({}),
  }),
});

const cluster = fields({
  'name!': text,
  'alt_stat_name!': text,
  'type!': choice('EDS'),
  'eds_cluster_config!': fields({ 'service_name!': text }),
  'connect_timeout!': duration,
  lb_policy: choice('ROUND_ROBIN', 'LEAST_REQUEST', 'RANDOM'),
  // Without it the agent puts limits of 1 024 connections and requests in.
  'circuit_breakers!': fields({ 'thresholds!': list(threshold) }),
  'typed_extension_protocol_options!': fields({
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions!': {
      kind: 'typed',
      known: { [envoyTypes.httpProtocolOptions]: httpProtocolOptions },
    },
  }),
});

const port = count(1, 65_535);

/** `spec` of a CiliumEnvoyConfig. What the API server would prune or default is required or refused here. */
export const routeSpec = fields({
  services: list(fields({ 'name!': text, 'namespace!': text, 'listener!': text, 'ports!': list(port) })),
  'backendServices!': list(fields({ 'name!': text, 'namespace!': text, 'number!': list(text) }), 0),
  'resources!': list(
    {
      kind: 'typed',
      known: { [envoyTypes.listener]: listener, [envoyTypes.routes]: routes, [envoyTypes.cluster]: cluster },
    },
    0,
  ),
});
