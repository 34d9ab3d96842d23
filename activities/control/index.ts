/** Activities of the queue `tidegate-control`: what workflows ask before they plan. No cluster is touched. */
import type { ActivitiesOf } from '../../core/contract/queues.ts';
import type { RolloutActivities } from '../../core/contract/activities.ts';
import type { LoadedConfig, MeshConfig, ReachableMesh } from '../../core/config/types.ts';
import { present } from '../../core/values/json.ts';
import { named } from '../../core/kube/cluster-ref.ts';
import type { ConfigLoader } from '../../platform/config/load.ts';
import { abortRun } from './abort-run.ts';
import { describeEnd } from './describe-end.ts';
import { describeRun } from './describe-run.ts';
import { findRun } from './find-run.ts';
import { findStuck } from './find-stuck.ts';
import { nameRun } from './name-run.ts';
import { reactTo } from './react-to.ts';
import { steerRun } from './steer-run.ts';
import { servicesIn, type ServicesOfMesh } from './services-in.ts';
import { assertOwn } from './own-mesh.ts';

export interface ControlDeps {
  /** Loads and checks the config that this worker serves. */
  readonly config: { readonly load: RolloutActivities['loadConfig'] } & ServicesOfMesh &
    Pick<ConfigLoader, 'load' | 'loadFrontDoor'>;
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
  reactTo: (input) => reactTo(config, input),
  steerRun,
});

/** The config as a history may have it: it does not say how clusters, metrics and registries are reached. */
function withoutAccess(config: LoadedConfig): LoadedConfig {
  const { registries: _access, ...mesh } = config.mesh as Partial<Pick<ReachableMesh, 'registries'>> & MeshConfig;
  return {
    ...config,
    mesh: {
      ...mesh,
      clusters: mesh.clusters.map((cluster) => ({ ...cluster, ref: named(cluster.ref) })),
      metrics: mesh.metrics && { kind: mesh.metrics.kind ?? 'prometheus' },
    },
  };
}
