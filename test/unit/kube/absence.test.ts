import { afterEach, describe, expect, it } from '@jest/globals';
import { kinds } from '../../../core/kube/kinds.ts';
import { createDiscovery } from '../../../platform/kube/discovery.ts';
import { createClusters } from '../../../platform/kube/clusters.ts';
import { startFakeApi, statusText, type FakeAnswer, type FakeCall } from '../../support/fake-api.ts';

const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

async function serving(answer: (call: FakeCall) => FakeAnswer) {
  const api = await startFakeApi(answer);
  const clusters = createClusters();
  closers.push(
    () => clusters.close(),
    () => api.close(),
  );
  return { api, cluster: clusters.connect(api.ref) };
}

const checkout = { namespace: 'shop', name: 'checkout' };
const page = { status: 404, headers: { 'content-type': 'text/html' }, body: '<html>404 Not Found</html>' };
/** What kube-apiserver says of a path that nobody serves. */
const noPath = { status: 404, headers: { 'content-type': 'text/plain' }, body: '404 page not found\n' };
const notFound = { status: 404, body: statusText(404, 'NotFound') };
const manifest = { ...kinds.service, metadata: checkout };

const groups = (...versions: readonly string[]): FakeAnswer => ({
  status: 200,
  body: JSON.stringify({
    kind: 'APIGroupList',
    groups: versions.map((groupVersion) => ({ versions: [{ groupVersion }] })),
  }),
});

const resources = (...names: readonly string[]): FakeAnswer => ({
  status: 200,
  body: JSON.stringify({ kind: 'APIResourceList', resources: names.map((kind) => ({ kind })) }),
});

/** An API server that has the Gateway API's group, with these kinds, and answers all else as given. */
const gateway =
  (served: readonly string[], other: FakeAnswer) =>
  ({ path }: FakeCall): FakeAnswer => {
    if (path === '/apis') return groups('apps/v1', 'gateway.networking.k8s.io/v1');
    return path === '/apis/gateway.networking.k8s.io/v1' ? resources(...served) : other;
  };

describe('a 404', () => {
  it('is absence when the API server says so, and nothing is asked beside it', async () => {
    const { api, cluster } = await serving(() => notFound);
    expect(await cluster.get(kinds.service, checkout)).toBeNull();
    expect(await cluster.get(kinds.envoyConfig, checkout)).toBeNull();
    expect(await cluster.patch(kinds.service, checkout, {})).toBeNull();
    expect(await cluster.delete(kinds.deployment, checkout, { uid: 'u' })).toBe(false);
    await expect(cluster.apply(manifest)).rejects.toMatchObject({ code: 'Invalid' });
    expect(await cluster.ask('/apis/cilium.io/v2')).toBeNull();
    expect(api.seen).toHaveLength(6);
  });

  it.each([
    ['a page of a proxy', page],
    ['plain text', noPath],
    ['JSON of something else', { status: 404, body: '{"error":"no such route"}' }],
    ['a Status of another reason', { status: 404, body: statusText(404, 'Unknown') }],
  ])('is Unavailable when it is %s, since nothing is known then: a restore would report success', async (_, answer) => {
    const { cluster } = await serving(() => answer);
    const unavailable = { code: 'Unavailable', fix: expect.stringContaining('proxy') };
    await expect(cluster.get(kinds.service, checkout)).rejects.toMatchObject(unavailable);
    await expect(cluster.get(kinds.envoyConfig, checkout)).rejects.toMatchObject(unavailable);
    await expect(cluster.list(kinds.service, 'shop')).rejects.toMatchObject(unavailable);
    await expect(cluster.list(kinds.httpRoute, 'shop')).rejects.toMatchObject(unavailable);
    await expect(cluster.apply(manifest)).rejects.toMatchObject(unavailable);
    await expect(cluster.patch(kinds.service, checkout, {})).rejects.toMatchObject(unavailable);
    await expect(cluster.delete(kinds.deployment, checkout, { uid: 'u' })).rejects.toMatchObject(unavailable);
    await expect(cluster.ask('/version')).rejects.toMatchObject(unavailable);
    await expect(cluster.ask('/apis/cilium.io/v2')).rejects.toMatchObject(unavailable);
  });

  it('names the object, not only the page', async () => {
    const { cluster } = await serving(({ path }) => (path === '/apis' ? groups('apps/v1') : page));
    await expect(cluster.get(kinds.service, checkout)).rejects.toThrow(
      "aws/shop/Service/checkout: read: HTTP 404 that is not the API server's own answer",
    );
  });
});

describe('a kind that is not installed', () => {
  it('has an empty list when discovery has no such group, which is asked once a minute', async () => {
    const { api, cluster } = await serving(({ path }) => (path === '/apis' ? groups('apps/v1') : noPath));
    expect(await cluster.list(kinds.httpRoute, 'shop')).toEqual([]);
    expect(await cluster.list(kinds.httpRoute, 'shop')).toEqual([]);
    expect(await cluster.get(kinds.httpRoute, checkout)).toBeNull();
    expect(await cluster.ask('/apis/cilium.io/v2')).toBeNull();
    expect(api.seen.filter(({ path }) => path === '/apis')).toHaveLength(2);
  });

  it('has an empty list when its group is there without the kind, as GRPCRoute of an older Gateway API', async () => {
    const { cluster } = await serving(gateway(['HTTPRoute'], noPath));
    expect(await cluster.list(kinds.grpcRoute, 'shop')).toEqual([]);
  });

  it('is not believed of a kind that discovery lists, nor of one of the core group', async () => {
    const { cluster } = await serving(gateway(['HTTPRoute'], notFound));
    await expect(cluster.list(kinds.httpRoute, 'shop')).rejects.toMatchObject({ code: 'Unavailable' });
    await expect(cluster.list(kinds.service, 'shop')).rejects.toMatchObject({ code: 'Unavailable' });
  });

  it('is looked up anew after a minute, since a CRD may have been installed', async () => {
    let now = 0;
    let installed = false;
    const answer = (path: string): unknown => {
      if (path !== '/apis') return { kind: 'APIResourceList', resources: [{ kind: 'HTTPRoute' }] };
      const versions = installed ? [{ groupVersion: 'gateway.networking.k8s.io/v1' }] : [];
      return { kind: 'APIGroupList', groups: [{ versions }] };
    };
    const call = ({ path }: { path: string }) => Promise.resolve({ status: 200, body: answer(path) });
    const discovery = createDiscovery({ call }, () => now);
    expect(await discovery.lacks(kinds.httpRoute)).toBe(true);
    installed = true;
    now = 59_999;
    expect(await discovery.lacks(kinds.httpRoute)).toBe(true);
    now = 60_000;
    expect(await discovery.lacks(kinds.httpRoute)).toBe(false);
  });
});

describe('a page in place of an answer', () => {
  it('is Unavailable also with 200, as of a login page', async () => {
    const { cluster } = await serving(() => ({ status: 200, body: '<html>Sign in</html>' }));
    await expect(cluster.list(kinds.service, 'shop')).rejects.toMatchObject({
      code: 'Unavailable',
      message: expect.stringContaining('no API server'),
    });
  });
});
