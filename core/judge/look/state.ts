/** What a watch carries from one attempt to the next, in its heartbeat: a few numbers per SLO and cluster. */
import type { Total } from '../arms/arms.ts';
import type { SloReading } from '../slo-reading.ts';
import type { JudgeStates } from './judges.ts';
import type { Pace } from './next-look.ts';

export interface ArmTotals {
  readonly newWhole: Total;
  readonly oldWhole: Total;
}

/** Times on the metrics backend's clock, except startedAtMs (ours). */
export interface WatchState {
  readonly schema: 1;
  /** When the first attempt began. */
  readonly startedAtMs: number;
  /**
   * Counts up to here are in `settled`; younger ones are counted again at every look, so late samples are not lost.
   * null before the first look: from the oldest share's write on.
   */
  readonly settledToMs: number | null;
  readonly settled: Readonly<Record<string, ArmTotals>>;
  /** By client cluster, what the listener refused before the share was written; missing: not looked at yet. */
  readonly listenerBefore?: Readonly<Record<string, Total>>;
  readonly firstBadAtMs: number | null;
  /** How much older than the first count a range must begin, ms; null: how often the sources sample is not known yet. */
  readonly lookBackMs: number | null;
  /** Left out before the first look, and by older workers. */
  readonly pace?: Pace;
  /** When a process was heard first, ms, by `originKey`; missing: nothing was looked at yet. */
  readonly heard?: Readonly<Record<string, number>>;
  /** What each judge keeps; see watch-slo-judges.ts. */
  readonly judges: JudgeStates;
  /** What the last look saw, for whoever describes the running activity. */
  readonly readings: readonly SloReading[];
}

export const noTotals: ArmTotals = { newWhole: { total: 0, bad: 0 }, oldWhole: { total: 0, bad: 0 } };

/** At the first attempt. */
export const freshState = (nowMs: number): WatchState => ({
  schema: 1,
  startedAtMs: nowMs,
  settledToMs: null,
  settled: {},
  firstBadAtMs: null,
  lookBackMs: null,
  judges: {},
  readings: [],
});

/** The state that an earlier attempt left; undefined at the first. */
export const resumedState = (details: unknown): WatchState | undefined => {
  const state = details as Partial<WatchState> | null | undefined;
  return state?.schema === 1 && state.settled !== undefined
    ? { ...(state as WatchState), judges: state.judges ?? {} }
    : undefined;
};

/** Bytes of readings that a result or heartbeat may hold: both end in the history or in every description. */
const MAX_READINGS_BYTES = 3_000;

/** The most telling readings first: breaches, then what is not known, then the rest; as many as fit. */
export const fittingReadings = (readings: readonly SloReading[]): readonly SloReading[] => {
  const rank = { breach: 0, unknown: 1, healthy: 2 } as const;
  const kept: SloReading[] = [];
  let bytes = 0;
  for (const reading of readings.toSorted((a, b) => rank[a.verdict] - rank[b.verdict])) {
    bytes += JSON.stringify(reading).length;
    if (bytes > MAX_READINGS_BYTES) break;
    kept.push(reading);
  }
  return kept;
};
