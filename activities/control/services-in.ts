/** What an audit looks at, by this worker's config. */
import type { ListServicesResult } from '../../core/contract/settle-activities.ts';
import type { LoadedConfig, MeshConfig } from '../../core/config/types.ts';
import { named } from '../../core/kube/cluster-ref.ts';
import { present } from '../../core/values/json.ts';

interface MeshServices {
  readonly mesh: MeshConfig;
  readonly services: readonly LoadedConfig[];
}

export interface ServicesOfMesh {
  readonly loadServices: (query: {
    mesh?: string;
    namespace?: string;
    service?: string;
    /** Throws rather than leave out a service whose document has a fault. */
    complete?: true;
  }) => Promise<MeshServices>;
}

/** Without `wanted`: all of them. */
export function servicesIn(found: MeshServices, wanted: string | undefined): ListServicesResult {
  const services = found.services.filter(({ service }) => wanted === undefined || service.name === wanted);
  const { name, installation, failover } = found.mesh;
  return {
    mesh: name,
    clusters: found.mesh.clusters.map(({ ref }) => named(ref)),
    ...present({ failover }),
    services: services.map(({ service, sinks }) => ({
      service: {
        ...{ mesh: name, namespace: service.namespace, service: service.name, installation },
        ...(service.port !== '' && { port: service.port }),
        ...present({ protocol: service.protocol }),
      },
      warmMs: service.warmMs,
      drainMs: service.drainMs,
      ...present({ drift: service.drift, sinks, failover: service.failover, ratePerReplica: service.ratePerReplica }),
    })),
  };
}
