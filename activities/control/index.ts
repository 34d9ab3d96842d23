/** Activities of the queue `tidegate-control`: what workflows ask before they plan. No cluster is touched. */
import type { ActivitiesOf } from '../../core/contract/queues.ts';
import type { RolloutActivities } from '../../core/contract/activities.ts';
import { describeRun } from './describe-run.ts';
import { findRun } from './find-run.ts';
import { listServices, type ServicesOfMesh } from './list-services.ts';

export interface ControlDeps {
  /** Loads and checks the config that this worker serves. */
  readonly config: { readonly load: RolloutActivities['loadConfig'] } & ServicesOfMesh;
}

export const createControlActivities = ({ config }: ControlDeps): ActivitiesOf<'control'> => ({
  loadConfig: (input) => config.load(input),
  listServices: (input) => listServices(config, input),
  findRun,
  describeRun,
});
