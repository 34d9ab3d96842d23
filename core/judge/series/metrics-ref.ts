/** Where the counts of a mesh are kept. */

/** Where the counts are that versions are judged by. */
export type MetricsRef = PrometheusRef | OtlpRef;

/** All that a workflow is to know of it: no address, and no name of a credential. */
export type MetricsKind = Pick<MetricsRef, 'kind'>;

/** The OTLP receiver of the worker that asks. */
export interface OtlpRef {
  readonly kind: 'otlp';
}

export interface PrometheusRef {
  /** Left out everywhere: plans had no other kind once. */
  readonly kind?: 'prometheus';
  /** Base URL of a Prometheus-compatible HTTP API. No credentials in it. */
  readonly url: string;
  /** Name of the environment variable of the worker that holds a bearer token, if one is needed. */
  readonly tokenEnv?: string;
  /** Whose metrics are read, where a backend keeps several tenants apart. Not a secret. */
  readonly tenant?: string;
  /** Header that carries the tenant. Default: X-Scope-OrgID. */
  readonly tenantHeader?: string;
}
