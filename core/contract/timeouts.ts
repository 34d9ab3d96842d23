/** How long the server waits for a heartbeat, and how often an activity therefore sends one. */
import { capacityTerms } from '../rollout/watch-terms.ts';
import type { RolloutActivities } from './activities.ts';

/** ms. An activity that is not listed is too short to beat. */
export const heartbeatTimeoutsMs = {
  prepareVersion: 20_000,
  // A run that goes back is heard of by the next beat: the Job still runs until then.
  runBefore: 20_000,
  keepCapacity: 20_000,
  verifyRouting: 20_000,
  verifyRestored: 20_000,
  // While a share is young; watch-terms.ts has what follows.
  watchSlo: 20_000,
  // Nobody waits for it: as a watch that waits for a person.
  holdCapacity: capacityTerms.heartbeatTimeoutMs,
  // They take minutes, and nobody waits for them with traffic half moved: each beat is billed.
  retireVersion: 60_000,
  releaseService: 60_000,
  leaveClusters: 60_000,
  // Reads of whole clusters: a slow API server makes them long.
  readRecords: 20_000,
  dryRunWrites: 20_000,
  surveyService: 20_000,
  findUnsettled: 20_000,
  findNaming: 20_000,
  // A sink may take ten seconds for each event, and nobody waits for it.
  deliverEvents: 60_000,
  // Many clusters wait for it, and a way back for its end.
  writeClusters: 10_000,
  // A worker that dies in mid-write leaves a step half written, and a commit that nobody can take back.
  applyRouting: 10_000,
  commit: 10_000,
  movePins: 10_000,
  // A worker that dies while nobody starts another one leaves the mesh unwatched that long; each beat is billed.
  watchClusters: 30_000,
  failOver: 10_000,
  // A worker that dies in a restore must not delay it by the whole attempt.
  restore: 10_000,
} as const satisfies Partial<Record<keyof RolloutActivities, number>>;

/** What waits for hours has a pace of its own: watch-terms.ts. */
export type BeatingActivity = Exclude<keyof typeof heartbeatTimeoutsMs, 'watchSlo' | 'holdCapacity' | 'watchClusters'>;

/** Three beats may get lost. */
const BEATS_PER_TIMEOUT = 4;

/** Longest time without a heartbeat while an activity works or waits, ms. */
export const beatEveryMs = (activity: BeatingActivity): number => heartbeatTimeoutsMs[activity] / BEATS_PER_TIMEOUT;
