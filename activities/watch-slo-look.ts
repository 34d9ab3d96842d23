/** One look of watchSlo: reads the counters once per source, judges every SLO, and moves the settled counts on. */
import { cellsSince, envoyErrorArm, envoyEventArm, noArm, serverErrorArm, sumCells } from '../core/analysis/arms.ts';
import type { Arm, Total } from '../core/analysis/arms.ts';
import { hardStops } from '../core/analysis/hard-stops.ts';
import type { SubsetTraffic } from '../core/analysis/hard-stops.ts';
import { readsBackMs } from '../core/analysis/judge.ts';
import type { StratumCounts } from '../core/analysis/judge.ts';
import { gaugeOf } from '../core/analysis/subset-traffic.ts';
import { asThreshold, judgeThreshold } from '../core/analysis/threshold.ts';
import type { SloReading, WatchSloInput, WatchStratum } from '../core/contract/activities.ts';
import type { Slo } from '../core/contract/plan.ts';
import type { MetricsSource } from '../platform/metrics/source.ts';
import { armOfSlo, readCounters, sourceOf } from './watch-slo-sources.ts';
import type { CountedSources } from './watch-slo-sources.ts';
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
  readonly metrics: Pick<MetricsSource, 'range' | 'clockOffsetMs'>;
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
  const startMs = Math.min(settledToMs, nowMs - readsBackMs(input.judge)) - lookBackMs;
  const counted = await readCounters(input, { ...ports, startMs, nowMs });
  const settings = asThreshold(input.judge);
  const judged = input.slos.map((slo) => {
    const strata = input.strata.map((stratum) =>
      stratumCounts({ input, slo, stratum, counted, offsetMs, settledToMs, settled: ports.state.settled }),
    );
    return {
      slo,
      strata,
      readings: judgeThreshold({ slo, settings, nowMs, staleMs: staleMs(counted, slo), strata }, null).readings,
    };
  });
  const stops = input.strata.flatMap((stratum) => hardStopsOf({ input, stratum, counted, offsetMs }));
  const newest = judged
    .flatMap(({ strata }) => strata.map(({ newArm }) => newArm.newestMs))
    .filter((ms) => ms !== null);
  const nextMs = Math.max(settledToMs, Math.min(nowMs - readsBackMs(input.judge), ...newest));
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
  return { readings, state: { ...state, lookBackMs: lookBackOf(counted) } };
};

/** null while a source has not sampled twice: looking back too little would lose every count of a slow one. */
const lookBackOf = (counted: CountedSources): number | null => {
  const intervals = [...counted.byKind.values()].map(({ intervalMs }) => intervalMs);
  return intervals.includes(0) ? null : Math.max(LOOK_BACK_MS, LOOK_BACK_INTERVALS * Math.max(...intervals));
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
    const arm = armOfSlo(slo, { counted: source, stratum, version, stat });
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

const hardStopsOf = ({ input, stratum, counted, offsetMs }: OfStratum): readonly SloReading[] => {
  const { envoy, server } = counted;
  const subset = (stat: string): SubsetTraffic => ({
    sent: envoyEventArm(envoy, stat, 'upstream_rq_total'),
    answered: envoyErrorArm(envoy, { stat, clients: stratum.clients }),
    connectFailures: envoyEventArm(envoy, stat, 'upstream_cx_connect_fail'),
    active: gaugeOf(counted.gauges, stat),
  });
  const serverDone = serverErrorArm(server, { cluster: stratum.serving, version: stratum.newVersion });
  const oldServer = serverErrorArm(server, { cluster: stratum.serving, version: stratum.oldVersion });
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
    windowMs: readsBackMs(input.judge),
    intervalMs: Math.max(envoy.intervalMs, server.intervalMs),
  });
};

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
