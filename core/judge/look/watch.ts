/** What a watch is asked, and what it answers. */
import type { ServiceRef } from '../../routing/service-ref.ts';
import type { JudgeSettings, Slo } from '../settings.ts';
import type { VerdictKind, SloReading } from '../slo-reading.ts';

/** Where the new version runs and what it is compared with. */
export interface WatchStratum {
  readonly serving: string;
  /** Share of the new version there, ppm. */
  readonly share: number;
  readonly newVersion: string;
  readonly oldVersion: string;
  /** Envoy stat names of the subset, as the client clusters' Envoys call it (the same in all). */
  readonly newStat: string;
  readonly oldStat: string;
  /** Clients that send traffic to it. */
  readonly clients: readonly string[];
  /** When the share was written, ms since the epoch: counts start there (after warm-up). */
  readonly sinceMs: number;
}

export interface WatchSloInput {
  readonly service: ServiceRef;
  readonly strata: readonly WatchStratum[];
  readonly slos: readonly Slo[];
  readonly judge: JudgeSettings;
  readonly warmUpMs: number;
  /** bake: ends with a verdict after bakeMs (unknown only after maxUnknownMs more). hold: ends on a breach only. */
  readonly mode: 'bake' | 'hold';
  readonly bakeMs: number;
  readonly maxUnknownMs: number;
  /** Serving clusters that the rollout will reach in all; missing: those of the strata. */
  readonly clusters?: number;
  /** What the watch before had proven, as its result has it: opaque to all but `watchSlo`. */
  readonly evidence?: Readonly<Record<string, unknown>>;
  /** Longest attempt, ms. Absent: 9 min. */
  readonly windowMs?: number;
  /** The watch ends then without a verdict, and gives its state, ms since the epoch. Absent: never. */
  readonly handOverAtMs?: number;
  /** What the watch that this one takes the place of had seen, as its result has it. Only the watch reads it. */
  readonly carried?: Readonly<Record<string, unknown>>;
  /** Run that the workflow believes to be. A watch that finds itself in another one says so at once. Absent: it does not know. */
  readonly run?: string;
}

export interface WatchSloResult {
  readonly verdict: VerdictKind;
  /** Serving clusters that breach by themselves; empty when only the pooled counts do. */
  readonly breached: readonly string[];
  /** One sentence: numbers, bound, what would change it. */
  readonly reason: string;
  readonly readings: readonly SloReading[];
  /** Timestamp of the earliest sample interval that held a bad request of the new version; null if none. */
  readonly firstBadAtMs: number | null;
  readonly decidedAtMs: number;
  /** For the next watch of the same rollout: one alpha holds for all of them. Packed: only `watchSlo` reads it. */
  readonly evidence?: Readonly<Record<string, unknown>>;
  /** Nothing was decided: another watch, with other terms, goes on from this. */
  readonly carried?: Readonly<Record<string, unknown>>;
  /** The run was reset: this is its new run id, and nothing was looked at. */
  readonly resetTo?: string;
}

/** Strata of the running version: `newVersion` and `newStat` are its own, nothing is compared. */
export interface MeasureTrafficInput extends Pick<WatchSloInput, 'service' | 'strata' | 'slos' | 'judge'> {
  /** Serving clusters that the notes are about; missing: those of the strata. */
  readonly serving?: readonly string[];
}

export interface MeasuredTraffic {
  readonly slo: string;
  readonly source: 'server' | 'envoy';
  /** Serving cluster. */
  readonly cluster: string;
  readonly perSecond: number;
  /** Requests in the last minutes, and the bad ones among them. */
  readonly total: number;
  readonly bad: number;
}

export interface MeasureTrafficResult {
  readonly traffic: readonly MeasuredTraffic[];
  /** Why the traffic is not known; '' when it is. */
  readonly problem: string;
  /** What the reader of the plan should know of these metrics. Left out: nothing. */
  readonly notes?: readonly string[];
}
