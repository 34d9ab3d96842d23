/**
 * The same requests under names that Tidegate does not count: older conventions, other suffixes, names with dots. They
 * are recognised, so that "no metrics" can name the cause and the remedy.
 */
import { TidegateError } from '../../values/error.ts';
import type { Slo } from '../settings.ts';
import type { RawSeries } from './raw-series.ts';
import { HTTP_SERVER, RPC_SERVER, RPC_SERVER_OLD } from './conventions.ts';
import { REPORTED_WITHIN_MS } from './selectors.ts';
import type { CountSource, SeriesQuery } from './source.ts';

type Protocol = NonNullable<Slo['protocol']>;

interface OtherName {
  /** As stored, without `_count`. */
  readonly name: string;
  readonly cause: string;
  readonly remedy: string;
}

const OLD_HTTP = {
  cause: "follows OpenTelemetry's old HTTP conventions",
  remedy:
    'let the SDK emit the stable ones: OTEL_SEMCONV_STABILITY_OPT_IN=http (or http/dup for both), or a newer instrumentation',
};
const NO_SUFFIX = {
  cause: 'is stored without the suffix of its unit',
  remedy:
    'set translation_strategy: UnderscoreEscapingWithSuffixes in Prometheus (otlp), or add_metric_suffixes: true in the exporter of the collector',
};
const IN_MS = {
  cause: 'is stored in milliseconds',
  remedy: 'let the instrumentation record seconds, as the stable conventions ask',
};
const DOTTED = {
  cause: 'is stored under a UTF-8 name with dots',
  remedy: 'set translation_strategy: UnderscoreEscapingWithSuffixes in Prometheus (otlp)',
};
const BY_HTTP_STATUS = {
  cause: 'counts HTTP status, which is 200 for most calls of gRPC that failed',
  remedy:
    "instrument the service with OpenTelemetry's RPC server metrics (rpc.server.call.duration), or judge by Envoy alone (metricSource envoy-cluster-grpc)",
};
const OF_RPC = {
  cause: 'counts calls of RPC',
  remedy: 'write spec.protocol: grpc, or SLOs of metricSource opentelemetry-rpc-server (docs/how-to/grpc.md)',
};
const OF_GRPC_LIBRARIES = {
  cause: "is a gRPC library's own metric",
  remedy:
    "add OpenTelemetry's RPC instrumentation (rpc.server.call.duration), or judge by Envoy alone (metricSource envoy-cluster-grpc)",
};
const OTHER = {
  cause: "is no metric of OpenTelemetry's conventions",
  remedy: "instrument the service with OpenTelemetry's HTTP server metrics",
};

const others: Readonly<Record<Protocol, readonly OtherName[]>> = {
  http: [
    ...['http_server_duration_milliseconds', 'http_server_duration', 'http_server_duration_seconds'].map((name) => ({
      name,
      ...OLD_HTTP,
    })),
    { name: 'http_server_request_duration', ...NO_SUFFIX },
    { name: 'http_server_request_duration_milliseconds', ...IN_MS },
    { name: 'http_server_requests_seconds', ...OTHER },
    { name: RPC_SERVER, ...OF_RPC },
    { name: RPC_SERVER_OLD, ...OF_RPC },
    ...dotted(['http.server.request.duration_seconds', 'http.server.request.duration']),
    ...dotted(['http.server.duration_milliseconds', 'http.server.duration']).map((one) => ({ ...one, ...OLD_HTTP })),
  ],
  rpc: [
    ...['rpc_server_call_duration', 'rpc_server_duration'].map((name) => ({ name, ...NO_SUFFIX })),
    { name: 'rpc_server_call_duration_milliseconds', ...IN_MS },
    { name: 'grpc_server_call_duration_seconds', ...OF_GRPC_LIBRARIES },
    { name: 'grpc_server_handling_seconds', ...OF_GRPC_LIBRARIES },
    { name: HTTP_SERVER, ...BY_HTTP_STATUS },
    ...dotted(['rpc.server.call.duration_seconds', 'rpc.server.call.duration']),
    ...dotted(['rpc.server.duration_milliseconds', 'rpc.server.duration']),
  ],
};

function dotted(names: readonly string[]): OtherName[] {
  return names.map((name) => ({ name, ...DOTTED }));
}

interface Scope {
  readonly service: string;
  readonly protocol: Protocol;
  readonly clusters: readonly string[];
}

/**
 * Two queries: labels have dots where names have them, which a Prometheus before 3 refuses to parse. Series that name no
 * cluster are asked for, too: labels may be as unusual as names.
 */
export const otherNamesQueries = ({ service, protocol, clusters }: Scope): readonly SeriesQuery[] => {
  const names = others[protocol].map(({ name }) => `${name}_count`);
  const [plain, utf8] = [names.filter((name) => !name.includes('.')), names.filter((name) => name.includes('.'))];
  return [
    { names: plain, labels: { service_name: [service], k8s_cluster_name: [...clusters, ''] } },
    { names: utf8, labels: { 'service.name': [service] } },
  ];
};

interface Ports {
  readonly metrics: Pick<CountSource, 'range'>;
  readonly signal: AbortSignal;
  /** On the source's clock. */
  readonly toMs: number;
}

/** Of the last minutes. A backend that refuses such a query has no such series. */
export const readOtherNames = async ({ metrics, signal, toMs }: Ports, scope: Scope): Promise<readonly RawSeries[]> => {
  const read = otherNamesQueries(scope).map(async (series) => {
    try {
      return await metrics.range({ series, toMs, rangeMs: REPORTED_WITHIN_MS }, signal);
    } catch (error) {
      if (signal.aborted || !(error instanceof TidegateError) || error.code !== 'Invalid') throw error;
      return [];
    }
  });
  return (await Promise.all(read)).flat();
};

/** What was found, in a sentence with its remedy; '' when nothing was. */
export const otherNamesFound = (series: readonly RawSeries[], protocol: Protocol): string => {
  const found = others[protocol].filter(({ name }) =>
    series.some(({ labels }) => labels['__name__'] === `${name}_count`),
  );
  const [one] = found;
  if (one === undefined) return '';
  return `its requests are stored as ${one.name}, which ${one.cause}: ${one.remedy}`;
};
