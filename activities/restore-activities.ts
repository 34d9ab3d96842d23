/** Activities of the queue `tidegate-restore`: the way back never waits behind forward work. */
import type { RolloutActivities } from '../core/contract/activities.ts';
import { TidegateError } from '../core/contract/errors.ts';
import type { KubeDeps } from './ports.ts';
import { restore } from './restore.ts';

/** Well below the heartbeat timeout of 10 s in workflows/activity-options.ts. */
const HEARTBEAT_MS = 3_000;

export const createRestoreActivities = (deps: KubeDeps): Pick<RolloutActivities, 'restore'> => ({
  restore: async (input) => {
    const beat = setInterval(() => deps.activity.heartbeat({ cluster: input.cluster.name }), HEARTBEAT_MS);
    try {
      return await restore(deps, input);
    } catch (error) {
      throw lasting(error, input.cluster.name);
    } finally {
      clearInterval(beat);
    }
  },
});

/**
 * A restore gives up only when a newer run owns the record, or the route is somebody else's. Everything else may pass:
 * a token that is being renewed, a role that is put right, an object that a person repairs. Until then it is retried.
 */
function lasting(error: unknown, cluster: string): unknown {
  if (!(error instanceof TidegateError)) {
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return new TidegateError('Unavailable', `${cluster}: restore met an unforeseen error: ${text}`, { cause: error });
  }
  if (['FencedOut', 'Foreign', 'Conflict', 'Unavailable', 'Throttled'].includes(error.code)) return error;
  return new TidegateError('Unavailable', error.message, { fix: error.fix, cause: error });
}
