/** One look of watchSlo: reads the counters once per source, judges every SLO, and moves the settled counts on. */
import { WHOLE } from '../../values/share.ts';
import {
  cellsSince,
  envoyErrorArm,
  envoyEventArm,
  noArm,
  plusTotal,
  serverErrorArm,
  sumCells,
  type Arm,
} from '../arms/arms.ts';
import { sharedEdges, slowerThan } from '../arms/latency.ts';
import { busyCells } from '../arms/subset-traffic.ts';
import { hardStops, type SubsetTraffic } from '../hard-stops.ts';
import { readsBackMs, type Comparable, type Family, type StratumCounts } from '../judge.ts';
import { alphaPart } from '../sequential/alpha.ts';
import { LONGEST_RANGE_MS, type CountSource } from '../series/source.ts';
import type { Slo } from '../settings.ts';
import type { SloReading } from '../slo-reading.ts';
import { comparedToMs, comparesArms, judgeSlos, judgesOf } from './judges.ts';
import { alsoHeard, knownBefore } from './heard.ts';
import { historyOf, readPast, type Past } from './past.ts';
import {
  armOfSlo,
  histogramsOfSlo,
  isComparable,
  readCounters,
  sourceOf,
  type CountedSources,
  type OfArm,
} from './sources.ts';
import { nextLookMs, paceOf } from './next-look.ts';
import { lookAtListener } from './listener.ts';
import { noTotals, type ArmTotals, type WatchState } from './state.ts';
import type { WatchSloInput, WatchStratum } from './watch.ts';

/** Least that a range begins before the first count, ms: a process that was not seen for so long is a new one. */
const LOOK_BACK_MS = 30_000;
/** Before the sampling interval is known, ms: two exports of OpenTelemetry's default (60 s) and a margin. */
const FIRST_LOOK_BACK_MS = 150_000;
/** Every count needs the sample before it, which may be late: that many intervals are looked back. */
const LOOK_BACK_INTERVALS = 2.5;
/** Samples older than this are stale, ms; or four sampling intervals, whichever is longer. */
const STALE_MS = 5_000;

export interface LookPorts {
  readonly metrics: CountSource;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

export interface Looked {
  readonly readings: readonly SloReading[];
  readonly state: WatchState;
  /** Waiting is useless: no verdict will come by itself. */
  readonly ends: boolean;
  /** Usual time between two samples of the slowest source, ms; 0: not known yet. */
  readonly intervalMs: number;
  /** When the next look is worth while, on our clock, ms since the epoch. */
  readonly nextAtMs: number;
}

/** How far back hard stops look at most, ms. */
const HARD_STOP_MS = 30_000;

export const look = async (
  input: WatchSloInput,
  ports: LookPorts & { readonly state: WatchState },
): Promise<Looked> => {
  const { state } = ports;
  const begunMs = ports.now();
  const offsetMs = await ports.metrics.clockOffsetMs(ports.signal);
  const nowMs = ports.now() + offsetMs;
  const firstMs = Math.min(...input.strata.map(({ sinceMs }) => sinceMs)) + offsetMs;
  const settledToMs = Math.max(state.settledToMs ?? firstMs, nowMs - LONGEST_RANGE_MS);
  const backMs = Math.max(...allJudges(input).map(({ settings }) => readsBackMs(settings)));
  const startMs = startOf(input, { state, nowMs, settledToMs, backMs });
  const known = knownBefore(state.heard ?? {}, startMs);
  const [counted, listener] = await Promise.all([
    readCounters(input, { ...ports, startMs, nowMs, known }),
    lookAtListener(input, { ...ports, nowMs, offsetMs, before: state.listenerBefore }),
  ]);
  const past = await readPast(input, { ...ports, states: state.judges, counted, startMs, offsetMs, begunMs });
  const counts = input.slos.map((slo) => {
    const strata = input.strata.map((stratum) =>
      stratumCounts({ input, slo, stratum, counted, past, offsetMs, settledToMs, settled: state.settled }),
    );
    const { intervalMs } = sourceOf(counted, slo);
    return { slo, nowMs, staleMs: staleMs(counted, slo), strata, intervalMs, family: familyOf(input, slo) };
  });
  const judged = judgeSlos(input, counts, state.judges);
  const sampled = { counted: [...counted.byKind.values()], nowMs };
  const pace = paceOf(sampled, state.pace);
  const stops = input.strata.flatMap((stratum) => hardStopsOf({ input, stratum, counted, offsetMs }));
  const firstBadMs = firstBadOf(counts.flatMap(({ strata }) => strata));
  return {
    readings: [...stops, ...listener.readings, ...judged.flatMap((one) => one.readings)],
    state: {
      ...state,
      ...settledOf(counts, state.settled, { fromMs: settledToMs, latestMs: nowMs - backMs }),
      listenerBefore: listener.before,
      firstBadAtMs: state.firstBadAtMs ?? (firstBadMs === null ? null : firstBadMs - offsetMs),
      judges: Object.assign({}, ...judged.map(({ states }) => states)) as WatchState['judges'],
      readings: [],
      lookBackMs: lookBackOf(counted),
      pace,
      heard: alsoHeard(
        state.heard ?? {},
        sampled.counted.flatMap(({ series }) => series),
      ),
    },
    ends: judged.some(({ ends }) => ends),
    intervalMs: Math.max(...sampled.counted.map(({ intervalMs }) => intervalMs)),
    nextAtMs: nowMs - offsetMs + nextLookMs(input.judge, sampled, pace),
  };
};

interface CountedSlo {
  readonly slo: Slo;
  readonly strata: readonly StratumCounts[];
}

/** What no sample can change any more goes into the settled counts. */
const settledOf = (
  counts: readonly CountedSlo[],
  before: WatchState['settled'],
  { fromMs, latestMs }: { fromMs: number; latestMs: number },
): Pick<WatchState, 'settledToMs' | 'settled'> => {
  const newest = counts
    .flatMap(({ strata }) => strata.map(({ newArm }) => newArm.newestMs))
    .filter((ms) => ms !== null);
  const toMs = Math.max(fromMs, Math.min(latestMs, ...newest));
  const settled = counts.flatMap(({ slo, strata }) =>
    strata.map((one) => {
      const key = keyOf(slo, one.cluster);
      return [key, settle(before[key], { one, fromMs, toMs })] as const;
    }),
  );
  return { settledToMs: toMs, settled: Object.fromEntries(settled) };
};

/** Begin of the earliest interval with a bad request of a new version, ms on the source's clock; null: none. */
const firstBadOf = (strata: readonly StratumCounts[]): number | null => {
  const bad = strata.flatMap(({ newArm }) => newArm.cells.filter((cell) => cell.bad > 0).map(({ fromMs }) => fromMs));
  return bad.length === 0 ? null : Math.min(...bad);
};

/** What a judge says of a look that gave nothing: some count such looks. */
export const lookWithoutAnswer = (
  input: WatchSloInput,
  { state, nowMs, providerError }: { state: WatchState; nowMs: number; providerError: string },
): Omit<Looked, 'intervalMs' | 'nextAtMs'> => {
  const strata = input.strata.map((stratum): StratumCounts => ({
    cluster: stratum.serving,
    newVersion: stratum.newVersion,
    oldVersion: stratum.oldVersion,
    newArm: noArm,
    oldArm: noArm,
    ...noTotals,
    sinceMs: stratum.sinceMs,
  }));
  const given = { nowMs, staleMs: 0, strata, providerError };
  const judged = judgeSlos(
    input,
    input.slos.map((slo) => ({ slo, ...given, family: familyOf(input, slo) })),
    state.judges,
  );
  return {
    readings: [],
    state: {
      ...state,
      judges: Object.assign({}, ...judged.map(({ states }) => states)) as WatchState['judges'],
      readings: [],
    },
    ends: judged.some(({ ends }) => ends),
  };
};

const allJudges = (input: WatchSloInput) => input.slos.flatMap((slo) => judgesOf(input, slo));

const familyOf = (input: WatchSloInput, slo: Slo): Family => ({
  clusters: Math.max(input.clusters ?? 1, input.strata.length),
  part: alphaPart(
    slo,
    input.slos.filter((one) => judgesOf(input, one)[0]?.settings.type === 'sequential'),
  ),
});

interface Start {
  readonly state: WatchState;
  readonly nowMs: number;
  readonly settledToMs: number;
  readonly backMs: number;
}

/** Begin of the range that has every count that is not used yet, and the sample before it. */
const startOf = (input: WatchSloInput, { state, nowMs, settledToMs, backMs }: Start): number => {
  const compared =
    comparedToMs(
      state.judges,
      input.strata.map(({ serving }) => serving),
    ) ?? settledToMs;
  const firstMs = Math.min(settledToMs, nowMs - backMs, Math.max(compared, nowMs - LONGEST_RANGE_MS));
  return firstMs - (state.lookBackMs ?? FIRST_LOOK_BACK_MS);
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
  readonly past: Past | undefined;
  readonly settledToMs: number;
  readonly settled: WatchState['settled'];
}

const stratumCounts = (given: OfSlo): StratumCounts => {
  const { input, slo, stratum, counted, past, offsetMs, settledToMs, settled } = given;
  const sinceMs = stratum.sinceMs + offsetMs + input.warmUpMs;
  const source = sourceOf(counted, slo);
  const since = (arm: Arm): Arm => ({
    ...arm,
    cells: cellsSince(arm.cells, sinceMs, source.intervalMs),
    pods: arm.pods.map((cells) => cellsSince(cells, sinceMs, source.intervalMs)),
  });
  const newer: OfArm = { counted: source, stratum, version: stratum.newVersion, stat: stratum.newStat };
  const older: OfArm = { counted: source, stratum, version: stratum.oldVersion, stat: stratum.oldStat };
  const newArm = since(armOfSlo(slo, newer));
  const comparable = isComparable(slo, stratum);
  const oldArm = comparable ? since(armOfSlo(slo, older)) : noArm;
  const totals = settled[keyOf(slo, stratum.serving)] ?? noTotals;
  const compared = comparable && stratum.share < WHOLE;
  const comparison: Comparable = {
    compared,
    ...(comparable && past?.unseen.includes(stratum.serving) === true
      ? { history: historyOf(slo, { ...past, older, untilMs: stratum.sinceMs + offsetMs }) }
      : {}),
    edges: compared ? edgesOf(slo, { newer, older, since }) : {},
  };
  return {
    cluster: stratum.serving,
    newVersion: stratum.newVersion,
    oldVersion: comparable ? stratum.oldVersion || 'the original' : '',
    newArm,
    oldArm,
    newWhole: plusTotal(totals.newWhole, sumCells(newArm.cells, settledToMs)),
    oldWhole: plusTotal(totals.oldWhole, sumCells(oldArm.cells, settledToMs)),
    sinceMs,
    ...(comparesArms(input, slo) ? { comparison } : {}),
  };
};

interface Edges {
  readonly newer: OfArm;
  readonly older: OfArm;
  readonly since: (arm: Arm) => Arm;
}

/** Latency is compared at every edge that both histograms have. */
const edgesOf = (slo: Slo, { newer, older, since }: Edges): Comparable['edges'] => {
  if (slo.indicator.kind === 'errors') return {};
  const [mine, theirs] = [histogramsOfSlo(slo, newer), histogramsOfSlo(slo, older)];
  return Object.fromEntries(
    sharedEdges([mine, theirs]).edgesS.map((edgeS) => {
      const arms = { newArm: since(slowerThan(mine, edgeS)), oldArm: since(slowerThan(theirs, edgeS)) };
      return [String(edgeS), arms];
    }),
  );
};

const hardStopsOf = ({ input, stratum, counted, offsetMs }: OfStratum): readonly SloReading[] => {
  const { envoy, server } = counted;
  const subset = (stat: string): SubsetTraffic => ({
    sent: envoyEventArm(envoy, stat, 'upstream_rq_total'),
    answered: envoyErrorArm(envoy, { stat, clients: stratum.clients }),
    connectFailures: envoyEventArm(envoy, stat, 'upstream_cx_connect_fail'),
    busy: busyCells(counted.gauges, stat),
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
    windowMs: input.judge.type === 'sequential' || input.judge.type === 'kayenta' ? HARD_STOP_MS : input.judge.windowMs,
    intervalMs: Math.max(envoy.intervalMs, server.intervalMs),
  });
};

const staleMs = (counted: CountedSources, slo: Slo): number =>
  Math.max(STALE_MS, 4 * sourceOf(counted, slo).intervalMs);

const settle = (
  before: ArmTotals = noTotals,
  { one, fromMs, toMs }: { one: StratumCounts; fromMs: number; toMs: number },
): ArmTotals => ({
  newWhole: plusTotal(before.newWhole, sumCells(one.newArm.cells, fromMs, toMs)),
  oldWhole: plusTotal(before.oldWhole, sumCells(one.oldArm.cells, fromMs, toMs)),
});

const keyOf = (slo: Slo, cluster: string): string => `${slo.name}/${slo.source}/${cluster}`;
