/** How an API server is reached, by the kind of access that a cluster names: one file per kind beside this one. */
import type { ClusterAccess } from '../../../core/kube/cluster-ref.ts';
import type { Access } from './api-access.ts';
import { loadKubeconfig } from './kubeconfig.ts';

/** @param cluster name of the cluster, for messages */
export function loadAccess(cluster: string, access: ClusterAccess): Promise<Access> {
  switch (access.kind) {
    case 'kubeconfig':
      return loadKubeconfig(cluster, access);
  }
}
