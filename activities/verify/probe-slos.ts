/** probeSlos: could a verdict be reached as things are? Asked before the first write; only reads. */
import type { ProbeSlosInput } from '../../core/contract/activities.ts';
import { foreignOnly, ownSeries } from '../../core/judge/series/namespaces.ts';
import { otherNamesFound, readOtherNames } from '../../core/judge/series/other-names.ts';
import type { RawSeries } from '../../core/judge/series/raw-series.ts';
import {
  envoyPresence,
  latencyPresence,
  serverPresence,
  REPORTED_WITHIN_MS,
} from '../../core/judge/series/selectors.ts';
import type { CountSource, SeriesQuery } from '../../core/judge/series/source.ts';
import { uncountable } from '../../core/judge/series/uncountable.ts';
import type { Slo } from '../../core/judge/settings.ts';
import { TidegateError } from '../../core/values/error.ts';
import { promqlOf } from '../../platform/metrics/promql.ts';
import type { ObserveDeps } from '../ports.ts';
import { requireMetrics } from './metrics.ts';
import { remediesOf } from './remedies.ts';

interface Ports {
  readonly metrics: CountSource;
  readonly signal: AbortSignal;
  readonly toMs: number;
}

/** One sentence per SLO that cannot be evaluated, and their remedies; empty = all can. */
export async function probeSlos(
  deps: ObserveDeps,
  input: ProbeSlosInput,
  signal: AbortSignal,
): Promise<readonly string[]> {
  try {
    const metrics = await requireMetrics(deps, input.service.mesh);
    const toMs = deps.now() + (await metrics.clockOffsetMs(signal));
    const found = await Promise.all(input.slos.map((slo) => probe(slo, input, { metrics, signal, toMs })));
    const missing = input.slos.filter((_, i) => found[i]?.unexplained === true);
    return [...found.flatMap(({ why }) => why), ...remediesOf(missing, input)];
  } catch (error) {
    if (!(error instanceof TidegateError)) throw error;
    return [`${error.message}${error.fix === '' ? '' : ` (${error.fix})`}`];
  }
}

interface Probed {
  /** Sentences about what keeps the SLO from a verdict; empty: nothing. */
  readonly why: readonly string[];
  /** The metrics are missing, and no cause is known that has a remedy of its own. */
  readonly unexplained: boolean;
}

const probe = async (slo: Slo, input: ProbeSlosInput, ports: Ports): Promise<Probed> => {
  const { metrics, signal, toMs } = ports;
  const { series, metric } = presenceOf(slo, input);
  const found = await metrics.range({ series, toMs, rangeMs: REPORTED_WITHIN_MS }, signal);
  const own = slo.source === 'server' ? ownSeries(found, input.service) : { series: found, foreign: [] };
  const odd = uncountable(own.series).map((why) => `SLO ${slo.name}: ${why} (${promqlOf(series)})`);
  const silent = missingIn(input.clusters, own.series);
  if (silent.length === 0) return { why: odd, unexplained: false };
  const cause = foreignOnly(own, input.service) || (await causeOf(slo, input, { silent, ports }));
  const why = cause === '' ? '' : `: ${cause}`;
  const missing = silent.map(
    (cluster) =>
      `SLO ${slo.name}: no ${metric} from ${cluster} in the last ${REPORTED_WITHIN_MS / 1000} s (${promqlOf(series)})${why}`,
  );
  return { why: [...odd, ...missing], unexplained: cause === '' };
};

interface Silent {
  /** Clusters without a series. */
  readonly silent: readonly string[];
  readonly ports: Ports;
}

/** Do the requests have another name? '' when that explains nothing. */
const causeOf = async (
  { source, protocol = 'http' }: Slo,
  { service }: ProbeSlosInput,
  { silent, ports }: Silent,
): Promise<string> => {
  if (source === 'envoy') return '';
  const scope = { service: service.service, protocol, clusters: silent };
  return otherNamesFound(await readOtherNames(ports, scope), protocol);
};

const missingIn = (wanted: readonly string[], seen: readonly RawSeries[]): string[] =>
  wanted.filter((name) => !seen.some(({ labels }) => labels['k8s_cluster_name'] === name));

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
