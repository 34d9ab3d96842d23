/** How an API server is reached, by the kind of access that a cluster names: a file per kind, beside this one or per cloud. */
import type { ClusterAccess } from '../../../core/kube/cluster-access.ts';
import { loadAks } from '../../cloud/aks.ts';
import { loadClusterProfile } from '../../cloud/cluster-profile.ts';
import { loadEks } from '../../cloud/eks.ts';
import { loadGke } from '../../cloud/gke.ts';
import { loadInCluster } from '../../cloud/in-cluster.ts';
import type { CloudPlaces } from '../../cloud/places.ts';
import type { Access } from './api-access.ts';
import { loadKubeconfig } from './kubeconfig.ts';

/** @param cluster name of the cluster, for messages */
export function loadAccess(cluster: string, access: ClusterAccess, places: CloudPlaces): Promise<Access> {
  switch (access.kind) {
    case 'kubeconfig':
      return loadKubeconfig(cluster, access);
    case 'eks':
      return loadEks(cluster, access);
    case 'gke':
      return loadGke(cluster, access, places);
    case 'aks':
      return loadAks(cluster, access, places);
    case 'inCluster':
      return loadInCluster(cluster, places);
    case 'clusterProfile':
      return loadClusterProfile(cluster, access, {
        places,
        load: (name, of) => loadAccess(name, of, places),
      });
  }
}
