/** Activities of the queue `tidegate-control`: what workflows ask before they plan. No cluster is touched. */
import type { ActivitiesOf } from '../../core/contract/queues.ts';
import type { RolloutActivities } from '../../core/contract/activities.ts';
import type { LoadedConfig } from '../../core/config/types.ts';
import { present } from '../../core/values/json.ts';
import { named } from '../../core/kube/cluster-ref.ts';
import { abortRun } from './abort-run.ts';
import { describeEnd } from './describe-end.ts';
import { describeRun } from './describe-run.ts';
import { findRun } from './find-run.ts';
import { findStuck } from './find-stuck.ts';
import { nameRun } from './name-run.ts';
import { servicesIn, type ServicesOfMesh } from './services-in.ts';
import { assertOwn } from './own-mesh.ts';

export interface ControlDeps {
  /** Loads and checks the config that this worker serves. */
  readonly config: { readonly load: RolloutActivities['loadConfig'] } & ServicesOfMesh;
}

export const createControlActivities = ({ config }: ControlDeps): ActivitiesOf<'control'> => ({
  loadConfig: async (input) => {
    const loaded = await config.load(input);
    assertOwn(loaded.mesh);
    return withoutAccess(loaded);
  },
  listServices: async (input) => {
    const found = await config.loadServices(present({ mesh: input.mesh, namespace: input.namespace }));
    assertOwn(found.mesh);
    return servicesIn(found, input.service);
  },
  findRun,
  describeRun,
  abortRun,
  nameRun,
  findStuck,
  describeEnd,
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
