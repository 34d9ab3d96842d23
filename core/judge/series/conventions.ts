/** What names and attributes of OpenTelemetry's server metrics and of Envoy's mean, as Prometheus stores them. */
import { defaultBadCodes, rpcCodes, type RpcCode } from '../rpc-codes.ts';
import type { Slo } from '../settings.ts';
import { originOf } from './origin.ts';
import type { RawSeries } from './raw-series.ts';

type Labels = Readonly<Record<string, string>>;

/** `http.server.request.duration`, stable since semantic conventions 1.23. */
export const HTTP_SERVER = 'http_server_request_duration_seconds';
/** `rpc.server.call.duration`, since 1.38; and what it was called until 1.37, in ms. A process may report both. */
export const RPC_SERVER = 'rpc_server_call_duration_seconds';
export const RPC_SERVER_OLD = 'rpc_server_duration_milliseconds';
/** Time until an upstream's answer is complete, ms. Envoy adds to it every 5 s (stats_flush_interval). */
export const ENVOY_TIME = 'envoy_cluster_upstream_rq_time';

/** What the pods of a service report, as its SLOs say: HTTP, unless every one that asks the pods is about RPC. */
export const protocolOf = (slos: readonly Slo[]): NonNullable<Slo['protocol']> => {
  const server = slos.filter(({ source }) => source === 'server');
  return server.length > 0 && server.every(({ protocol }) => protocol === 'rpc') ? 'rpc' : 'http';
};

/** Units of a histogram's edges in a second. */
export const perSecond = (name: string): number =>
  name.startsWith(RPC_SERVER_OLD) || name.startsWith(ENVOY_TIME) ? 1_000 : 1;

/**
 * Did the server fail? HTTP: status 5xx, or an error before there was a status (a timeout, a client that was cut off).
 * RPC: a status that is bad.
 */
export const isServerError = (labels: Labels, badCodes = defaultBadCodes): boolean =>
  labels['__name__']?.startsWith('rpc_') === true ? isRpcError(labels, badCodes) : isHttpError(labels);

const isHttpError = (labels: Labels): boolean => {
  const status = Number(labels['http_response_status_code'] || Number.NaN);
  return status > 0 ? status >= 500 : (labels['error_type'] ?? '') !== '';
};

/** A status that we know decides; without one error.type does, which is set for failures only. */
const isRpcError = (labels: Labels, badCodes: readonly RpcCode[]): boolean => {
  const written =
    labels['rpc_response_status_code'] || labels['rpc_grpc_status_code'] || labels['rpc_connect_rpc_error_code'];
  const code = rpcCodes.find((name, number) => written?.toUpperCase() === name || written === String(number));
  return code === undefined ? (labels['error_type'] ?? '') !== '' : badCodes.includes(code);
};

/**
 * A process that follows the old and the new RPC conventions reports each call twice (OTEL_SEMCONV_STABILITY_OPT_IN=
 * rpc/dup): its old series are left out. Processes that follow one of them only are not touched.
 */
export const withoutDoubleEmission = (raw: readonly RawSeries[]): readonly RawSeries[] => {
  const isOld = ({ labels }: RawSeries): boolean => labels['__name__']?.startsWith(RPC_SERVER_OLD) === true;
  const process = ({ labels }: RawSeries): string => `${originOf(labels)}/${labels['service_version'] ?? ''}`;
  const reportNew = new Set(raw.filter((series) => !isOld(series)).map(process));
  return raw.filter((series) => !isOld(series) || !reportNew.has(process(series)));
};
