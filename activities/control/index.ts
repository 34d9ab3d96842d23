/** Activities of the queue `tidegate-control`: what workflows ask before they plan. No cluster is touched. */
import type { ActivitiesOf } from '../../core/contract/queues.ts';
import type { RolloutActivities } from '../../core/contract/activities.ts';
import type { LoadedConfig } from '../../core/config/types.ts';
import { named } from '../../core/kube/cluster-ref.ts';
import { describeRun } from './describe-run.ts';
import { findRun } from './find-run.ts';
import { nameRun } from './name-run.ts';
import { listServices, type ServicesOfMesh } from './list-services.ts';

export interface ControlDeps {
  /** Loads and checks the config that this worker serves. */
  readonly config: { readonly load: RolloutActivities['loadConfig'] } & ServicesOfMesh;
}

export const createControlActivities = ({ config }: ControlDeps): ActivitiesOf<'control'> => ({
  loadConfig: async (input) => withoutAccess(await config.load(input)),
  listServices: (input) => listServices(config, input),
  findRun,
  describeRun,
  nameRun,
});

/** The config as a history may have it: it does not say how clusters and metrics are reached. */
const withoutAccess = (config: LoadedConfig): LoadedConfig => ({
  ...config,
  mesh: {
    ...config.mesh,
    clusters: config.mesh.clusters.map((cluster) => ({ ...cluster, ref: named(cluster.ref) })),
    metrics: config.mesh.metrics && { kind: config.mesh.metrics.kind ?? 'prometheus' },
  },
});
