/** The activity of the queue `tidegate-observe`: it watches, for minutes and hours, and writes nothing. */
import type { ActivitiesOf } from '../../core/contract/queues.ts';
import type { ObserveDeps } from '../ports.ts';
import { watchSlo } from './watch-slo.ts';

export const createObserveActivities = (deps: ObserveDeps): ActivitiesOf<'observe'> => ({
  watchSlo: (input) => watchSlo(deps, input),
});
