/** Activities of the queue `tidegate-restore`: the way back never waits behind forward work. */
import type { ActivitiesOf } from '../../core/contract/queues.ts';
import { TidegateError } from '../../core/values/error.ts';
import { beating } from '../beating.ts';
import type { KubeDeps } from '../ports.ts';
import { failOver } from './fail-over.ts';
import { restore } from './restore.ts';

export const createRestoreActivities = (deps: KubeDeps): ActivitiesOf<'restore'> => ({
  restore: async (input) => {
    try {
      return await beating(deps, 'restore', (own) => restore(own, input));
    } catch (error) {
      throw lasting(error, input.cluster.name);
    }
  },
  failOver: (input) => beating(deps, 'failOver', (own) => failOver(own, input)),
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
