/** One look of watchSlo: reads the counters once per source, judges every SLO, and moves the settled counts on. */
import {
  cellsSince,
  envoyErrorArm,
  envoyEventArm,
  noArm,
  serverErrorArm,
  serverLatencyArm,
  sumCells,
} from '../core/analysis/arms.ts';
import type { Arm, Total } from '../core/analysis/arms.ts';
import { countIncrements } from '../core/analysis/counters.ts';
import type { Counted, RawSeries } from '../core/analysis/counters.ts';
import { hardStops } from '../core/analysis/hard-stops.ts';
import type { SubsetTraffic } from '../core/analysis/hard-stops.ts';
import { busyCells, splitGauges } from '../core/analysis/subset-traffic.ts';
import { judgeThreshold } from '../core/analysis/threshold.ts';
import type { StratumCounts } from '../core/analysis/threshold.ts';
import type { SloReading, WatchSloInput, WatchStratum } from '../core/contract/activities.ts';
import type { Slo } from '../core/contract/plan.ts';
import type { Prometheus } from '../platform/metrics/prometheus.ts';
import { envoyTraffic, serverLatency, serverRequests } from '../platform/metrics/selectors.ts';
import { noTotals } from './watch-slo-state.ts';
import type { ArmTotals, WatchState } from './watch-slo-state.ts';

/** Least that a range begins before the first count, ms: a process that was not seen for so long is a new one. */
const LOOK_BACK_MS = 30_000;
/** Before the sampling interval is known, ms: two exports of OpenTelemetry's default (60 s) and a margin. */
const FIRST_LOOK_BACK_MS = 150_000;
/** Every count needs the sample before it, which may be late: that many intervals are looked back. */
const LOOK_BACK_INTERVALS = 2.5;
/** The longest range, ms: bounds an answer after a long outage of the backend. */
const MAX_RANGE_MS = 10 * 60_000;
/** Samples older than this are stale, ms; or four sampling intervals, whichever is longer. */
const STALE_MS = 5_000;

export interface LookPorts {
  readonly metrics: Pick<Prometheus, 'range' | 'clockOffsetMs'>;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

export interface Looked {
  readonly readings: readonly SloReading[];
  readonly state: WatchState;
}

export const look = async (
  input: WatchSloInput,
  ports: LookPorts & { readonly state: WatchState },
): Promise<Looked> => {
  const offsetMs = await ports.metrics.clockOffsetMs(ports.signal);
  const nowMs = ports.now() + offsetMs;
  const firstMs = Math.min(...input.strata.map(({ sinceMs }) => sinceMs)) + offsetMs;
  const settledToMs = Math.max(ports.state.settledToMs ?? firstMs, nowMs - MAX_RANGE_MS);
  const lookBackMs = ports.state.lookBackMs ?? FIRST_LOOK_BACK_MS;
  const startMs = Math.min(settledToMs, nowMs - input.judge.windowMs) - lookBackMs;
  const counted = await readCounters(input, { ...ports, startMs, nowMs });
  const judged = input.slos.map((slo) => {
    const strata = input.strata.map((stratum) =>
      stratumCounts({ input, slo, stratum, counted, offsetMs, settledToMs, settled: ports.state.settled }),
    );
    return {
      slo,
      strata,
      readings: judgeThreshold({ slo, settings: input.judge, nowMs, staleMs: staleMs(counted, slo), strata }),
    };
  });
  const stops = input.strata.flatMap((stratum) => hardStopsOf({ input, stratum, counted, offsetMs }));
  const newest = judged
    .flatMap(({ strata }) => strata.map(({ newArm }) => newArm.newestMs))
    .filter((ms) => ms !== null);
  const nextMs = Math.max(settledToMs, Math.min(nowMs - input.judge.windowMs, ...newest));
  const settled = Object.fromEntries(
    judged.flatMap(({ slo, strata }) =>
      strata.map((one) => {
        const key = keyOf(slo, one.cluster);
        return [key, settle(ports.state.settled[key], { one, fromMs: settledToMs, toMs: nextMs })] as const;
      }),
    ),
  );
  const bad = judged.flatMap(({ strata }) =>
    strata.flatMap(({ newArm }) => newArm.cells.filter((cell) => cell.bad > 0).map((cell) => cell.fromMs)),
  );
  const firstBadAtMs = ports.state.firstBadAtMs ?? (bad.length > 0 ? Math.min(...bad) - offsetMs : null);
  const readings = [...stops, ...judged.flatMap((one) => one.readings)];
  const state = { ...ports.state, settledToMs: nextMs, settled, firstBadAtMs, readings: [] };
  return { readings, state: { ...state, lookBackMs: lookBackOf(counted, input) } };
};

/** null while a source has not sampled twice: looking back too little would lose every count of a slow one. */
const lookBackOf = ({ server, latency, envoy }: CountedSources, { slos }: WatchSloInput): number | null => {
  const asked = slos.some(({ indicator }) => indicator.kind === 'latency') ? [server, latency, envoy] : [server, envoy];
  const intervals = asked.map(({ intervalMs }) => intervalMs);
  return intervals.includes(0) ? null : Math.max(LOOK_BACK_MS, LOOK_BACK_INTERVALS * Math.max(...intervals));
};

interface CountedSources {
  readonly server: Counted;
  readonly latency: Counted;
  readonly envoy: Counted;
  readonly gauges: readonly RawSeries[];
}

const readCounters = async (
  input: WatchSloInput,
  { metrics, signal, startMs, nowMs }: LookPorts & { readonly startMs: number; readonly nowMs: number },
): Promise<CountedSources> => {
  const given = (values: readonly string[]): readonly string[] => values.filter((value) => value !== '');
  const server = {
    service: input.service.service,
    versions: given(input.strata.flatMap(({ newVersion, oldVersion }) => [newVersion, oldVersion])),
    clusters: input.strata.map(({ serving }) => serving),
  };
  const envoy = {
    stats: given(input.strata.flatMap(({ newStat, oldStat }) => [newStat, oldStat])),
    clusters: input.strata.flatMap(({ clients }) => clients),
  };
  const thresholds = input.slos.flatMap(({ indicator }) =>
    indicator.kind === 'latency' ? [indicator.thresholdS] : [],
  );
  const range = (selector: string): Promise<readonly RawSeries[]> =>
    metrics.range({ selector, toMs: nowMs, rangeMs: nowMs - startMs }, signal);
  const [requests, buckets, traffic] = await Promise.all([
    range(serverRequests(server)),
    thresholds.length > 0 ? range(serverLatency(server, thresholds)) : [],
    range(envoyTraffic(envoy)),
  ]);
  const { counters, gauges } = splitGauges(traffic);
  return {
    server: countIncrements(requests, startMs),
    latency: countIncrements(buckets, startMs),
    envoy: countIncrements(counters, startMs),
    gauges,
  };
};

interface OfStratum {
  readonly input: WatchSloInput;
  readonly stratum: WatchStratum;
  readonly counted: CountedSources;
  readonly offsetMs: number;
}

interface OfSlo extends OfStratum {
  readonly slo: Slo;
  readonly settledToMs: number;
  readonly settled: WatchState['settled'];
}

const stratumCounts = ({ input, slo, stratum, counted, offsetMs, settledToMs, settled }: OfSlo): StratumCounts => {
  const sinceMs = stratum.sinceMs + offsetMs + input.warmUpMs;
  const source = sourceOf(counted, slo);
  const ofArm = (version: string, stat: string): Arm => {
    const arm = armOf(counted, { slo, stratum, version, stat });
    return { ...arm, cells: cellsSince(arm.cells, sinceMs, source.intervalMs) };
  };
  const newArm = ofArm(stratum.newVersion, stratum.newStat);
  const comparable =
    slo.source === 'server'
      ? stratum.oldVersion !== stratum.newVersion && stratum.oldVersion !== ''
      : stratum.oldStat !== '';
  const oldArm = comparable ? ofArm(stratum.oldVersion, stratum.oldStat) : noArm;
  const before = settled[keyOf(slo, stratum.serving)] ?? noTotals;
  return {
    cluster: stratum.serving,
    newVersion: stratum.newVersion,
    oldVersion: comparable ? stratum.oldVersion || 'the original' : '',
    newArm,
    oldArm,
    newWhole: plus(before.newWhole, sumCells(newArm.cells, settledToMs)),
    oldWhole: plus(before.oldWhole, sumCells(oldArm.cells, settledToMs)),
    sinceMs,
  };
};

const armOf = (
  { server, latency, envoy }: CountedSources,
  { slo, stratum, version, stat }: { slo: Slo; stratum: WatchStratum; version: string; stat: string },
): Arm => {
  if (slo.source === 'envoy') return envoyErrorArm(envoy, { stat, clients: stratum.clients });
  const of = { cluster: stratum.serving, version };
  return slo.indicator.kind === 'errors'
    ? serverErrorArm(server, of)
    : serverLatencyArm(latency, { ...of, thresholdS: slo.indicator.thresholdS });
};

const hardStopsOf = ({ input, stratum, counted, offsetMs }: OfStratum): readonly SloReading[] => {
  const subset = (stat: string): SubsetTraffic => ({
    sent: envoyEventArm(counted.envoy, stat, 'upstream_rq_total'),
    answered: envoyErrorArm(counted.envoy, { stat, clients: stratum.clients }),
    connectFailures: envoyEventArm(counted.envoy, stat, 'upstream_cx_connect_fail'),
    busy: busyCells(counted.gauges, stat),
  });
  const serverDone = serverErrorArm(counted.server, { cluster: stratum.serving, version: stratum.newVersion });
  const oldServer = serverErrorArm(counted.server, { cluster: stratum.serving, version: stratum.oldVersion });
  const known = [serverDone.newestMs, oldServer.newestMs].filter((ms) => ms !== null);
  return hardStops({
    cluster: stratum.serving,
    newVersion: stratum.newVersion,
    oldVersion: stratum.oldVersion || 'the original',
    newSubset: subset(stratum.newStat),
    oldSubset: subset(stratum.oldStat),
    serverDone,
    serverNewestMs: known.length === 0 ? null : Math.max(...known),
    sinceMs: stratum.sinceMs + offsetMs,
    windowMs: input.judge.windowMs,
    intervalMs: Math.max(counted.envoy.intervalMs, counted.server.intervalMs),
  });
};

const sourceOf = ({ server, latency, envoy }: CountedSources, slo: Slo): Counted =>
  slo.source === 'envoy' ? envoy : slo.indicator.kind === 'errors' ? server : latency;

const staleMs = (counted: CountedSources, slo: Slo): number =>
  Math.max(STALE_MS, 4 * sourceOf(counted, slo).intervalMs);

const settle = (
  before: ArmTotals = noTotals,
  { one, fromMs, toMs }: { one: StratumCounts; fromMs: number; toMs: number },
): ArmTotals => ({
  newWhole: plus(before.newWhole, sumCells(one.newArm.cells, fromMs, toMs)),
  oldWhole: plus(before.oldWhole, sumCells(one.oldArm.cells, fromMs, toMs)),
});

const keyOf = (slo: Slo, cluster: string): string => `${slo.name}/${slo.source}/${cluster}`;

const plus = (a: Total, b: Total): Total => ({ total: a.total + b.total, bad: a.bad + b.bad });
