/** The series that Tidegate reads, by their names in Prometheus: the only place that knows them. */

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

const serverLabels = ({ service, versions, clusters }: ServerScope): string =>
  `service_name=${quote(service)},service_version=~${oneOf(versions)},k8s_cluster_name=~${oneOf(clusters)}`;

export const serverRequests = (scope: ServerScope): string => `${SERVER}_count{${serverLabels(scope)}}`;

/** Buckets at the thresholds (s) and at +Inf. The edge 1 s is stored as `1` (OTLP) or `1.0` (scraped). */
export const serverLatency = (scope: ServerScope, thresholdsS: readonly number[]): string => {
  const edges = thresholdsS.flatMap((edge) => (Number.isInteger(edge) ? [`${edge}`, `${edge}.0`] : [`${edge}`]));
  return `${SERVER}_bucket{${serverLabels(scope)},le=~${oneOf([...edges, '+Inf'])}}`;
};

export const envoyTraffic = ({ stats, clusters }: EnvoyScope): string => {
  const names = oneOf(ENVOY_COUNTERS.map((name) => `envoy_cluster_${name}`));
  return `{__name__=~${names},envoy_cluster_name=~${oneOf(stats)},k8s_cluster_name=~${oneOf(clusters)}}`;
};

/** Healthy hosts per subset, and a gauge that every Envoy has: an instance without the subset shows up by the latter. */
export const envoyMembership = ({ stats, clusters }: EnvoyScope): string =>
  `{__name__=~"envoy_cluster_membership_healthy|envoy_server_live",envoy_cluster_name=~${oneOf([...stats, ''])},k8s_cluster_name=~${oneOf(clusters)}}`;

/** A PromQL regular expression (anchored by Prometheus) for exactly these values; sorted, so equal sets are equal queries. */
const oneOf = (values: readonly string[]): string =>
  quote(
    [...new Set(values)]
      .sort()
      .map((value) => value.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
      .join('|'),
  );

const quote = (text: string): string => JSON.stringify(text);

/** Any request series of a service, whatever its version: does the service report at all? */
export const serverPresence = ({ service, clusters }: Omit<ServerScope, 'versions'>): string =>
  `${SERVER}_count{service_name=${quote(service)},k8s_cluster_name=~${oneOf(clusters)}}`;

/** Buckets of a service at these thresholds (s): can a latency SLO be counted? */
export const latencyPresence = ({ service, clusters }: Omit<ServerScope, 'versions'>, thresholdS: number): string =>
  `${SERVER}_bucket{service_name=${quote(service)},k8s_cluster_name=~${oneOf(clusters)},le=~${oneOf([`${thresholdS}`, `${thresholdS}.0`])}}`;

/** A gauge that every running Envoy reports. */
export const envoyPresence = (clusters: readonly string[]): string =>
  `envoy_server_live{k8s_cluster_name=~${oneOf(clusters)}}`;
