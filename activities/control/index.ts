/** Activities of the queue `tidegate-control`: what workflows ask before they plan. No cluster is touched. */
import type { ActivitiesOf } from '../../core/contract/queues.ts';
import { Context } from '@temporalio/activity';
import type { LoadConfigInput } from '../../core/contract/activities.ts';
import type { LoadedConfig, ReachableConfig } from '../../core/config/types.ts';
import { present } from '../../core/values/json.ts';
import { named } from '../../core/kube/cluster-ref.ts';
import type { ConfigLoader } from '../../platform/config/load.ts';
import type { ReadSecrets } from '../../platform/secrets.ts';
import type { ActivityPort, Clock } from '../ports.ts';
import { abortRun } from './abort-run.ts';
import { askGate } from './ask-gate.ts';
import { describeEnd } from './describe-end.ts';
import { describeRun } from './describe-run.ts';
import { findRun } from './find-run.ts';
import { findStuck } from './find-stuck.ts';
import { nameRun } from './name-run.ts';
import { reactTo } from './react-to.ts';
import { readWindows } from './read-windows.ts';
import { findStep } from './find-step.ts';
import { steerRun } from './steer-run.ts';
import { servicesIn, type ServicesOfMesh } from './services-in.ts';
import { assertOwn } from './own-mesh.ts';

export interface ControlDeps {
  /** Loads and checks the config that this worker serves. */
  readonly config: { readonly load: (input: LoadConfigInput) => Promise<ReachableConfig> } & ServicesOfMesh &
    Pick<ConfigLoader, 'loadWithEvents'>;
  readonly secrets: ReadSecrets;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly activity: Pick<ActivityPort, 'signal' | 'scheduledAtMs'>;
}

export const createControlActivities = ({
  config,
  secrets,
  clock,
  activity,
}: ControlDeps): ActivitiesOf<'control'> => ({
  loadConfig: async (input) => withoutAccess(await ownConfig(config.load, input)),
  readWindows: (input) => readWindows({ load: (of) => ownConfig(config.load, of), nowMs: () => clock.nowMs() }, input),
  askGate: (input) =>
    askGate(
      {
        load: (of) => ownConfig(config.load, of),
        secrets,
        nowMs: () => clock.nowMs(),
        ...activity,
        run: () => Context.current().info.workflowExecution ?? { workflowId: '', runId: '' },
      },
      input,
    ),
  listServices: async (input) => {
    const { mesh, namespace, service } = input;
    const found = await config.loadServices({ ...present({ mesh, namespace, service }), complete: true });
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
  findStep,
  steerRun,
});

async function ownConfig(load: ControlDeps['config']['load'], input: LoadConfigInput): Promise<ReachableConfig> {
  const loaded = await load(input);
  assertOwn(loaded.mesh);
  return loaded;
}

/**
 * The config as a history may have it: it does not say how clusters, metrics, registries and gates are reached, nor how links are signed, and
 * of freeze windows only that there are some.
 */
function withoutAccess({ mesh, service, ...config }: ReachableConfig): LoadedConfig {
  const { windows: ofMesh, approvals: _approvals, registries: _registries, ...namedMesh } = mesh;
  const { windows: ofService, gates: _gates, ...namedService } = service;
  return {
    ...config,
    mesh: {
      ...namedMesh,
      clusters: mesh.clusters.map((cluster) => ({ ...cluster, ref: named(cluster.ref) })),
      metrics: mesh.metrics && { kind: mesh.metrics.kind ?? 'prometheus' },
    },
    service: namedService,
    ...((ofMesh ?? ofService) !== undefined && { windowed: true as const }),
  };
}
