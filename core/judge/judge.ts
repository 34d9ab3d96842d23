/**
 * core/judge: turns counters into counts, and counts into verdicts and proofs.
 *
 *   RawSeries[] ──countIncrements──► Counted ──► Arm ──judgeSlos, hardStops──► SloReading[] ──combineReadings─► Verdict
 *                                       └──► InstanceTraffic[] ──proveWeights──► verified | contradicted | untested
 *
 * Everything is a whole number of requests in a known interval, and nothing is extrapolated. "No data", "breach" and
 * "the provider failed" stay three things: a gap is missing, never zero. This file has what every judge gets and gives:
 * a judge is a function of its input and of what it left at its last look. Settings of judges are in settings.ts.
 * This folder opens no connection and reads no clock: a look is given a source of counts and the time. It decides
 * nothing about traffic: it says what the numbers prove.
 */
import type { Arm, Total } from './arms/arms.ts';
import type { JudgeSettings, Slo } from './settings.ts';
import type { SloReading } from './slo-reading.ts';

export interface StratumCounts {
  readonly cluster: string;
  readonly newVersion: string;
  /** '' when there is nothing to compare with. */
  readonly oldVersion: string;
  /** Both arms from the share's write (and warm-up) on, at least as far back as `readsBackMs`. */
  readonly newArm: Arm;
  readonly oldArm: Arm;
  /** Both arms over the whole bake. */
  readonly newWhole: Total;
  readonly oldWhole: Total;
  /** When counting began, ms. */
  readonly sinceMs: number;
  /** What the sequential judge compares besides; missing for judges of the objective alone. */
  readonly comparison?: Comparable;
}

export interface Comparable {
  /** False at a whole share: nobody is left to compare with. */
  readonly compared: boolean;
  /** Of the old version before the share was written; only at the first look at a cluster. */
  readonly history?: OldHistory;
  /** Latency: both arms by edge of the histogram, s. Without edges the objective's own counts are all. */
  readonly edges: Readonly<Record<string, ComparableEdge>>;
}

export interface ComparableEdge {
  readonly newArm: Arm;
  readonly oldArm: Arm;
}

/** Pod by pod: what they did side by side tells how far requests fail in bursts. */
export interface OldHistory {
  /** By the objective itself. */
  readonly own: Arm['pods'];
  /** Latency: by edge of the histogram, s. */
  readonly edges: Readonly<Record<string, Arm['pods']>>;
}

/** What shares one alpha. */
export interface Family {
  /** Serving clusters that the rollout will reach. */
  readonly clusters: number;
  /** What this SLO has of it, 0..1. */
  readonly part: number;
}

export interface JudgeInput<Settings> {
  readonly slo: Slo;
  readonly settings: Settings;
  readonly nowMs: number;
  /** Age from which the newest sample of an arm is no longer fresh, ms. */
  readonly staleMs: number;
  readonly strata: readonly StratumCounts[];
  /** Usual time between two samples of the counts, ms; missing: unknown. */
  readonly intervalMs?: number;
  /** Missing: one cluster, one SLO. */
  readonly family?: Family;
  /** Why the metrics provider gave no numbers at this look; missing when it did. The strata then have no cells. */
  readonly providerError?: string;
}

export interface Judged<State> {
  readonly readings: readonly SloReading[];
  /** Plain JSON of bounded size: it lives in a heartbeat between two looks. */
  readonly state: State;
  /** true: waiting is useless; a watch that is unknown now ends, and a person is needed. Missing: it goes on. */
  readonly ends?: boolean;
}

/** How far back from now a judge reads cells, ms: it gets them again at every look, so that late samples count. */
export const readsBackMs = (settings: JudgeSettings): number => {
  if (settings.type === 'kayenta') return 2 * settings.intervalMs;
  // Evidence says itself up to where it has read.
  return settings.type === 'sequential' ? 0 : settings.windowMs;
};
