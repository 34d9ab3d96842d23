/** Ports → activities of every queue: the one place where a worker's world is put together. */
import { createApplyActivities } from '../activities/apply/index.ts';
import { createControlActivities } from '../activities/control/index.ts';
import { withFailures } from '../activities/failures.ts';
import { createObserveActivities } from '../activities/observe/index.ts';
import { systemClock, temporalActivity } from '../activities/ports.ts';
import { createProveActivities } from '../activities/prove/index.ts';
import { createRestoreActivities } from '../activities/restore/index.ts';
import { createTellActivities } from '../activities/tell/index.ts';
import { temporalTelling } from '../activities/tell/ports.ts';
import { createImageActivities, createLoadActivities, createVerifyActivities } from '../activities/verify/index.ts';
import { isWanted } from '../activities/wanted.ts';
import type { RolloutActivities } from '../core/contract/activities.ts';
import { formatProblem } from '../core/config/problem.ts';
import type { MetricsSource } from '../core/judge/series/source.ts';
import { present } from '../core/values/json.ts';
import { createConfigLoader } from '../platform/config/load.ts';
import { createSinkClient } from '../platform/http/sink-client.ts';
import { createClusters } from '../platform/kube/clusters.ts';
import { createMetricsClients } from '../platform/metrics/clients.ts';
import { connectRegistry } from '../platform/registry/registry.ts';
import { createSecretReader } from '../platform/secrets.ts';
import type { Env } from '../platform/temporal/connect.ts';
import { approvalLinks } from './approval-links.ts';
import { createHubStatuses } from './hub-status.ts';
import { forwardClusters, wayBackClusters } from './mesh-clusters.ts';
import { ownMeshes } from './mesh-config.ts';
import { meshMetrics } from './mesh-metrics.ts';

export interface WorkerActivities {
  readonly activities: RolloutActivities;
  /** Faults of the config now. Where there are none, ways back have a copy for the time when there are. */
  readonly configFaults: () => Promise<readonly string[]>;
  close(): Promise<void>;
}

export interface World {
  /** Config directory. */
  readonly directory: string;
  readonly env: Env;
  /** Says what a person should know of this worker; one line. */
  readonly warn?: (what: string) => void;
  /** What this worker receives itself; absent: meshes that count on it are refused. */
  readonly otlp?: MetricsSource;
}

export function createActivities({ directory, env, otlp, warn = () => undefined }: World): WorkerActivities {
  const clusters = createClusters();
  // Connections of their own: behind reads and watches that hang, a way back is written and proven at once.
  const clustersBack = createClusters();
  const now = (): number => Date.now();
  const config = createConfigLoader({ directory });
  const metrics = createMetricsClients({ env, now, ...present({ otlp }) });
  const wayBackMetrics = createMetricsClients({ env, now, ...present({ otlp }) });
  const meshes = ownMeshes({ config, nowMs: now });
  const sinks = createSinkClient();
  const hub = createHubStatuses({ directory, config, nowMs: now, warn });
  const secrets = createSecretReader(env);
  const kube = { clock: systemClock, activity: temporalActivity };
  return {
    activities: withFailures({
      ...createControlActivities({ config, ...kube, secrets }),
      ...createApplyActivities({ ...kube, clusters: forwardClusters({ meshes, clusters }) }),
      ...createObserveActivities({
        ...{ ...kube, clusters: forwardClusters({ meshes, clusters }), now, isWanted },
        watchedClusters: wayBackClusters({ meshes, clusters }),
        connectMetrics: meshMetrics({ meshes, connect: metrics.connect }),
      }),
      ...createVerifyActivities({ connectMetrics: meshMetrics({ meshes, connect: metrics.connect }), now }),
      ...createLoadActivities({
        clusters: forwardClusters({ meshes, clusters }),
        connectMetrics: meshMetrics({ meshes, connect: metrics.connect }),
      }),
      ...createImageActivities({
        connectRegistry: async (mesh, repository) =>
          connectRegistry(repository, { registries: (await meshes.now(mesh)).registries ?? [], env }),
      }),
      ...createRestoreActivities({ ...kube, clusters: wayBackClusters({ meshes, clusters: clustersBack }) }),
      ...createProveActivities({ connectMetrics: meshMetrics({ meshes, connect: wayBackMetrics.connect }), now }),
      ...createTellActivities({
        ...{ readSinks: () => config.readSinks(), secret: async (ref) => (await secrets([ref]))[0] ?? '' },
        approvalLink: approvalLinks({ config, secrets }),
        ...(hub !== undefined && { writeStatus: hub.tell }),
        ...{ client: sinks, nowMs: now, activity: temporalTelling },
      }),
    }),
    configFaults: async () => {
      await meshes.warm();
      return (await config.validate([])).map(formatProblem);
    },
    close: async () => {
      await hub?.close();
      await Promise.all([clusters, clustersBack, metrics, wayBackMetrics, sinks].map((port) => port.close()));
    },
  };
}
