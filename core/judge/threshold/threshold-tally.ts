/**
 * Measurements of the threshold judge, counted as Argo Rollouts counts them: failed and inconclusive ones over the whole
 * watch, errors of the provider in a row.
 */
import type { ThresholdSettings } from '../settings.ts';

export interface Tally {
  readonly failed: number;
  readonly inconclusive: number;
  readonly newest: Measurement | null;
  /** End of the newest cell that was measured, ms: the same counts are not measured twice. */
  readonly measuredToMs: number;
}

export type Measurement = 'passed' | 'failed' | 'inconclusive';

export interface ThresholdState {
  /** When the last measurement was made, ms; null: none yet. */
  readonly measuredAtMs: number | null;
  /** Errors of the provider since it last answered. */
  readonly errors: number;
  /** By serving cluster, and '*' for all of them pooled. */
  readonly tallies: Readonly<Record<string, Tally>>;
}

export const noMeasurements: ThresholdState = { measuredAtMs: null, errors: 0, tallies: {} };

const noTally: Tally = { failed: 0, inconclusive: 0, newest: null, measuredToMs: 0 };

export const tallyOf = (state: ThresholdState, cluster: string): Tally => state.tallies[cluster] ?? noTally;

export const countMeasurement = (tally: Tally, measurement: Measurement, measuredToMs: number): Tally => ({
  failed: tally.failed + (measurement === 'failed' ? 1 : 0),
  inconclusive: tally.inconclusive + (measurement === 'inconclusive' ? 1 : 0),
  newest: measurement,
  measuredToMs,
});

interface Clock {
  readonly nowMs: number;
  /** When the first of the strata began to count, ms. */
  readonly sinceMs: number;
}

/**
 * Is it time to measure? The first time after one interval, when there is one to measure; then every interval, by up to
 * half a look early, so that looks that come a little early do not make it one and a half.
 */
export const isDue = (settings: ThresholdSettings, state: ThresholdState, { nowMs, sinceMs }: Clock): boolean => {
  const { pollMs, intervalMs = pollMs } = settings;
  if (intervalMs <= pollMs) return true;
  return nowMs - (state.measuredAtMs ?? sinceMs) >= intervalMs - pollMs / 2;
};

export const exceeds = (count: number, limit: number | undefined): boolean => limit !== undefined && count > limit;
