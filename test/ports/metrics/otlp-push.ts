/** Exact samples with exact times in a real Prometheus: what an exporter would send, without its timer. */
import { expect } from '@jest/globals';

/** OpenTelemetry's default edges, seconds. */
const classicEdges = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

export interface PushedPoint {
  readonly pod: string;
  readonly version: string;
  /** Default: http.server.request.duration, in s. */
  readonly metric?: { readonly name: string; readonly unit: 's' | 'ms' };
  readonly attributes?: Readonly<Record<string, string | number>>;
  readonly atMs: number;
  /** Since when the values are counted. */
  readonly startMs: number;
  /** All durations that the process has seen so far, in the metric's unit. */
  readonly durations: readonly number[];
  /** Scale of an exponential histogram; a classic one when left out. */
  readonly scale?: number;
}

export const pushTo =
  (prometheusUrl: string) =>
  async (...points: readonly PushedPoint[]): Promise<void> => {
    const response = await fetch(`${prometheusUrl}/api/v1/otlp/v1/metrics`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ resourceMetrics: points.map(resourceMetrics) }),
    });
    expect([response.status, await response.text()]).toEqual([200, expect.any(String)]);
  };

const resourceMetrics = (point: PushedPoint): unknown => {
  const { name, unit } = point.metric ?? { name: 'http.server.request.duration', unit: 's' };
  const data = { aggregationTemporality: 2, dataPoints: [dataPoint(point)] };
  const kind = point.scale === undefined ? 'histogram' : 'exponentialHistogram';
  return {
    resource: {
      attributes: attributes({
        'service.name': 'checkout',
        'service.version': point.version,
        'service.instance.id': point.pod,
        'k8s.cluster.name': 'aws',
      }),
    },
    scopeMetrics: [{ metrics: [{ name, unit, [kind]: data }] }],
  };
};

const dataPoint = (point: PushedPoint): unknown => ({
  attributes: attributes(point.attributes ?? { 'http.response.status_code': 200 }),
  startTimeUnixNano: `${point.startMs}000000`,
  timeUnixNano: `${point.atMs}000000`,
  count: String(point.durations.length),
  sum: point.durations.reduce((sum, duration) => sum + duration, 0),
  ...(point.scale === undefined ? classic(point) : exponential(point.durations, point.scale)),
});

const classic = ({ durations, metric }: PushedPoint): object => {
  const edges = classicEdges.map((edge) => (metric?.unit === 'ms' ? edge * 1_000 : edge));
  const bucketCounts = [...edges, Number.POSITIVE_INFINITY].map((edge, i) => {
    const above = edges[i - 1] ?? 0;
    return String(durations.filter((duration) => duration > above && duration <= edge).length);
  });
  return { explicitBounds: edges, bucketCounts };
};

const exponential = (durations: readonly number[], scale: number): object => {
  const indexes = durations.map((duration) => Math.ceil(Math.log2(duration) * 2 ** scale) - 1);
  const offset = Math.min(0, ...indexes);
  const length = Math.max(0, ...indexes) - offset + 1;
  const bucketCounts = Array.from({ length }, (_, i) => String(indexes.filter((index) => index === offset + i).length));
  return { scale, zeroCount: '0', positive: { offset, bucketCounts } };
};

const attributes = (all: Readonly<Record<string, string | number>>): unknown =>
  Object.entries(all).map(([key, value]) => ({
    key,
    value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: value },
  }));
