/** The series that Tidegate reads, by their names in Prometheus: the only place that knows them. */
import type { SeriesQuery } from './source.ts';

/** OpenTelemetry's `http.server.request.duration` after Prometheus' default translation. */
const SERVER = 'http_server_request_duration_seconds';

/** Envoy counters that say what became of the requests of a subset; see core/analysis/subset-traffic.ts. */
const ENVOY_COUNTERS = [
  'upstream_rq_total',
  'upstream_rq_xx',
  'upstream_rq_pending_failure_eject',
  'upstream_cx_none_healthy',
  'upstream_cx_connect_fail',
  'upstream_rq_active',
] as const;

export interface ServerScope {
  readonly service: string;
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
  names: [`${SERVER}_count`],
  labels: versionLabels(scope),
});

/** Buckets at the thresholds (s) and at +Inf. */
export const serverLatency = (scope: ServerScope, thresholdsS: readonly number[]): SeriesQuery => ({
  names: [`${SERVER}_bucket`],
  labels: { ...versionLabels(scope), le: [...thresholdsS.flatMap(edgeLabels), '+Inf'] },
});

export const envoyTraffic = ({ stats, clusters }: EnvoyScope): SeriesQuery => ({
  names: ENVOY_COUNTERS.map((name) => `envoy_cluster_${name}`),
  labels: { envoy_cluster_name: stats, k8s_cluster_name: clusters },
});

/** Healthy hosts per subset, and a gauge that every Envoy has: an instance without the subset shows up by the latter. */
export const envoyMembership = ({ stats, clusters }: EnvoyScope): SeriesQuery => ({
  names: ['envoy_cluster_membership_healthy', 'envoy_server_live'],
  labels: { envoy_cluster_name: [...stats, ''], k8s_cluster_name: clusters },
});

/** Any request series of a service, whatever its version: does the service report at all? */
export const serverPresence = (scope: Omit<ServerScope, 'versions'>): SeriesQuery => ({
  names: [`${SERVER}_count`],
  labels: serviceLabels(scope),
});

/** Buckets of a service at this threshold (s): can a latency SLO be counted? */
export const latencyPresence = (scope: Omit<ServerScope, 'versions'>, thresholdS: number): SeriesQuery => ({
  names: [`${SERVER}_bucket`],
  labels: { ...serviceLabels(scope), le: edgeLabels(thresholdS) },
});

/** A gauge that every running Envoy reports. */
export const envoyPresence = (clusters: readonly string[]): SeriesQuery => ({
  names: ['envoy_server_live'],
  labels: { k8s_cluster_name: clusters },
});

const serviceLabels = ({ service, clusters }: Omit<ServerScope, 'versions'>): SeriesQuery['labels'] => ({
  service_name: [service],
  k8s_cluster_name: clusters,
});

const versionLabels = (scope: ServerScope): SeriesQuery['labels'] => ({
  ...serviceLabels(scope),
  service_version: scope.versions,
});

/** The edge 1 s is stored as `1` (OTLP) or `1.0` (scraped). */
const edgeLabels = (edge: number): string[] => (Number.isInteger(edge) ? [`${edge}`, `${edge}.0`] : [`${edge}`]);
