/** probeSlos: could a verdict be reached as things are? Asked before the first write; only reads. */
import type { ProbeSlosInput } from '../../core/contract/activities.ts';
import {
  envoyPresence,
  latencyPresence,
  serverPresence,
  REPORTED_WITHIN_MS,
} from '../../core/judge/series/selectors.ts';
import type { SeriesQuery } from '../../core/judge/series/source.ts';
import type { Slo } from '../../core/judge/settings.ts';
import { TidegateError } from '../../core/values/error.ts';
import { promqlOf } from '../../platform/metrics/promql.ts';
import type { ObserveDeps } from '../ports.ts';
import { connectMetrics, noMetrics } from './metrics.ts';
import { remediesOf } from './remedies.ts';

/** One sentence per SLO that cannot be evaluated, and their remedies; empty = all can. */
export async function probeSlos(
  deps: ObserveDeps,
  input: ProbeSlosInput,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { mesh } = input.service;
  try {
    const metrics = await connectMetrics(deps, mesh);
    if (metrics === null) throw noMetrics(mesh);
    const toMs = deps.now() + (await metrics.clockOffsetMs(signal));
    const found = await Promise.all(
      input.slos.map(async (slo) => {
        const { series, metric } = presenceOf(slo, input);
        const found = await metrics.range({ series, toMs, rangeMs: REPORTED_WITHIN_MS }, signal);
        return missingIn(
          input.clusters,
          found.map((one) => one.labels['k8s_cluster_name'] ?? ''),
        ).map(
          (cluster) =>
            `SLO ${slo.name}: no ${metric} from ${cluster} in the last ${REPORTED_WITHIN_MS / 1000} s (${promqlOf(series)})`,
        );
      }),
    );
    const missing = input.slos.filter((_, i) => (found[i]?.length ?? 0) > 0);
    return [...found.flat(), ...remediesOf(missing, input)];
  } catch (error) {
    if (!(error instanceof TidegateError)) throw error;
    return [`${error.message}${error.fix === '' ? '' : ` (${error.fix})`}`];
  }
}

const missingIn = (wanted: readonly string[], seen: readonly string[]): string[] =>
  wanted.filter((name) => !seen.includes(name));

function presenceOf(slo: Slo, { service, clusters }: ProbeSlosInput): { series: SeriesQuery; metric: string } {
  if (slo.source === 'envoy') return { series: envoyPresence(clusters), metric: "Envoy's metrics" };
  const protocol = slo.protocol ?? 'http';
  const scope = { service: service.service, clusters, protocol };
  const histogram = protocol === 'http' ? 'http.server.request.duration' : 'rpc.server.call.duration';
  if (slo.indicator.kind === 'errors') return { series: serverPresence(scope), metric: histogram };
  const { thresholdS } = slo.indicator;
  return {
    series: latencyPresence(scope, thresholdS),
    metric: `bucket of ${histogram} at ${thresholdS} s`,
  };
}
