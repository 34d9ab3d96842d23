/** `tidegate mesh doctor`: the settings of Cilium's cluster mesh in all its clusters, held against each other. Reads only. */
import { CILIUM_NAMESPACE } from '../../core/kube/rights/needs.ts';
import { failoverFindings, meshFindings, type MeshMember } from '../../core/topology/mesh-findings.ts';
import { TidegateError } from '../../core/values/error.ts';
import { createClusters, type KubeCluster } from '../../platform/kube/clusters.ts';
import { readCilium, readCiliumConfig } from '../doctor/cilium-checks.ts';
import { resultText } from '../doctor/check.ts';
import { exitCodes, type Io } from '../io.ts';
import { DEADLINE_MS, scopeOf } from './clusters.ts';

/** Exit code: 0 no error found, 1 an error found. */
export async function meshDoctor({ mesh }: { readonly mesh: string | undefined }, io: Io): Promise<number> {
  const scope = await scopeOf(io, { mesh, names: [] });
  const clusters = createClusters({ deadlineMs: DEADLINE_MS });
  try {
    const members = await Promise.all(scope.clusters.map(({ ref }) => memberOf(clusters.connect(ref), io.signal)));
    const findings = [...failoverFindings(scope.mesh), ...meshFindings(members)];
    const note = `${String(members.length)} clusters, ${findings.length === 0 ? 'nothing found' : `${String(findings.length)} found`}`;
    io.stdout(resultText({ description: `cluster mesh of ${scope.mesh.name}`, note, findings }));
    return findings.some(({ severity }) => severity === 'error') ? exitCodes.error : exitCodes.ok;
  } finally {
    await clusters.close();
  }
}

async function memberOf(cluster: KubeCluster, signal: AbortSignal): Promise<MeshMember> {
  const server = `/apis/apps/v1/namespaces/${CILIUM_NAMESPACE}/deployments/clustermesh-apiserver`;
  const unread: string[] = [];
  /** What cannot be read is not known: null, and why. */
  const orUnknown = async <T>(what: string, reading: Promise<T>): Promise<T | null> => {
    try {
      return await reading;
    } catch (error) {
      if (!(error instanceof TidegateError)) throw error;
      unread.push(`${what} (${error.message})`);
      return null;
    }
  };
  const [config, version, isServed] = await Promise.all([
    orUnknown('cilium-config', readCiliumConfig(cluster, signal)),
    orUnknown('the version of Cilium', readCilium(cluster, signal)),
    orUnknown(
      'clustermesh-apiserver',
      cluster.ask(server, undefined, { signal }).then((found) => found !== null),
    ),
  ]);
  return {
    ...{ cluster: cluster.name, config: config ?? null, version: version ?? '', isServed: isServed ?? null },
    ...(unread.length > 0 && { unread: unread.toSorted() }),
  };
}
