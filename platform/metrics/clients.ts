/** From a reference in a plan to what gives the counts: a Prometheus API, or the OTLP receiver of this worker. */
import type { MetricsRef } from '../../core/judge/series/metrics-ref.ts';
import type { MetricsSource } from '../../core/judge/series/source.ts';
import { refuse } from '../../core/values/error.ts';
import { createPrometheusClients, type PrometheusOptions } from './prometheus.ts';

export interface MetricsClients {
  readonly connect: (ref: MetricsRef) => MetricsSource;
  /** Closes the connections that it made; a receiver is closed by whoever started it. */
  readonly close: () => Promise<void>;
}

interface MetricsClientsOptions extends Omit<PrometheusOptions, 'ref'> {
  /** What this process receives. Left out: it has no receiver. */
  readonly otlp?: MetricsSource;
}

export const createMetricsClients = ({ otlp, ...options }: MetricsClientsOptions): MetricsClients => {
  const prometheus = createPrometheusClients(options);
  return {
    connect(ref) {
      if (ref.kind !== 'otlp') return prometheus.connect(ref);
      if (otlp !== undefined) return otlp;
      refuse(
        'Invalid',
        'the mesh names the OTLP receiver of the worker, but this worker has none',
        'start every worker with --otlp-listen 127.0.0.1:4318 (or TIDEGATE_OTLP_LISTEN), and let collectors export there',
      );
    },
    close: () => prometheus.close(),
  };
};
