/** A hub that holds the objects that a test has put there, behind a server that stands where its API server would. */
import { type FakeApi, never, startFakeApi, statusText } from './fake-api.ts';

interface Held {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly generation?: number };
  readonly spec: unknown;
  status?: unknown;
}

export interface FakeHub {
  /** As TIDEGATE_CONFIG names it. */
  readonly place: string;
  /** Takes the place of what is there; the test may change them. */
  objects: Held[];
  /** Of objects whose status cannot be written. */
  readonly refusing: Set<string>;
  /** hangs: it takes questions, and answers none; shut: it refuses all of them. */
  state: 'open' | 'hangs' | 'shut';
  readonly api: FakeApi;
}

const group = '/apis/tidegate.dev/v1alpha1';

export async function startFakeHub(objects: Held[]): Promise<FakeHub> {
  const api = await startFakeApi(({ path }) => {
    if (hub.state === 'hangs') return never();
    if (hub.state === 'shut') return { status: 403, body: statusText(403, 'Forbidden') };
    if (path === group) return json({ kind: 'APIResourceList', resources: [] });
    const [, plural = '', name] = /\/(meshes|services|senders|triggers|sinks)(?:\/([^/]+))?/.exec(path) ?? [];
    const items = hub.objects.filter(({ kind }) => `${kind}s`.replace('hs', 'hes').toLowerCase() === plural);
    if (name === undefined) return json({ kind: 'List', metadata: {}, items: items.map(stored) });
    const found = items.find(({ metadata }) => metadata.name === name);
    if (found === undefined) return { status: 404, body: statusText(404, 'NotFound') };
    if (hub.refusing.has(name)) return { status: 403, body: statusText(403, 'Forbidden') };
    return json(stored(found));
  });
  const { access } = api.ref;
  if (access.kind !== 'kubeconfig') throw new TypeError('it is reached by a kubeconfig');
  const hub: FakeHub = {
    ...{ objects, refusing: new Set<string>(), state: 'open', api },
    place: `hub:kubeconfig?path=${access.path}&context=aws`,
  };
  return hub;
}

const stored = (one: Held) => ({
  ...{ apiVersion: 'tidegate.dev/v1alpha1', ...one },
  metadata: { resourceVersion: '1', generation: 1, ...one.metadata },
});

const json = (body: unknown) => ({
  ...{ status: 200, body: JSON.stringify(body) },
  headers: { 'content-type': 'application/json' },
});

export const hubMesh = (name = 'shop', access: object = { inCluster: {} }): Held => ({
  ...{ kind: 'Mesh', metadata: { name } },
  spec: {
    clusters: [
      { name: 'aws', cilium: { id: 1 }, locality: { cloud: 'aws', region: 'r' }, access },
      { name: 'gcp', cilium: { id: 2 }, locality: { cloud: 'gcp', region: 'r' }, access },
    ],
    metrics: { prometheus: { url: 'https://prometheus.shop.example' } },
  },
});

export const hubService = (name: string, spec: object = {}): Held => ({
  ...{ kind: 'Service', metadata: { name, namespace: 'shop' } },
  spec: { mesh: 'shop', ...spec },
});
