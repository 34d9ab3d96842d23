/** The series that Tidegate reads, by their names in Prometheus: the only place that knows them. */
import { rpcCodes, type RpcCode } from '../rpc-codes.ts';
import type { Slo } from '../settings.ts';
import { ENVOY_TIME, HTTP_SERVER, perSecond, RPC_SERVER, RPC_SERVER_OLD } from './conventions.ts';
import type { SeriesQuery } from './source.ts';

/** Names of a server's duration histogram, by the conventions that it follows; of RPC there are a new and an old one. */
const SERVER = { http: [HTTP_SERVER], rpc: [RPC_SERVER, RPC_SERVER_OLD] } as const;

/** Envoy counters that say what became of the requests of a subset; see core/judge/arms/subset-traffic.ts. */
const ENVOY_COUNTERS = [
  'upstream_rq_total',
  'upstream_rq_xx',
  'upstream_rq_pending_failure_eject',
  'upstream_cx_none_healthy',
  'upstream_cx_connect_fail',
  'upstream_rq_active',
] as const;

/**
 * Counters of a listener: requests that began, that reached the router, that it had no route for, and answers by class;
 * connections, and those of them that did not speak HTTP.
 */
const LISTENER_COUNTERS = [
  'downstream_rq_total',
  'rq_total',
  'no_route',
  'downstream_rq_xx',
  'downstream_cx_total',
  'downstream_cx_protocol_error',
] as const;

/** Counter of Envoy's filter grpc_stats: calls that ended with that status, or all of them. */
export const grpcCounter = (of: RpcCode | 'total'): string =>
  `envoy_cluster_grpc_${of === 'total' ? of : String(rpcCodes.indexOf(of))}`;

/** Requests that took a route of their own to a subset, whose stat name it bears: testers, and users who stay on their arm. */
export const ASIDE = 'envoy_vhost_route_upstream_rq_total';

/** Of the times that requests of a subset took: their sum, ms, and their number. */
const ENVOY_TIMES = [`${ENVOY_TIME}_sum`, `${ENVOY_TIME}_count`] as const;

const MEMBERSHIP = ['envoy_cluster_membership_healthy', 'envoy_server_live'] as const;

/** How far back a series counts as reported, ms: two export intervals of OpenTelemetry's default (60 s) and a margin. */
export const REPORTED_WITHIN_MS = 150_000;

/** Every name that a query below can ask for: all that a source of its own needs to keep. */
export const readNames: ReadonlySet<string> = new Set([
  ...[...SERVER.http, ...SERVER.rpc].flatMap((name) => [`${name}_count`, `${name}_bucket`]),
  ...ENVOY_TIMES,
  `${ENVOY_TIME}_bucket`,
  ...ENVOY_COUNTERS.map((name) => `envoy_cluster_${name}`),
  ...LISTENER_COUNTERS.map((name) => `envoy_http_${name}`),
  ...[...rpcCodes, 'total' as const].map(grpcCounter),
  ASIDE,
  ...MEMBERSHIP,
]);

export interface ServerScope {
  readonly service: string;
  readonly protocol: NonNullable<Slo['protocol']>;
  readonly versions: readonly string[];
  /** Serving clusters. */
  readonly clusters: readonly string[];
}

export interface EnvoyScope {
  /** Values of envoy_cluster_name: alt_stat_name of the subsets. */
  readonly stats: readonly string[];
  /** Client clusters. */
  readonly clusters: readonly string[];
}

export const serverRequests = (scope: ServerScope): SeriesQuery => ({
  names: SERVER[scope.protocol].map((name) => `${name}_count`),
  labels: versionLabels(scope),
});

/** Buckets at the thresholds (s) and at +Inf. */
export const serverLatency = (scope: ServerScope, thresholdsS: readonly number[]): SeriesQuery =>
  onlyAt(serverBuckets(scope, thresholdsS));

/** Every bucket; those of native histograms at the thresholds (s) and at the usual edges. */
export const serverBuckets = (scope: ServerScope, thresholdsS: readonly number[]): SeriesQuery =>
  bucketsOf(SERVER[scope.protocol], { labels: versionLabels(scope), thresholdsS });

/** Buckets at the thresholds (s) and at +Inf. */
export const envoyLatency = (scope: EnvoyScope, thresholdsS: readonly number[]): SeriesQuery =>
  onlyAt(envoyBuckets(scope, thresholdsS));

export const envoyBuckets = ({ stats, clusters }: EnvoyScope, thresholdsS: readonly number[]): SeriesQuery =>
  bucketsOf([ENVOY_TIME], { labels: { envoy_cluster_name: stats, k8s_cluster_name: clusters }, thresholdsS });

export const envoyTraffic = ({ stats, clusters }: EnvoyScope): SeriesQuery => ({
  names: ENVOY_COUNTERS.map((name) => `envoy_cluster_${name}`),
  labels: { envoy_cluster_name: stats, k8s_cluster_name: clusters },
});

export const envoyAside = ({ stats, clusters }: EnvoyScope): SeriesQuery => ({
  names: [ASIDE],
  labels: { envoy_route: stats, k8s_cluster_name: clusters },
});

export const envoyTimes = ({ stats, clusters }: EnvoyScope): SeriesQuery => ({
  names: ENVOY_TIMES,
  labels: { envoy_cluster_name: stats, k8s_cluster_name: clusters },
});

/** Requests as well: who has no call that ended has no counter of gRPC. */
export const envoyGrpc = ({ stats, clusters }: EnvoyScope, badCodes: readonly RpcCode[]): SeriesQuery => ({
  names: ['envoy_cluster_upstream_rq_total', ...(['total', ...new Set(badCodes)] as const).map(grpcCounter)],
  labels: { envoy_cluster_name: stats, k8s_cluster_name: clusters },
});

export interface ListenerScope {
  /** Value of envoy_http_conn_manager_prefix. */
  readonly prefix: string;
  /** Client clusters. */
  readonly clusters: readonly string[];
}

export const envoyListener = ({ prefix, clusters }: ListenerScope): SeriesQuery => ({
  names: LISTENER_COUNTERS.map((name) => `envoy_http_${name}`),
  labels: { envoy_http_conn_manager_prefix: [prefix], k8s_cluster_name: clusters },
});

/** Healthy hosts per subset, and a gauge that every Envoy has: an instance without the subset shows up by the latter. */
export const envoyMembership = ({ stats, clusters }: EnvoyScope): SeriesQuery => ({
  names: MEMBERSHIP,
  labels: { envoy_cluster_name: [...stats, ''], k8s_cluster_name: clusters },
});

/** Any request series of a service, whatever its version: does the service report at all? */
export const serverPresence = (scope: Omit<ServerScope, 'versions'>): SeriesQuery => ({
  names: SERVER[scope.protocol].map((name) => `${name}_count`),
  labels: serviceLabels(scope),
});

/** Buckets of a service at this threshold (s): can a latency SLO be counted? */
export const latencyPresence = (scope: Omit<ServerScope, 'versions'>, thresholdS: number): SeriesQuery => {
  const buckets = bucketsOf(SERVER[scope.protocol], { labels: serviceLabels(scope), thresholdsS: [thresholdS] });
  return { ...buckets, labels: { ...buckets.labels, le: buckets.edges?.flatMap(edgeLabels) ?? [] } };
};

/** A gauge that every running Envoy reports. */
export const envoyPresence = (clusters: readonly string[]): SeriesQuery => ({
  names: ['envoy_server_live'],
  labels: { k8s_cluster_name: clusters },
});

const serviceLabels = ({ service, clusters }: Pick<ServerScope, 'service' | 'clusters'>): SeriesQuery['labels'] => ({
  service_name: [service],
  k8s_cluster_name: clusters,
});

const versionLabels = (scope: ServerScope): SeriesQuery['labels'] => ({
  ...serviceLabels(scope),
  service_version: scope.versions,
});

interface Buckets {
  readonly labels: SeriesQuery['labels'];
  readonly thresholdsS: readonly number[];
}

const bucketsOf = (histograms: readonly string[], { labels, thresholdsS }: Buckets): SeriesQuery => ({
  names: histograms.map((name) => `${name}_bucket`),
  labels,
  edges: [...new Set(histograms.flatMap((name) => thresholdsS.map((edge) => inUnit(edge, name))))],
});

/** 0.07 s are 70 ms, not 70.00000000000001. */
const inUnit = (seconds: number, name: string): number => Number((seconds * perSecond(name)).toPrecision(12));

const onlyAt = (buckets: SeriesQuery): SeriesQuery => ({
  ...buckets,
  labels: { ...buckets.labels, le: [...(buckets.edges ?? []).flatMap(edgeLabels), '+Inf'] },
});

/** The edge 1 s is stored as `1` (OTLP) or `1.0` (scraped). */
const edgeLabels = (edge: number): string[] => (Number.isInteger(edge) ? [`${edge}`, `${edge}.0`] : [`${edge}`]);
