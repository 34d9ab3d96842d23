/** The file of a cluster that a test reaches by kubeconfig. */
import type { ReachableCluster } from '../../core/kube/cluster-ref.ts';

export function pathOf({ name, access }: ReachableCluster): string {
  if (access.kind !== 'kubeconfig') throw new TypeError(`${name} has no kubeconfig`);
  return access.path;
}
