/** Clusters for activities in a test, reached as their inputs say: in a worker only its own config says how. */
import type { NamedClusters } from '../../activities/ports.ts';
import { writtenAccess } from '../../core/kube/cluster-ref.ts';
import type { Clusters } from '../../platform/kube/clusters.ts';

export const givenClusters = (clusters: Pick<Clusters, 'connect'>): NamedClusters => ({
  async connect({ cluster }, options) {
    const access = writtenAccess(cluster);
    if (access === undefined) throw new RangeError(`the test does not say how ${cluster.name} is reached`);
    return clusters.connect({ name: cluster.name, access }, options);
  },
});
