/** Activities of the queue `tidegate-prove`: the proof of a way back, which takes no place of its writes. */
import type { ActivitiesOf } from '../../core/contract/queues.ts';
import { verifyRouting } from '../verify/verify-routing.ts';
import type { ObserveDeps } from '../ports.ts';

export const createProveActivities = (deps: ObserveDeps): ActivitiesOf<'prove'> => ({
  verifyRestored: (input) => verifyRouting(deps, input),
});
