/** listServices: whom an audit looks at, by this worker's config. */
import type { ListServicesInput, ListServicesResult } from '../../core/contract/activities.ts';
import type { LoadedConfig, MeshConfig } from '../../core/config/types.ts';
import { named } from '../../core/kube/cluster-ref.ts';
import { present } from '../../core/values/json.ts';

export interface ServicesOfMesh {
  readonly loadServices: (query: {
    mesh?: string;
    namespace?: string;
  }) => Promise<{ readonly mesh: MeshConfig; readonly services: readonly LoadedConfig[] }>;
}

export async function listServices(config: ServicesOfMesh, input: ListServicesInput): Promise<ListServicesResult> {
  const { mesh, namespace, service: wanted } = input;
  const found = await config.loadServices(present({ mesh, namespace }));
  const services = found.services.filter(({ service }) => wanted === undefined || service.name === wanted);
  const { name, installation } = found.mesh;
  return {
    mesh: name,
    clusters: found.mesh.clusters.map(({ ref }) => named(ref)),
    services: services.map(({ service }) => ({
      service: { mesh: name, namespace: service.namespace, service: service.name, installation },
      warmMs: service.warmMs,
      drainMs: service.drainMs,
      ...present({ drift: service.drift }),
    })),
  };
}
