import type { Histogram } from '@opentelemetry/api';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider, PeriodicExportingMetricReader, type PushMetricExporter } from '@opentelemetry/sdk-metrics';

/** OpenTelemetry's bucket edges for http.server.request.duration, in seconds. */
const durationEdges = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

export interface PodTelemetry {
  recordRequest(request: { method: string; status: number; seconds: number }): void;
  /** `status`: gRPC's name of it. */
  recordCall(call: { method: string; status: string; seconds: number }): void;
  /** Sends what is left: the end of a process that was asked to stop. */
  flushAndStop(): Promise<void>;
  /** Sends nothing any more: the end of a process that crashed. */
  abandon(): void;
}

/** What a service in production does: the OpenTelemetry SDK, one meter provider per process (here: per pod). */
export function startTelemetry(options: {
  metricsUrl: string;
  /** Between two exports, ms. Default: 1 000. */
  intervalMs?: number;
  resource: Record<string, string>;
}): PodTelemetry {
  const { intervalMs = 1_000 } = options;
  const exporter = new OTLPMetricExporter({ url: options.metricsUrl, timeoutMillis: 900 });
  let dead = false;
  const gated: PushMetricExporter = {
    export: (metrics, done) => (dead ? done({ code: 0 }) : exporter.export(metrics, done)),
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
    selectAggregationTemporality: (type) => exporter.selectAggregationTemporality(type),
  };
  const reader = new PeriodicExportingMetricReader({
    exporter: gated,
    exportIntervalMillis: intervalMs,
    exportTimeoutMillis: intervalMs,
  });
  const provider = new MeterProvider({ resource: resourceFromAttributes(options.resource), readers: [reader] });
  const durationOf = (name: string): Histogram =>
    provider
      .getMeter('tidegate-lab')
      .createHistogram(name, { unit: 's', advice: { explicitBucketBoundaries: durationEdges } });
  const requests = durationOf('http.server.request.duration');
  const calls = durationOf('rpc.server.call.duration');
  const stop = (): Promise<void> => provider.shutdown().catch(() => undefined);
  return {
    recordRequest: ({ method, status, seconds }) =>
      requests.record(seconds, {
        'http.request.method': method,
        'http.response.status_code': status,
        'http.route': '/',
        'url.scheme': 'http',
      }),
    recordCall: ({ method, status, seconds }) =>
      calls.record(seconds, {
        'rpc.system.name': 'grpc',
        'rpc.method': method,
        'rpc.response.status_code': status,
        ...(status === 'OK' ? {} : { 'error.type': status }),
      }),
    flushAndStop: stop,
    abandon() {
      dead = true;
      void stop();
    },
  };
}
