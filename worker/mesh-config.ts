/** The meshes of this worker's own config: what a plan or an input says of them is a name, and no more. */
import type { ReachableMesh } from '../core/config/types.ts';
import type { ReachableCluster } from '../core/kube/cluster-ref.ts';
import { TidegateError } from '../core/values/error.ts';
import { untilAborted } from '../platform/abort.ts';
import type { ConfigLoader } from '../platform/config/load.ts';

export interface OwnMeshes {
  /** Reads now, so that ways back have a copy for the time when it cannot be read. Never rejects. */
  warm(): Promise<void>;
  /** As the config is now. Errors are `Unavailable`: another worker may know it. */
  now(mesh: string): Promise<ReachableMesh>;
  /** As the config is now; where its place cannot be asked, as it said last: that is no word against a run under way. */
  standing(mesh: string): Promise<ReachableMesh>;
  /** As it was when it could be read last, with the clusters that have been taken out of it since. */
  before(mesh: string): ReachableMesh | undefined;
}

interface Ports {
  readonly config: Pick<ConfigLoader, 'readMeshes'>;
  readonly nowMs: () => number;
}

/** How long what was read is taken for what is written there, ms: a step in a hundred clusters asks a hundred times. */
const FRESH_MS = 1_000;

/** A place that takes longer is away for a run under way, ms. */
const LONG_MS = 5_000;

export function ownMeshes({ config, nowMs }: Ports): OwnMeshes {
  const lastGood = new Map<string, ReachableMesh>();
  let lastRead: readonly ReachableMesh[] = [];
  let latest: { readonly meshes: Promise<readonly ReachableMesh[]>; readonly atMs: number } | undefined;
  const keep = (mesh: ReachableMesh): void => {
    const gone = (lastGood.get(mesh.name)?.clusters ?? []).filter(({ ref }) => clusterIn(mesh, ref.name) === undefined);
    lastGood.set(mesh.name, { ...mesh, clusters: [...mesh.clusters, ...gone] });
  };
  const read = async (): Promise<readonly ReachableMesh[]> => {
    try {
      const meshes = await config.readMeshes();
      meshes.forEach(keep);
      lastRead = meshes;
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
    now: async (name) => oneNamed(name, await fresh().catch(unread)),
    async standing(name) {
      if (lastRead.length === 0) return oneNamed(name, await fresh().catch(unread));
      const read = untilAborted(fresh(), AbortSignal.timeout(LONG_MS));
      return oneNamed(name, await read.catch(() => lastRead));
    },
    before: (name) => lastGood.get(name),
  };
}

function oneNamed(name: string, meshes: readonly ReachableMesh[]): ReachableMesh {
  const found = meshes.filter((mesh) => mesh.name === name);
  if (found[0] !== undefined && found.length === 1) return found[0];
  throw new TidegateError('Unavailable', `the config of this worker has no Mesh ${name} that is right`, {
    fix: 'write or correct its document where every worker reads its config: tidegate validate',
  });
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
