/**
 * platform/kube: Kubernetes API servers behind a port.
 *
 *   ReachableCluster ──connect──► KubeCluster (get, list, apply, patch, delete) ──► transport (one pool per cluster)
 *                                └── applyObject, ensureObject, removeObject: the writing rules on top
 *
 * Reads answer null for "not there", which only the API server itself can say; every other failure is a TidegateError
 * that names `cluster/namespace/kind/name`.
 * No decision about traffic is taken here, and no credential leaves this folder and `platform/cloud`.
 */
import type { ReachableCluster } from '../../core/kube/cluster-ref.ts';
import { canonicalJson } from '../../core/values/canonical.ts';
import { kinds, resourcePath, type ResourceType } from '../../core/kube/kinds.ts';
import { FIELD_MANAGER } from '../../core/kube/labels.ts';
import type { KubeObject } from '../../core/kube/objects.ts';
import { TidegateError } from '../../core/values/error.ts';
import type { CloudPlaces } from '../cloud/places.ts';
import type { Call } from './http.ts';
import { createDiscovery, isNotFound, notFromApiServer, type Discovery } from './discovery.ts';
import {
  createTransport,
  type ApiAnswer,
  type CallOptions,
  type Transport,
  type TransportOptions,
} from './transport.ts';
import { present } from '../../core/values/json.ts';

export interface ObjectName {
  readonly namespace?: string | undefined;
  readonly name: string;
}

export interface ListOptions extends CallOptions {
  readonly labelSelector?: string;
  /** As in Kubernetes: `involvedObject.uid=…`. */
  readonly fieldSelector?: string;
}

export interface ApplyOptions extends CallOptions {
  /** Takes over fields that others own. Only for objects that are wholly ours. */
  readonly force?: boolean;
}

export interface DeleteOptions extends CallOptions {
  /** Only this very object, as it was read. */
  readonly uid: string;
  readonly resourceVersion?: string | undefined;
}

export interface PatchOptions {
  /** Absent: the object itself. */
  readonly subresource?: 'status';
}

export interface LogOptions {
  readonly container: string;
  /** Lines from the end. */
  readonly lines: number;
}

export interface KubeCluster {
  readonly name: string;
  get<T extends KubeObject>(type: ResourceType, at: ObjectName, options?: CallOptions): Promise<T | null>;
  /** All pages. Empty also when the API has no such kind (a CRD that is not installed). */
  list<T extends KubeObject>(
    type: ResourceType,
    namespace: string | undefined,
    options?: ListOptions,
  ): Promise<readonly T[]>;
  /** Server-side apply. A resourceVersion in the manifest is a precondition. The answer is what was stored. */
  apply<T extends KubeObject>(manifest: KubeObject, options?: ApplyOptions): Promise<T>;
  /** JSON merge patch; null when the object is gone. A resourceVersion in it is a precondition. */
  patch<T extends KubeObject>(
    type: ResourceType,
    at: ObjectName,
    patch: unknown,
    options?: PatchOptions,
  ): Promise<T | null>;
  /** False when it was gone already. Dependents go in the background. */
  delete(type: ResourceType, at: ObjectName, options: DeleteOptions): Promise<boolean>;
  /** The end of the log of a container, as far as the server has it; null: there is no such pod. */
  log(at: ObjectName, options: LogOptions): Promise<string | null>;
  /** Asks the server about itself: its version, its API groups, what we may do (a review is posted). null: no such path. */
  ask<T>(path: string, question?: unknown, options?: CallOptions): Promise<T | null>;
}

export interface Clusters {
  /** dryRun: the server checks and answers every write as if, and stores none (`dryRun=All`). */
  connect(ref: ReachableCluster, options?: { readonly dryRun?: boolean }): KubeCluster;
  close(): Promise<void>;
}

/** Default of one call, ms: well above a slow API server's answer, well below an activity's bound. */
const DEADLINE_MS = 10_000;
const PAGE = 250;
/** Most of a log that is read: lines of a program may be of any length. */
const LOG_BYTES = 65_536;

/** `places`: where clouds answer, where that is not their public address. */
export function createClusters({
  deadlineMs = DEADLINE_MS,
  places = {},
}: { deadlineMs?: number; places?: CloudPlaces } = {}): Clusters {
  const servers = new Map<string, ApiServer>();
  return {
    connect(ref, { dryRun = false } = {}) {
      const key = canonicalJson([ref.name, ref.access]);
      const server = servers.get(key) ?? createApiServer(ref, { deadlineMs, places });
      servers.set(key, server);
      return createCluster(server, dryRun ? '&dryRun=All' : '');
    },
    async close() {
      await Promise.all([...servers.values()].map(({ transport }) => transport.close()));
      servers.clear();
    },
  };
}

interface ApiServer {
  readonly name: string;
  readonly transport: Transport;
  readonly discovery: Discovery;
}

function createApiServer(ref: ReachableCluster, options: TransportOptions): ApiServer {
  const transport = createTransport(ref, options);
  return { name: ref.name, transport, discovery: createDiscovery(transport) };
}

interface KindCall {
  readonly call: Call;
  readonly type: ResourceType;
  readonly options: CallOptions;
}

/** The answer, or null when the object or the kind is not there, by the API server's own word. */
async function callKind(
  { name, transport, discovery }: ApiServer,
  { call, type, options }: KindCall,
): Promise<ApiAnswer | null> {
  const answer = await transport.call(call, options);
  if (answer.status !== 404) return answer;
  // A list is there even when it is empty, so its 404 is never about an object.
  if (call.verb !== 'list' && isNotFound(answer)) return null;
  if (await discovery.lacks(type, options)) return null;
  throw notFromApiServer(`${name}/${call.object}`, call.verb);
}

/** `onWrites` is added to the query of every write. */
function createCluster(server: ApiServer, onWrites: string): KubeCluster {
  const { name, transport, discovery } = server;
  return {
    name,
    async get<T extends KubeObject>(type: ResourceType, at: ObjectName, options: CallOptions = {}) {
      const call: Call = { method: 'GET', path: resourcePath(type, at), verb: 'read', object: objectName(type, at) };
      return foundOrNull<T>(await callKind(server, { call, type, options }));
    },
    list: (type, namespace, options = {}) => listAll(server, { type, namespace, options }),
    async apply<T extends KubeObject>(manifest: KubeObject, { force = false, signal }: ApplyOptions = {}) {
      const path = `${resourcePath(manifest, manifest.metadata)}?fieldManager=${FIELD_MANAGER}&force=${String(force)}${onWrites}`;
      const object = objectName(manifest, manifest.metadata);
      const contentType = 'application/apply-patch+yaml';
      const call: Call = { method: 'PATCH', path, verb: 'apply', object, body: manifest, contentType };
      const answer = await callKind(server, { call, type: manifest, options: { signal } });
      if (answer === null) throw absent(name, object);
      return answer.body as T;
    },
    async patch<T extends KubeObject>(
      type: ResourceType,
      at: ObjectName,
      patch: unknown,
      { subresource }: PatchOptions = {},
    ) {
      const of = subresource === undefined ? '' : `/${subresource}`;
      const path = `${resourcePath(type, at)}${of}?fieldManager=${FIELD_MANAGER}${onWrites}`;
      const contentType = 'application/merge-patch+json';
      const object = objectName(type, at);
      const call: Call = { method: 'PATCH', path, verb: 'patch', object, body: patch, contentType };
      return foundOrNull<T>(await callKind(server, { call, type, options: {} }));
    },
    async delete(type, at, { uid, resourceVersion, signal }) {
      const preconditions = { uid, ...present({ resourceVersion }) };
      const body = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background', preconditions };
      const path = `${resourcePath(type, at)}?fieldManager=${FIELD_MANAGER}${onWrites}`;
      const call: Call = { method: 'DELETE', path, verb: 'delete', object: objectName(type, at), body };
      return (await callKind(server, { call, type, options: { signal } })) !== null;
    },
    async log(at, { container, lines }) {
      const query = new URLSearchParams({ container, tailLines: String(lines), limitBytes: String(LOG_BYTES) });
      const path = `${resourcePath(kinds.pod, at)}/log?${query.toString()}`;
      const object = objectName(kinds.pod, at);
      const call: Call = { method: 'GET', path, verb: 'log', object, answersText: true };
      const answer = await callKind(server, { call, type: kinds.pod, options: {} });
      return answer === null ? null : String(answer.body);
    },
    async ask<T>(path: string, question?: unknown, options: CallOptions = {}) {
      const method = question === undefined ? 'GET' : 'POST';
      const answer = await transport.call(
        { method, path, verb: 'ask', object: path.slice(1), body: question },
        options,
      );
      if (answer.status !== 404) return answer.body as T;
      if (isNotFound(answer) || (await discovery.lacksPath(path, options))) return null;
      throw notFromApiServer(`${name}/${path.slice(1)}`, 'ask');
    },
  };
}

interface ListCall {
  readonly type: ResourceType;
  readonly namespace: string | undefined;
  readonly options: ListOptions;
}

async function listAll<T extends KubeObject>(
  server: ApiServer,
  { type, namespace, options }: ListCall,
): Promise<readonly T[]> {
  const found: T[] = [];
  let token = '';
  do {
    const query = new URLSearchParams({ limit: String(PAGE) });
    if (token !== '') query.set('continue', token);
    if (options.labelSelector !== undefined) query.set('labelSelector', options.labelSelector);
    if (options.fieldSelector !== undefined) query.set('fieldSelector', options.fieldSelector);
    const path = `${resourcePath(type, { namespace })}?${query.toString()}`;
    const object = `${namespace ?? ''}/${type.kind}/*`;
    const call: Call = { method: 'GET', path, verb: 'list', object };
    const answer = await callKind(server, { call, type, options: { signal: options.signal } });
    if (answer === null) return [];
    const page = answer.body as { items: T[]; metadata: { continue?: string } };
    // Items of a list come without kind and apiVersion.
    found.push(...page.items.map((item) => ({ ...item, apiVersion: type.apiVersion, kind: type.kind })));
    token = page.metadata.continue ?? '';
  } while (token !== '');
  return found;
}

const objectName = (
  type: ResourceType,
  { namespace, name }: { namespace?: string | undefined; name: string },
): string => [namespace, type.kind, name].filter((part) => part !== undefined).join('/');

/** Server-side apply creates what is missing, so 404 means that the namespace or the kind is not there. */
const absent = (cluster: string, object: string): TidegateError =>
  new TidegateError('Invalid', `${cluster}/${object}: apply refused: the namespace or the kind does not exist there`, {
    fix: 'create the namespace, or install the CRDs (Cilium with envoyConfig.enabled); Tidegate creates neither',
  });

const foundOrNull = <T>(answer: ApiAnswer | null): T | null => (answer === null ? null : (answer.body as T));
