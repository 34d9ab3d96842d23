/** Activities of the queue `tidegate-observe`: they look again and again, for minutes and hours, and nearly always wait. */
import type { ActivitiesOf } from '../../core/contract/queues.ts';
import type { KubeDeps, ObserveDeps } from '../ports.ts';
import { holdCapacity } from './hold-capacity.ts';
import { watchClusters } from './watch-clusters.ts';
import { watchSlo } from './watch-slo.ts';

export const createObserveActivities = (deps: ObserveDeps & KubeDeps): ActivitiesOf<'observe'> => ({
  watchSlo: (input) => watchSlo(deps, input),
  watchClusters: (input) => watchClusters({ ...deps, clusters: deps.watchedClusters ?? deps.clusters }, input),
  holdCapacity: (input) => holdCapacity(deps, input),
});
