/** How long the server waits for a heartbeat, and how often an activity therefore sends one. */
import type { RolloutActivities } from './activities.ts';

/** ms. An activity that is not listed is too short to beat. */
export const heartbeatTimeoutsMs = {
  prepareVersion: 20_000,
  verifyRouting: 20_000,
  verifyRestored: 20_000,
  watchSlo: 20_000,
  retireVersion: 20_000,
  releaseService: 20_000,
  leaveClusters: 20_000,
  // Many clusters wait for it, and a way back for its end.
  writeClusters: 10_000,
  // A worker that dies in a restore must not delay it by the whole attempt.
  restore: 10_000,
} as const satisfies Partial<Record<keyof RolloutActivities, number>>;

export type BeatingActivity = keyof typeof heartbeatTimeoutsMs;

/** Three beats may get lost. */
const BEATS_PER_TIMEOUT = 4;

/** Heartbeats also carry cancellation: a watch that was replaced must stop within a few seconds, ms. */
const CANCELLED_WITHIN_MS = 2_000;

/** Longest time without a heartbeat while an activity waits, ms. */
export const beatEveryMs = (activity: BeatingActivity): number => {
  const everyMs = heartbeatTimeoutsMs[activity] / BEATS_PER_TIMEOUT;
  return activity === 'watchSlo' ? Math.min(everyMs, CANCELLED_WITHIN_MS) : everyMs;
};
