/** The clusters of a mesh, by this worker's own config. What a plan says of how they are reached is for a way back alone. */
import type { ClusterAt, NamedClusters } from '../activities/ports.ts';
import { writtenAccess, type ReachableCluster } from '../core/kube/cluster-ref.ts';
import { TidegateError } from '../core/values/error.ts';
import { untilAborted } from '../platform/abort.ts';
import type { Clusters } from '../platform/kube/clusters.ts';
import { clusterIn, type OwnMeshes } from './mesh-config.ts';

interface Ports {
  readonly meshes: OwnMeshes;
  readonly clusters: Clusters;
}

/** The way forward: a cluster that the config does not name now is not written to, and not read. A place of config that is
 * away for minutes names none anew, and takes none away. */
export const forwardClusters = ({ meshes, clusters }: Ports): NamedClusters => ({
  async connect({ service, cluster }, options) {
    const ref = clusterIn(await meshes.standing(service.mesh), cluster.name);
    if (ref === undefined) throw unknown({ service, cluster });
    return clusters.connect(ref, options);
  },
});

/**
 * The way back goes on without a config that can be read: by the last good copy, which may name a cluster that was taken
 * out since, and where there is none by what an older plan says.
 */
export const wayBackClusters = ({ meshes, clusters }: Ports): NamedClusters => ({
  async connect(at, options) {
    const ref = (await knownBack(meshes, at)) ?? planned(at);
    if (ref === undefined) throw unknown(at);
    return clusters.connect(ref, options);
  },
});

/** A way back that knows where a cluster was waits no longer for the place of config, ms. */
const SOON_MS = 1_500;

async function knownBack(meshes: OwnMeshes, at: ClusterAt): Promise<ReachableCluster | undefined> {
  const { service, cluster } = at;
  const before = (): ReachableCluster | undefined => clusterIn(meshes.before(service.mesh), cluster.name);
  try {
    const now = meshes.now(service.mesh);
    const soon = before() === undefined ? now : untilAborted(now, AbortSignal.timeout(SOON_MS));
    return clusterIn(await soon, cluster.name) ?? before();
  } catch (error) {
    const ref = before() ?? planned(at);
    if (ref === undefined) throw error;
    return ref;
  }
}

function planned({ cluster }: ClusterAt): ReachableCluster | undefined {
  const access = writtenAccess(cluster);
  return access === undefined ? undefined : { name: cluster.name, access };
}

const unknown = ({ service, cluster }: ClusterAt): TidegateError =>
  new TidegateError(
    'Unavailable',
    `${cluster.name}: the config of this worker has no such cluster in mesh ${service.mesh}`,
    {
      fix: 'add it to the Mesh document where every worker reads its config; else end the run: tidegate rollout abort',
    },
  );
