/** `tidegate clusters list` and `clusters check`: the clusters of a mesh side by side. Reads only. */
import type { MeshCluster } from '../../core/config/types.ts';
import { describeAccess } from '../../core/kube/cluster-access.ts';
import type { ReachableCluster } from '../../core/kube/cluster-ref.ts';
import { refuse } from '../../core/values/error.ts';
import { present } from '../../core/values/json.ts';
import { createConfigLoader, type MeshServices } from '../../platform/config/load.ts';
import { createClusters } from '../../platform/kube/clusters.ts';
import { serverOf } from '../../platform/kube/reach.ts';
import { hasError, startGroup, type CheckResult } from '../doctor/check.ts';
import { clusterChecks, type ClusterCheck } from '../doctor/cluster-checks.ts';
import { exitCodes, type Io } from '../io.ts';
import { checkTable, columns, type CheckedCluster } from './table.ts';

/** Of one call to an API server, ms: a person waits, and a healthy one answers in milliseconds. */
export const DEADLINE_MS = 5_000;

export interface ClustersQuery {
  readonly mesh?: string;
  /** Empty: all of the mesh. */
  readonly names: readonly string[];
  readonly json: boolean;
}

/** Exit code: 0. */
export async function listClusters({ mesh, names, json }: ClustersQuery, io: Io): Promise<number> {
  const { clusters } = await scopeOf(io, { mesh, names });
  const rows = await Promise.all(clusters.map(rowOf));
  if (json) io.stdout(`${JSON.stringify(rows, null, 2)}\n`);
  else {
    const cells = rows.map(({ name, cloud, region, ciliumId, access, server }) => [
      ...[name, cloud, region, String(ciliumId), access, server],
    ]);
    io.stdout(columns(['cluster', 'cloud', 'region', 'Cilium id', 'reached by', 'server'], cells));
  }
  return exitCodes.ok;
}

async function rowOf({ ref, ciliumId, locality: { cloud, region } }: MeshCluster<ReachableCluster>) {
  const server = await serverOf(ref).catch(
    (error: unknown) => `not known: ${error instanceof Error ? error.message : String(error)}`,
  );
  return { name: ref.name, cloud, region, ciliumId, access: describeAccess(ref.access), server };
}

/** Exit code: 0 no error found, 1 an error found, 2 the config is wrong. */
export async function checkClusters({ mesh, names, json }: ClustersQuery, io: Io): Promise<number> {
  const scope = await scopeOf(io, { mesh, names });
  const clusters = createClusters({ deadlineMs: DEADLINE_MS });
  const services = scope.services.map(({ service }) => service);
  try {
    const checked = await Promise.all(
      scope.clusters.map(async (cluster): Promise<CheckedCluster> => {
        const group = clusterChecks({ clusters, cluster, services, now: io.now });
        const results = await Promise.all(startGroup(group, io));
        return { name: cluster.ref.name, checks: group.checks.map((check, i) => seen(check, results[i] ?? null)) };
      }),
    );
    io.stdout(json ? `${JSON.stringify(checked, null, 2)}\n` : checkTable(checked));
    return checked.some(({ checks }) => hasError(checks)) ? exitCodes.error : exitCodes.ok;
  } finally {
    await clusters.close();
  }
}

const seen = ({ column, description }: ClusterCheck, result: CheckResult | null) => ({
  ...{ column, description, made: result !== null },
  ...{ note: result?.note ?? '', findings: result?.findings ?? [] },
});

export async function scopeOf(
  { env }: Io,
  { mesh, names }: { readonly mesh: string | undefined; readonly names: readonly string[] },
): Promise<MeshServices & { clusters: readonly MeshCluster<ReachableCluster>[] }> {
  const directory = env['TIDEGATE_CONFIG'];
  if (directory === undefined) {
    refuse('Invalid', 'there is no config that names clusters', 'set TIDEGATE_CONFIG to the config directory');
  }
  const found = await createConfigLoader({ directory }).loadServices(present({ mesh }));
  const all = found.mesh.clusters;
  const unknown = names.filter((name) => !all.some(({ ref }) => ref.name === name));
  if (unknown.length > 0) {
    const known = all.map(({ ref }) => ref.name).join(', ');
    refuse('Invalid', `mesh ${found.mesh.name} has no cluster ${unknown.join(', ')}`, `its clusters are ${known}`);
  }
  return { ...found, clusters: all.filter(({ ref }) => names.length === 0 || names.includes(ref.name)) };
}
