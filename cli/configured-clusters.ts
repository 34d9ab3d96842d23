/** Clusters for activities that a command runs itself: reached as the config at hand says. */
import type { NamedClusters } from '../activities/ports.ts';
import type { MeshCluster } from '../core/config/types.ts';
import type { ReachableCluster } from '../core/kube/cluster-ref.ts';
import type { Clusters } from '../platform/kube/clusters.ts';

export const configuredClusters = (
  clusters: Clusters,
  of: readonly MeshCluster<ReachableCluster>[],
): NamedClusters => ({
  async connect({ cluster: { name } }, options) {
    const found = of.find(({ ref }) => ref.name === name);
    if (found === undefined) throw new RangeError(`the mesh has no cluster ${name}`);
    return clusters.connect(found.ref, options);
  },
});
