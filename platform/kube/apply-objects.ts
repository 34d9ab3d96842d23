/**
 * How objects of ours are written: compare, then apply only what differs, then check what was stored. An outside edit of
 * an object that is wholly ours is taken back once per write; who edits on gets an error with their name.
 */
import { annotations } from '../../core/kube/labels.ts';
import type { ObjectChange } from '../../core/kube/object-change.ts';
import type { KubeObject, Manifest } from '../../core/kube/objects.ts';
import { assertOwned } from '../../core/kube/ownership.ts';
import { contradictions } from '../../core/kube/read-back.ts';
import { TidegateError } from '../../core/values/error.ts';
import type { KubeCluster } from './clusters.ts';
import { FieldConflict } from './status-errors.ts';

export interface ApplyRequest {
  /** Installation that must own the object, if it is there. */
  readonly installation: string;
  /** The object as just read; null when it was not there. Its resourceVersion is the precondition of the write. */
  readonly live: KubeObject | null;
  /**
   * exact: every field that we ask for is compared with what is stored. digest: only the digest annotation is, for
   * objects whose values the API server rewrites (quantities in pod templates).
   */
  readonly compare: 'exact' | 'digest';
}

export interface Applied {
  readonly change: ObjectChange;
  readonly stored: KubeObject;
}

export async function applyObject(cluster: KubeCluster, desired: Manifest, request: ApplyRequest): Promise<Applied> {
  const { live, installation, compare } = request;
  const object = `${desired.kind}/${desired.metadata.name}`;
  const before = digestOfLive(live);
  if (live !== null) {
    assertOwned(live, { cluster: cluster.name, installation });
    if (isStored(desired, live, compare))
      return { change: { object, action: 'unchanged', before, after: before }, stored: live };
  }
  const stored = await withoutStrays(cluster, desired, await applyOrReclaim(cluster, desired, live));
  const wrong = compare === 'exact' ? contradictions(desired, stored) : [];
  if (wrong.length > 0) throw notStored(cluster.name, desired, wrong);
  return {
    change: { object, action: live === null ? 'created' : 'configured', before, after: digestOfLive(stored) },
    stored,
  };
}

/** Reads first; for objects that the caller has not read. */
export async function ensureObject(
  cluster: KubeCluster,
  desired: Manifest,
  request: Omit<ApplyRequest, 'live'>,
): Promise<Applied> {
  return applyObject(cluster, desired, { ...request, live: await cluster.get(desired, desired.metadata) });
}

export interface RemoveRequest {
  readonly installation: string;
  /** Only if it has not changed since it was read. */
  readonly unchanged?: boolean;
}

export async function removeObject(
  cluster: KubeCluster,
  live: KubeObject,
  request: RemoveRequest,
): Promise<ObjectChange> {
  assertOwned(live, { cluster: cluster.name, installation: request.installation });
  const { uid = '', resourceVersion } = live.metadata;
  await cluster.delete(live, live.metadata, {
    uid,
    resourceVersion: request.unchanged === true ? resourceVersion : undefined,
  });
  return { object: `${live.kind}/${live.metadata.name}`, action: 'deleted', before: digestOfLive(live), after: '' };
}

async function applyOrReclaim(cluster: KubeCluster, desired: Manifest, live: KubeObject | null): Promise<KubeObject> {
  const resourceVersion = live?.metadata.resourceVersion;
  const manifest: KubeObject =
    resourceVersion === undefined ? desired : { ...desired, metadata: { ...desired.metadata, resourceVersion } };
  try {
    return await cluster.apply(manifest);
  } catch (error) {
    // Without `live` the object is not known to be ours.
    if (!(error instanceof FieldConflict) || live === null) throw error;
    return cluster.apply(manifest, { force: true });
  }
}

/** Server-side apply leaves fields of others in place, also those that change what our object means. */
async function withoutStrays(cluster: KubeCluster, desired: Manifest, stored: KubeObject): Promise<KubeObject> {
  const strays = strayFields(desired, stored);
  if (strays.length === 0) return stored;
  const { resourceVersion } = stored.metadata;
  const spec = Object.fromEntries(strays.map((name) => [name, null]));
  return (await cluster.patch(desired, desired.metadata, { metadata: { resourceVersion }, spec })) ?? stored;
}

/** Nothing defaults the spec of a CiliumEnvoyConfig; a stub with a selector would take in local pods. */
function strayFields(desired: Manifest, stored: KubeObject): string[] {
  const wanted = Object.keys(desired.spec ?? {});
  const added = Object.keys(stored.spec ?? {}).filter((name) => !wanted.includes(name));
  if (desired.kind === 'CiliumEnvoyConfig') return added;
  return desired.kind === 'Service' ? added.filter((name) => name === 'selector') : [];
}

const isStored = (desired: Manifest, live: KubeObject, compare: ApplyRequest['compare']): boolean =>
  desired.metadata.annotations?.[annotations.digest] === digestOfLive(live) &&
  (compare === 'digest' || contradictions(desired, live).length === 0);

const digestOfLive = (live: KubeObject | null): string => live?.metadata.annotations?.[annotations.digest] ?? '';

function notStored(cluster: string, { kind, metadata }: Manifest, wrong: readonly string[]): TidegateError {
  const where = `${cluster}/${metadata.namespace}/${kind}/${metadata.name}`;
  return new TidegateError(
    'Invalid',
    `${where}: the API server stored something else than was asked for: ${wrong.join('; ')}`,
    {
      fix: 'look for an admission webhook that changes the object, or a CRD older than the one of the Cilium in use',
    },
  );
}
