/** The meshes of this worker's own config: what a plan or an input says of them is a name, and no more. */
import type { ReachableMesh } from '../core/config/types.ts';
import type { ReachableCluster } from '../core/kube/cluster-ref.ts';
import { TidegateError } from '../core/values/error.ts';
import type { ConfigLoader } from '../platform/config/load.ts';

export interface OwnMeshes {
  /** Reads now, so that ways back have a copy for the time when it cannot be read. Never rejects. */
  warm(): Promise<void>;
  /** As the config is now. Errors are `Unavailable`: another worker may know it. */
  now(mesh: string): Promise<ReachableMesh>;
  /** As it was when it could be read last, with the clusters that have been taken out of it since. */
  before(mesh: string): ReachableMesh | undefined;
}

interface Ports {
  readonly config: Pick<ConfigLoader, 'readMeshes'>;
  readonly nowMs: () => number;
}

/** How long what was read is taken for what is written there, ms: a step in a hundred clusters asks a hundred times. */
const FRESH_MS = 1_000;

export function ownMeshes({ config, nowMs }: Ports): OwnMeshes {
  const lastGood = new Map<string, ReachableMesh>();
  let latest: { readonly meshes: Promise<readonly ReachableMesh[]>; readonly atMs: number } | undefined;
  const keep = (mesh: ReachableMesh): void => {
    const gone = (lastGood.get(mesh.name)?.clusters ?? []).filter(({ ref }) => clusterIn(mesh, ref.name) === undefined);
    lastGood.set(mesh.name, { ...mesh, clusters: [...mesh.clusters, ...gone] });
  };
  const read = async (): Promise<readonly ReachableMesh[]> => {
    try {
      const meshes = await config.readMeshes();
      meshes.forEach(keep);
      return meshes;
    } catch (error) {
      latest = undefined;
      throw error;
    }
  };
  const fresh = (): Promise<readonly ReachableMesh[]> => {
    if (latest === undefined || nowMs() - latest.atMs >= FRESH_MS) latest = { meshes: read(), atMs: nowMs() };
    return latest.meshes;
  };
  return {
    warm: () =>
      fresh().then(
        () => undefined,
        () => undefined,
      ),
    async now(name) {
      const found = (await fresh().catch(unread)).filter((mesh) => mesh.name === name);
      if (found[0] !== undefined && found.length === 1) return found[0];
      throw new TidegateError('Unavailable', `the config of this worker has no Mesh ${name} that is right`, {
        fix: 'write or correct its document where every worker reads its config: tidegate validate',
      });
    },
    before: (name) => lastGood.get(name),
  };
}

export const clusterIn = (mesh: ReachableMesh | undefined, name: string): ReachableCluster | undefined =>
  mesh?.clusters.find(({ ref }) => ref.name === name)?.ref;

function unread(cause: unknown): never {
  if (!(cause instanceof TidegateError)) throw cause;
  throw new TidegateError('Unavailable', `the config of this worker cannot be read: ${cause.message}`, {
    cause,
    fix: cause.fix,
  });
}
