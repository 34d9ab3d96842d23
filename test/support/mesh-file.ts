/** The Mesh document of a worker that a test starts, beside the kubeconfigs that it names. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ReachableCluster } from '../../core/kube/cluster-ref.ts';

export interface MeshFile {
  readonly dir: string;
  readonly name?: string;
  readonly clusters: readonly ReachableCluster[];
  /** As it is written. Absent: none. */
  readonly metrics?: unknown;
}

export async function writeMesh({ dir, name = 'shop', clusters, metrics }: MeshFile): Promise<void> {
  const spec = {
    metrics,
    clusters: clusters.map(({ name: cluster, access: { kind, ...access } }, i) => ({
      name: cluster,
      cilium: { id: i + 1 },
      locality: { cloud: 'aws', region: 'r' },
      access: { [kind]: access },
    })),
  };
  const document = { apiVersion: 'tidegate.dev/v1alpha1', kind: 'Mesh', metadata: { name }, spec };
  await writeFile(join(dir, `mesh-${name}.yaml`), JSON.stringify(document));
}
