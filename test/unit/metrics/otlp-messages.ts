/** OTLP requests in JSON, as senders would write them. */

export const resource = {
  'service.name': 'checkout',
  'service.version': 'v2',
  'service.instance.id': 'pod-1',
  'k8s.cluster.name': 'aws',
};

export interface WrittenPoint {
  readonly name?: string;
  readonly attributes?: Readonly<Record<string, string | number>>;
  readonly startNs?: string;
  readonly timeNs?: string;
  readonly flags?: number;
  /** 1: delta, 2: cumulative, which is the default. */
  readonly temporality?: number;
}

export const requestOf = (...metrics: readonly unknown[]): unknown => requestFrom({ of: resource }, ...metrics);

interface From {
  readonly of: Readonly<Record<string, string>>;
  readonly scope?: string;
}

export const requestFrom = ({ of, scope }: From, ...metrics: readonly unknown[]): unknown => ({
  resourceMetrics: [
    {
      resource: { attributes: attributesOf(of) },
      scopeMetrics: [{ ...(scope === undefined ? {} : { scope: { name: scope } }), metrics }],
    },
  ],
});

const headOf = ({ attributes = {}, startNs = '1', timeNs = '2', flags }: WrittenPoint): object => ({
  attributes: attributesOf(attributes),
  startTimeUnixNano: startNs,
  timeUnixNano: timeNs,
  ...(flags === undefined ? {} : { flags }),
});

export const metricOf = {
  sum: (value: number | undefined, more: WrittenPoint & { readonly isMonotonic?: boolean }): unknown => ({
    name: more.name ?? 'envoy_cluster_upstream_rq_total',
    sum: {
      aggregationTemporality: more.temporality ?? 2,
      isMonotonic: more.isMonotonic ?? true,
      dataPoints: [{ ...headOf(more), ...(value === undefined ? {} : { asInt: String(value) }) }],
    },
  }),
  gauge: (value: number, more: WrittenPoint): unknown => ({
    name: more.name ?? 'envoy_server_live',
    gauge: { dataPoints: [{ ...headOf(more), asDouble: value }] },
  }),
  histogram: (
    counts: readonly number[],
    more: WrittenPoint & { readonly count?: number; readonly bounds?: readonly number[] },
  ): unknown => ({
    name: more.name ?? 'http.server.request.duration',
    unit: 's',
    histogram: {
      aggregationTemporality: more.temporality ?? 2,
      dataPoints: [
        {
          ...headOf(more),
          count: String(more.count ?? counts.reduce((sum, count) => sum + count, 0)),
          bucketCounts: counts.map(String),
          explicitBounds: more.bounds ?? [0.25, 0.5],
        },
      ],
    },
  }),
  exponential: (
    counts: readonly number[],
    more: WrittenPoint & { readonly scale?: number; readonly offset?: number; readonly zeroCount?: number },
  ): unknown => ({
    name: more.name ?? 'http.server.request.duration',
    unit: 's',
    exponentialHistogram: {
      aggregationTemporality: more.temporality ?? 2,
      dataPoints: [
        {
          ...headOf(more),
          count: String(counts.reduce((sum, count) => sum + count, more.zeroCount ?? 0)),
          scale: more.scale ?? 0,
          zeroCount: String(more.zeroCount ?? 0),
          positive: { offset: more.offset ?? -3, bucketCounts: counts.map(String) },
        },
      ],
    },
  }),
} as const;

const attributesOf = (all: Readonly<Record<string, string | number>>): unknown =>
  Object.entries(all).map(([key, value]) => ({
    key,
    value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: value },
  }));
