/** What a look of watchSlo reads: one query per kind of SLO and poll, whatever the number of strata and versions. */
import { envoyErrorArm, serverErrorArm, type Arm } from '../arms/arms.ts';
import {
  envoyHistograms,
  envoyLatencyArm,
  serverHistograms,
  serverLatencyArm,
  type Histograms,
} from '../arms/latency.ts';
import { envoyGrpcArm } from '../arms/grpc-status.ts';
import { splitGauges } from '../arms/subset-traffic.ts';
import { protocolOf } from '../series/conventions.ts';
import { countIncrements, type Counted } from '../series/counters.ts';
import type { RawSeries } from '../series/raw-series.ts';
import {
  envoyBuckets,
  envoyGrpc,
  envoyLatency,
  envoyTraffic,
  serverBuckets,
  serverLatency,
  serverRequests,
} from '../series/selectors.ts';
import { otherNamesFound, readOtherNames } from '../series/other-names.ts';
import { probeRoutesOf } from '../series/probes.ts';
import { countServed } from '../series/served.ts';
import { withoutTwins } from '../series/twins.ts';
import type { MetricsSource, SeriesQuery } from '../series/source.ts';
import { defaultBadCodes } from '../rpc-codes.ts';
import type { Slo } from '../settings.ts';
import { present } from '../../values/json.ts';
import { comparesArms } from './judges.ts';
import type { WatchSloInput, WatchStratum } from './watch.ts';

/** SLOs of a kind are counted from the same series. */
type SloKind = `${'http' | 'rpc' | 'envoy'}-${'errors' | 'latency'}` | 'envoy-grpc';

export interface CountedSources {
  /** Kinds that an SLO or a hard stop needs. */
  readonly byKind: ReadonlyMap<SloKind, Counted>;
  /** Counts of requests, for hard stops. */
  readonly server: Counted;
  readonly envoy: Counted;
  /** Of the Envoys. */
  readonly gauges: readonly RawSeries[];
}

export interface ReadPorts {
  readonly metrics: Pick<MetricsSource, 'range'>;
  readonly signal: AbortSignal;
  /** On the source's clock. */
  readonly startMs: number;
  readonly nowMs: number;
  /** Processes that were heard before the range; missing: not known. */
  readonly known?: ReadonlySet<string>;
}

/** Pods that have reported nothing, of any version, for so long after a share was written may report something else, ms. */
const SILENT_MS = 30_000;

/** Of a watch, or of a look at what runs before one. */
export type Read = Pick<WatchSloInput, 'service' | 'strata' | 'slos' | 'judge'>;

export const readCounters = async (input: Read, ports: ReadPorts): Promise<CountedSources> => {
  const counted = await readKinds(input, kindsOf(input), ports);
  const isSilent = [...counted.byKind].every(
    ([kind, { series, problems }]) => !isServer(kind) || series.length + problems.length === 0,
  );
  const waitedMs = ports.nowMs - Math.max(...input.strata.map(({ sinceMs }) => sinceMs));
  return isSilent && waitedMs >= SILENT_MS ? withCause(counted, await causeOfSilence(input, ports)) : counted;
};

/** Only what these SLOs are counted from. */
export const readCountersOf = async (input: Read, slos: readonly Slo[], ports: ReadPorts): Promise<CountedSources> =>
  readKinds(input, [...new Set(slos.map(kindOf))], ports);

/** Requests as the pods count them, and nothing else. */
export const readServed = async (input: Read, ports: ReadPorts): Promise<Counted> =>
  (await readKinds(input, [serverKindOf(input)], ports)).server;

const readKinds = async (
  input: Read,
  kinds: readonly SloKind[],
  { metrics, signal, startMs, nowMs, known }: ReadPorts,
): Promise<CountedSources> => {
  const read = await Promise.all(
    kinds.map((kind) => metrics.range({ series: queryOf(kind, input), toMs: nowMs, rangeMs: nowMs - startMs }, signal)),
  );
  const split = new Map(kinds.map((kind, i) => [kind, splitGauges(read[i] ?? [])]));
  const byKind = new Map(
    [...split].map(([kind, { counters }]) => [
      kind,
      isServer(kind)
        ? countServed(counters, {
            service: input.service,
            probeRoutes: probeRoutesOf(input.slos),
            startMs,
            ...present({ known }),
          })
        : countIncrements(counters, startMs, known),
    ]),
  );
  return {
    byKind,
    server: byKind.get(serverKindOf(input)) ?? nothing,
    envoy: byKind.get('envoy-errors') ?? nothing,
    gauges: withoutTwins(split.get('envoy-errors')?.gauges ?? []).series,
  };
};

const isServer = (kind: SloKind): boolean => !kind.startsWith('envoy');

/** Why no pod reports what is counted; '' when that is not known. */
const causeOfSilence = async (
  { service, strata, slos }: Read,
  { metrics, signal, nowMs }: ReadPorts,
): Promise<string> => {
  const protocol = protocolOf(slos);
  const scope = { service: service.service, protocol, clusters: strata.map(({ serving }) => serving) };
  return otherNamesFound(await readOtherNames({ metrics, signal, toMs: nowMs }, scope), protocol);
};

const withCause = (counted: CountedSources, cause: string): CountedSources => {
  if (cause === '') return counted;
  const told = (one: Counted): Counted => ({ ...one, problems: [cause] });
  const byKind = new Map([...counted.byKind].map(([kind, one]) => [kind, isServer(kind) ? told(one) : one]));
  return { ...counted, byKind, server: told(counted.server) };
};

/** Everything that looks of this watch will ask for. */
export const queriesOf = (input: Read): readonly SeriesQuery[] => kindsOf(input).map((kind) => queryOf(kind, input));

const serverKindOf = ({ slos }: Read): SloKind => `${protocolOf(slos)}-errors`;

const kindsOf = (input: Read): readonly SloKind[] => [
  ...new Set<SloKind>([serverKindOf(input), 'envoy-errors', ...input.slos.map(kindOf)]),
];

const nothing: Counted = { series: [], intervalMs: 0, problems: [] };

const kindOf = ({ source, protocol = 'http', indicator }: Slo): SloKind =>
  source === 'envoy' && protocol === 'rpc'
    ? 'envoy-grpc'
    : `${source === 'envoy' ? 'envoy' : protocol}-${indicator.kind}`;

const queryOf = (kind: SloKind, input: Read): SeriesQuery => {
  const envoy = envoyScope(input);
  if (kind === 'envoy-errors') return envoyTraffic(envoy);
  const slos = input.slos.filter((slo) => kindOf(slo) === kind);
  if (kind === 'envoy-grpc')
    return envoyGrpc(
      envoy,
      slos.flatMap(({ badCodes = defaultBadCodes }) => badCodes),
    );
  const thresholds = slos.flatMap(({ indicator }) => (indicator.kind === 'latency' ? [indicator.thresholdS] : []));
  const everyEdge = slos.some((slo) => comparesArms(input, slo));
  if (kind === 'envoy-latency') return (everyEdge ? envoyBuckets : envoyLatency)(envoy, thresholds);
  const server = serverScope(input, kind.startsWith('rpc') ? 'rpc' : 'http');
  if (kind.endsWith('errors')) return serverRequests(server);
  return (everyEdge ? serverBuckets : serverLatency)(server, thresholds);
};

const serverScope = ({ service, strata }: Read, protocol: 'http' | 'rpc') => ({
  service: service.service,
  protocol,
  versions: given(strata.flatMap(({ newVersion, oldVersion }) => [newVersion, oldVersion])),
  clusters: strata.map(({ serving }) => serving),
});

const envoyScope = ({ strata }: Read) => ({
  stats: given(strata.flatMap(({ newStat, oldStat }) => [newStat, oldStat])),
  clusters: strata.flatMap(({ clients }) => clients),
});

const given = (values: readonly string[]): readonly string[] => values.filter((value) => value !== '');

/** Is there an old version that is counted apart from the new one? */
export const isComparable = ({ source }: Slo, { newVersion, oldVersion, oldStat }: WatchStratum): boolean =>
  source === 'server' ? oldVersion !== newVersion && oldVersion !== '' : oldStat !== '';

export const sourceOf = ({ byKind }: CountedSources, slo: Slo): Counted => byKind.get(kindOf(slo)) ?? nothing;

export interface OfArm {
  readonly counted: Counted;
  readonly stratum: WatchStratum;
  readonly version: string;
  readonly stat: string;
}

export const armOfSlo = (slo: Slo, { counted, stratum, version, stat }: OfArm): Arm => {
  const { source, indicator, badCodes } = slo;
  const server = { cluster: stratum.serving, version, ...present({ badCodes }) };
  const envoy = { stat, clients: stratum.clients };
  if (kindOf(slo) === 'envoy-grpc') return envoyGrpcArm(counted, { ...envoy, badCodes });
  if (indicator.kind === 'errors') {
    return source === 'envoy' ? envoyErrorArm(counted, envoy) : serverErrorArm(counted, server);
  }
  const { thresholdS } = indicator;
  return source === 'envoy'
    ? envoyLatencyArm(counted, { ...envoy, thresholdS })
    : serverLatencyArm(counted, { ...server, thresholdS });
};

/** All buckets of an arm. */
export const histogramsOfSlo = ({ source }: Slo, { counted, stratum, version, stat }: OfArm): Histograms =>
  source === 'envoy'
    ? envoyHistograms(counted, { stat, clients: stratum.clients })
    : serverHistograms(counted, { cluster: stratum.serving, version });
