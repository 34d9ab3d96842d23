/** measureLoad: how many calls of each service go from which cluster to which, and how long they take. Only reads. */
import type { MeasureLoadInput, MeasureLoadResult } from '../../core/contract/drill.ts';
import { splitGauges } from '../../core/judge/arms/subset-traffic.ts';
import { countIncrements } from '../../core/judge/series/counters.ts';
import type { RawSeries } from '../../core/judge/series/raw-series.ts';
import { envoyTimes, envoyTraffic } from '../../core/judge/series/selectors.ts';
import { LONGEST_RANGE_MS } from '../../core/judge/series/source.ts';
import type { EnvoyConfig } from '../../core/kube/objects.ts';
import { recordIn } from '../../core/routing/found-record.ts';
import { statName } from '../../core/routing/names.ts';
import type { RoutingRecord } from '../../core/routing/record.ts';
import { flowsOf } from '../../core/topology/flows.ts';
import { TidegateError } from '../../core/values/error.ts';
import { ownedRoutes } from '../owned-routes.ts';
import type { NamedClusters, ObserveDeps } from '../ports.ts';

export interface LoadDeps extends Pick<ObserveDeps, 'connectMetrics'> {
  readonly clusters: NamedClusters;
}

/** A scrape before the window is the baseline of its first count, ms: Prometheus' default interval. */
const BASELINE_MS = 60_000;

export async function measureLoad(
  deps: LoadDeps,
  input: MeasureLoadInput,
  signal: AbortSignal,
): Promise<MeasureLoadResult> {
  try {
    return await measure(deps, input, signal);
  } catch (error) {
    // Numbers are a help, not a gate: without them it is said that there are none.
    if (error instanceof TidegateError) return { services: [], problem: error.message };
    throw error;
  }
}

async function measure(deps: LoadDeps, input: MeasureLoadInput, signal: AbortSignal): Promise<MeasureLoadResult> {
  const metrics = await deps.connectMetrics(input.mesh);
  if (metrics === null) return { services: [], problem: 'the mesh has no metrics' };
  const read = await Promise.all(input.clusters.map(({ name }) => recordsIn(deps, { ...input, client: name, signal })));
  const records = read.flatMap((one) => one.records);
  const problem = read.flatMap((one) => one.problem).join('; ');
  const stats = new Map(records.flatMap(subsetsOf));
  if (stats.size === 0) return { services: [], problem: problem === '' ? 'nothing is adopted' : problem };
  const offsetMs = await metrics.clockOffsetMs(signal);
  const window = { fromMs: input.fromMs + offsetMs, toMs: input.toMs + offsetMs };
  const rangeMs = Math.min(window.toMs - window.fromMs + BASELINE_MS, LONGEST_RANGE_MS);
  const scope = { stats: [...stats.keys()].toSorted(), clusters: input.clusters.map(({ name }) => name) };
  const found = await Promise.all(
    [envoyTraffic(scope), envoyTimes(scope)].map((series) =>
      metrics.range({ series, toMs: window.toMs, rangeMs }, signal),
    ),
  );
  const counters = splitGauges(found.flat()).counters.map(inWholeNumbers);
  const counted = countIncrements(counters, window.toMs - rangeMs);
  const services = input.services.map((of) => {
    const service = `${of.namespace}/${of.service}`;
    const own = [...stats]
      .filter(([, one]) => one.service === service)
      .map(([stat, one]) => [stat, one.serving] as const);
    return { service, flows: [...flowsOf(counted, new Map(own), window).values()] };
  });
  return { services, problem };
}

/** Sums of times have fractions of a millisecond, and what is counted has none. */
const inWholeNumbers = (series: RawSeries): RawSeries =>
  series.labels['__name__']?.endsWith('_sum') === true
    ? { ...series, samples: series.samples.map((one) => ({ ...one, value: Math.round(one.value) })) }
    : series;

interface Reading extends MeasureLoadInput {
  readonly client: string;
  readonly signal: AbortSignal;
}

async function recordsIn(
  { clusters }: LoadDeps,
  reading: Reading,
): Promise<{ readonly records: readonly RoutingRecord[]; readonly problem: readonly string[] }> {
  const { client } = reading;
  try {
    const own = await ownedRoutes(clusters, reading);
    return { records: own.flatMap((route) => recordOrNone(route, client)), problem: [] };
  } catch (error) {
    if (error instanceof TidegateError) return { records: [], problem: [`${client}: ${error.message}`] };
    throw error;
  }
}

/** A record that somebody has broken by hand says nothing, and hides no other. */
function recordOrNone(route: EnvoyConfig, client: string): RoutingRecord[] {
  try {
    const record = recordIn(route, client);
    return record === null ? [] : [record];
  } catch (error) {
    if (error instanceof TidegateError) return [];
    throw error;
  }
}

interface Served {
  readonly service: string;
  readonly serving: string;
}

/** Every version that it may send to, in every cluster, by its stat name. */
function subsetsOf({ namespace, service, versions }: RoutingRecord): (readonly [string, Served])[] {
  return [versions.current, versions.proven].flatMap((part) =>
    Object.entries(part ?? {}).flatMap(([cluster, shares]) =>
      Object.keys(shares).map(
        (version) =>
          [
            statName({ namespace, service, version, cluster }),
            { service: `${namespace}/${service}`, serving: cluster },
          ] as const,
      ),
    ),
  );
}
