/** The CiliumEnvoyConfigs of an installation that a client cluster has in the namespaces of some services. */
import type { ServiceRef } from '../core/routing/service-ref.ts';
import { kinds } from '../core/kube/kinds.ts';
import type { EnvoyConfig } from '../core/kube/objects.ts';
import { isOwned } from '../core/kube/ownership.ts';
import { distinct } from '../core/values/share.ts';
import type { NamedClusters } from './ports.ts';

export async function ownedRoutes(
  clusters: NamedClusters,
  asked: {
    readonly mesh: string;
    readonly services: readonly ServiceRef[];
    readonly client: string;
    readonly signal: AbortSignal;
  },
): Promise<readonly EnvoyConfig[]> {
  const { mesh, services, client, signal } = asked;
  const cluster = await clusters.connect({ service: { mesh }, cluster: { name: client } });
  const namespaces = distinct(services.map(({ namespace }) => namespace));
  const routes = await Promise.all(
    namespaces.map((one) => cluster.list<EnvoyConfig>(kinds.envoyConfig, one, { signal })),
  );
  const installation = services[0]?.installation ?? '';
  return routes.flat().filter((one) => isOwned(one, installation));
}
