/**
 * API servers in memory that speak the wire protocol over TLS: get, list, server-side apply, merge patch and delete, with
 * resourceVersions and dry runs. Pods get ready at once; every Service has the endpoints of the pods that it selects.
 * What is left out: field managers, admission, defaults, watches, pages.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ReachableCluster } from '../../core/kube/cluster-ref.ts';
import { isRecord, recordOf } from '../../core/values/json.ts';
import { kubeconfig } from '../../infra/lab/api/kubeconfig.ts';
import { certificate, key, statusText, type FakeAnswer } from './fake-api.ts';

type Json = Record<string, unknown>;

export interface MemoryCluster {
  readonly ref: ReachableCluster;
  /** Objects by `<plural>/<namespace>/<name>`. */
  readonly objects: Map<string, Json>;
  /** Stands before every answer, with method, path and query; what it throws leaves the request without one. */
  before: (method: string, path: string) => Promise<void>;
}

export interface MemoryClusters {
  readonly clusters: Readonly<Record<string, MemoryCluster>>;
  stop(): Promise<void>;
}

export async function startMemoryApis(names: readonly string[]): Promise<MemoryClusters> {
  const dir = await mkdtemp(join(tmpdir(), 'tidegate-memory-'));
  const opened = await Promise.all(names.map((name) => startOne(name, dir)));
  return {
    clusters: Object.fromEntries(opened.map(({ cluster }) => [cluster.ref.name, cluster])),
    stop: async () => {
      await Promise.all(opened.map(({ close }) => close()));
      await rm(dir, { recursive: true });
    },
  };
}

async function startOne(name: string, dir: string) {
  const path = join(dir, `${name}.kubeconfig`);
  const cluster: MemoryCluster = {
    ref: { name, access: { kind: 'kubeconfig', path } },
    objects: new Map(),
    before: () => Promise.resolve(),
  };
  const server = createServer({ key, cert: certificate }, (request, response) => {
    void answer(cluster, request).then(
      ({ status, body }) => response.writeHead(status, { 'content-type': 'application/json' }).end(body),
      () => response.destroy(),
    );
  });
  // Idle connections stay: one that ends just as a call takes it would look like a cluster that is away.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `https://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  await writeFile(path, kubeconfig([{ name, user: 'tidegate', target: { server: url, token: 't', ca: certificate } }]));
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { cluster, close };
}

const ok = (body: unknown): FakeAnswer => ({ status: 200, body: JSON.stringify(body) });
const notFound: FakeAnswer = { status: 404, body: statusText(404, 'NotFound') };

async function answer(cluster: MemoryCluster, request: IncomingMessage): Promise<FakeAnswer> {
  const { method = '' } = request;
  const url = new URL(request.url ?? '', 'https://x');
  const text = await bodyOf(request);
  await cluster.before(method, `${url.pathname}${url.search}`);
  if (url.pathname === '/apis') return ok({ kind: 'APIGroupList', groups: [] });
  const found = /^\/apis?\/(?:[^/]+\/)?v[^/]+(?:\/namespaces\/([^/]+))?\/([^/]+)(?:\/([^/]+))?$/.exec(url.pathname);
  const [, namespace = '', plural = '', name] = found ?? [];
  // Neither Gateway API nor Argo is installed: their group is in no list.
  if (found === null || ['httproutes', 'grpcroutes', 'rollouts'].includes(plural)) return { status: 404, body: 'no' };
  if (name === undefined)
    return ok({ metadata: {}, items: listed(cluster, { namespace, plural, query: url.searchParams }) });
  const at = `${plural}/${namespace}/${name}`;
  const live = cluster.objects.get(at);
  if (method === 'GET') return live === undefined ? notFound : ok(live);
  if (method === 'DELETE') return cluster.objects.delete(at) ? ok({ kind: 'Status', status: 'Success' }) : notFound;
  const isApply = String(request.headers['content-type']).includes('apply-patch');
  if (live === undefined && !isApply) return notFound;
  const wanted = recordOf(JSON.parse(text));
  const version = recordOf(wanted['metadata'])['resourceVersion'];
  if (version !== undefined && version !== recordOf(live?.['metadata'])['resourceVersion'])
    return { status: 409, body: statusText(409, 'Conflict') };
  const stored = stamped(isApply ? applied(live ?? {}, wanted) : (merged(live, wanted) as Json), live);
  if (url.searchParams.get('dryRun') === null) cluster.objects.set(at, stored);
  return ok(stored);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

interface Listing {
  readonly namespace: string;
  readonly plural: string;
  readonly query: URLSearchParams;
}

function listed(cluster: MemoryCluster, { namespace, plural, query }: Listing): Json[] {
  const selector = query.get('labelSelector');
  if (plural === 'endpointslices') return [endpointsOf(cluster, namespace, selector?.split('=')[1] ?? '')];
  const wanted = selector === null ? [] : selector.split(',').map((pair) => pair.split('='));
  return [...cluster.objects].flatMap(([at, one]) => {
    const labels = recordOf(recordOf(one['metadata'])['labels']);
    const fits = wanted.every(([label = '', value]) =>
      value === undefined ? label in labels : labels[label] === value,
    );
    return at.startsWith(`${plural}/${namespace}`) && fits ? [one] : [];
  });
}

/** Of a Service: the ready pods of every Deployment that it selects. */
function endpointsOf({ objects }: MemoryCluster, namespace: string, service: string): Json {
  const selector = Object.entries(
    recordOf(recordOf(objects.get(`services/${namespace}/${service}`)?.['spec'])['selector']),
  );
  const ready = [...objects]
    .filter(([at]) => at.startsWith(`deployments/${namespace}/`))
    .map(([, { spec, status }]) => {
      const labels = recordOf(recordOf(recordOf(recordOf(spec)['template'])['metadata'])['labels']);
      const isSelected = selector.length > 0 && selector.every(([label, value]) => labels[label] === value);
      return isSelected ? Number(recordOf(status)['readyReplicas']) : 0;
    })
    .reduce((a, b) => a + b, 0);
  const endpoints = Array.from({ length: ready }, (_, i) => ({
    addresses: [`10.1.0.${String(10 + i)}`],
    conditions: { ready: true, serving: true },
  }));
  return { metadata: { name: service, namespace }, addressType: 'IPv4', endpoints };
}

/** Fields that one manager no longer asks for go away; here that is the whole spec of objects that nobody else writes. */
const applied = (live: Json, wanted: Json): Json => {
  const spec = wanted['kind'] === 'Deployment' ? merged(live['spec'], wanted['spec']) : wanted['spec'];
  return { ...(merged(live, wanted) as Json), spec };
};

const merged = (live: unknown, patch: unknown): unknown => {
  if (!isRecord(patch)) return patch;
  const entries = Object.entries(patch).map(([name, value]) => [name, merged(recordOf(live)[name], value)]);
  const all = { ...recordOf(live), ...(Object.fromEntries(entries) as Json) };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null && value !== undefined));
};

function stamped(object: Json, live: Json | undefined): Json {
  const before = recordOf(live?.['metadata']);
  const metadata = {
    ...recordOf(object['metadata']),
    uid: before['uid'] ?? `uid-${String(recordOf(object['metadata'])['name'])}`,
    resourceVersion: String(Number(before['resourceVersion'] ?? 0) + 1),
    generation: Number(before['generation'] ?? 0) + 1,
  };
  if (object['kind'] !== 'Deployment') return { ...object, metadata };
  const replicas = recordOf(object['spec'])['replicas'] ?? 1;
  const status = { observedGeneration: metadata.generation, replicas, updatedReplicas: replicas };
  return { ...object, metadata, status: { ...status, readyReplicas: replicas, availableReplicas: replicas } };
}
