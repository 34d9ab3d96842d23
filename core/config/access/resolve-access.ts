/** What a Mesh document says of the access to a cluster → what a worker goes by. */
import type { ClusterAccess, DirectAccess, GkeAccess } from '../../kube/cluster-access.ts';
import { present } from '../../values/json.ts';
import type { WrittenAccess } from './access-schema.ts';

type WrittenDirect = { readonly [K in keyof Omit<WrittenAccess, 'clusterProfile'>]?: WrittenAccess[K] | undefined };

/** Checked: exactly one way is there. */
export function resolveAccess(written: WrittenDirect & Pick<WrittenAccess, 'clusterProfile'>): ClusterAccess {
  const { clusterProfile } = written;
  if (clusterProfile === undefined) return resolveDirect(written);
  const { hub, namespace, name, roleArn, kubeconfig } = clusterProfile;
  return {
    ...{ kind: 'clusterProfile', hub: resolveDirect(hub), namespace, name },
    ...present({ roleArn, kubeconfigPath: kubeconfig?.path }),
  };
}

function resolveDirect({ kubeconfig, eks, gke, aks }: WrittenDirect): DirectAccess {
  if (kubeconfig !== undefined)
    return { kind: 'kubeconfig', path: kubeconfig.path, ...present({ context: kubeconfig.context }) };
  if (eks !== undefined) {
    const { cluster, region, roleArn, externalId } = eks;
    return { kind: 'eks', cluster, region, ...present({ roleArn, externalId }) };
  }
  if (gke !== undefined) return resolveGke(gke);
  if (aks !== undefined) return { kind: 'aks', ...aks, cloud: aks.cloud ?? 'public' };
  return { kind: 'inCluster' };
}

/** Checked: it names a cluster or a membership. */
function resolveGke({
  project = '',
  cluster = '',
  endpoint = 'dns',
  location,
  projectNumber,
  membership,
}: NonNullable<WrittenAccess['gke']>): GkeAccess {
  if (projectNumber !== undefined && membership !== undefined)
    return { kind: 'gke', projectNumber, location, membership };
  return { kind: 'gke', project, location, cluster, endpoint };
}
