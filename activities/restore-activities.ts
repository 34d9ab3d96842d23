/** Activities of the queue `tidegate-restore`: the way back never waits behind forward work. */
import type { RolloutActivities } from '../core/contract/activities.ts';
import type { KubeDeps } from './ports.ts';
import { restore } from './restore.ts';

export const createRestoreActivities = (deps: KubeDeps): Pick<RolloutActivities, 'restore'> => ({
  restore: (input) => restore(deps, input),
});
