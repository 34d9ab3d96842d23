/** Clusters of GKE and AKS: who calls, and where, against the clouds' interfaces on the wire. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { AksAccess, ClusterAccess, GkeClusterAccess } from '../../../core/kube/cluster-access.ts';
import { kinds } from '../../../core/kube/kinds.ts';
import type { CloudPlaces } from '../../../platform/cloud/places.ts';
import { loadGke } from '../../../platform/cloud/gke.ts';
import { createClusters, type Clusters } from '../../../platform/kube/clusters.ts';
import { startFakeAzure, type FakeAzure } from '../../support/clouds/azure.ts';
import { startFakeGoogle, type FakeGoogle } from '../../support/clouds/google.ts';
import { json } from '../../support/clouds/server.ts';
import { allowForSdks } from '../../support/clouds/sdk-time.ts';
import { startFakeApi, statusText, type FakeApi } from '../../support/fake-api.ts';

allowForSdks();

let api: FakeApi;
let google: FakeGoogle;
let azure: FakeAzure;
let clusters: Clusters;
let refusals = 0;

beforeAll(async () => {
  api = await startFakeApi(() =>
    refusals-- > 0
      ? { status: 401, body: statusText(401, 'Unauthorized') }
      : { status: 404, body: statusText(404, 'NotFound') },
  );
});

afterAll(() => api.close());

beforeEach(async () => {
  refusals = 0;
  [google, azure] = [await startFakeGoogle(api), await startFakeAzure(api)];
  const places: CloudPlaces = { gke: google.url, ...azure.places };
  clusters = createClusters({ places, deadlineMs: 60_000 });
});

afterEach(async () => {
  await clusters.close();
  await Promise.all([google.close(), azure.close()]);
});

const gke: GkeClusterAccess = {
  kind: 'gke',
  project: 'shop-prod',
  location: 'europe-west1',
  cluster: 'shop-europe-west1',
  endpoint: 'ip',
};
const aks: AksAccess = {
  kind: 'aks',
  subscription: '00000000-0000-0000-0000-000000000000',
  resourceGroup: 'shop',
  cluster: 'shop-westeurope',
  cloud: 'public',
};

const read = (access: ClusterAccess) =>
  clusters.connect({ name: 'one', access }).get(kinds.service, { namespace: 'shop', name: 'checkout' });
const sent = () => api.seen.at(-1)?.headers.authorization;

describe('a cluster of GKE', () => {
  it('is found by getCluster and called with a token of the workload identity, one for many calls', async () => {
    await Promise.all([read(gke), read(gke)]);
    await read({ ...gke, endpoint: 'private' });
    expect(sent()).toBe(`Bearer ${google.tokens.at(-1) ?? ''}`);
    await read(gke);
    expect(google.tokens).toHaveLength(2);
    const [asked] = google.seen.filter(({ url }) => url.pathname.endsWith('/token'));
    expect(asked?.url.searchParams.get('scopes')).toBe(
      'https://www.googleapis.com/auth/cloud-platform,https://www.googleapis.com/auth/userinfo.email',
    );
  });

  it('is called by its DNS endpoint with the authorities that everybody trusts, or by the connect gateway', async () => {
    google.dns = 'gke-0a1b.europe-west1.gke.goog';
    const places = { gke: google.url };
    const dns = await loadGke('one', { ...gke, endpoint: 'dns' }, places);
    expect([dns.server.href, dns.tls]).toEqual(['https://gke-0a1b.europe-west1.gke.goog/', {}]);
    const member = { kind: 'gke', projectNumber: '123456789012', location: 'global', membership: 'shop' } as const;
    expect((await loadGke('one', member, places)).server.href).toBe(
      'https://connectgateway.googleapis.com/v1/projects/123456789012/locations/global/gkeMemberships/shop',
    );
    google.dns = '';
    await expect(loadGke('one', { ...gke, endpoint: 'dns' }, places)).rejects.toMatchObject({
      code: 'Invalid',
      fix: expect.stringContaining('enable-dns-access'),
    });
  });

  it('gets a new token where it refuses one, and before one ends', async () => {
    await read(gke);
    refusals = 1;
    await read(gke);
    expect(google.tokens).toHaveLength(2);
    google.lifeS = 30;
    refusals = 1;
    await read(gke);
    await read(gke);
    expect(google.tokens).toHaveLength(4);
  });

  it('is found in the end where Google asks to come back later; what it refuses has a remedy', async () => {
    let left = 2;
    google.fault = ({ url }) =>
      url.pathname.startsWith('/v1/') && left-- > 0
        ? json(429, { error: { status: 'RESOURCE_EXHAUSTED' } }, { 'retry-after': '0.05' })
        : undefined;
    await read(gke);
    expect(left).toBe(-1);
    await expect(read({ ...gke, cluster: 'other' })).rejects.toMatchObject({
      code: 'Invalid',
      message: 'one: GKE getCluster of shop-prod/europe-west1/other: NOT_FOUND',
    });
    google.fault = ({ url }) =>
      url.pathname.startsWith('/v1/') ? json(403, { error: { status: 'PERMISSION_DENIED' } }) : undefined;
    await expect(read({ ...gke, location: 'europe-west2' })).rejects.toMatchObject({
      code: 'Forbidden',
      fix: expect.stringContaining('container.clusters.get'),
    });
  });

  it('that has moved is looked up again', async () => {
    const old = await startFakeApi(() => ({ status: 404, body: statusText(404, 'NotFound') }));
    google.cluster = old;
    await read(gke);
    await old.close();
    google.cluster = api;
    await expect(read(gke)).resolves.toBeNull();
  });
});

describe('a cluster of AKS', () => {
  it('is found by Azure Resource Manager and called with a token of Entra ID, one for many calls', async () => {
    await Promise.all([read(aks), read(aks)]);
    await read(aks);
    expect(azure.tokens).toHaveLength(1);
    expect(sent()).toBe(`Bearer ${azure.tokens[0] ?? ''}`);
  });

  it('gets a new token where it refuses one, and before one ends', async () => {
    await read(aks);
    azure.lifeS = 30;
    refusals = 1;
    await read(aks);
    await read(aks);
    expect(azure.tokens).toHaveLength(3);
  });

  it.each([
    ['client-certificate-data', { 'client-certificate-data': 'MARKER', 'client-key-data': 'MARKER' }],
    ['token', { token: 'MARKER' }],
  ])('with local accounts is refused: nobody is called as %s of nobody', async (field, user) => {
    azure.user = user;
    const before = api.seen.length;
    await expect(read(aks)).rejects.toMatchObject({
      code: 'Invalid',
      message: expect.stringContaining(field),
      fix: expect.stringContaining('--disable-local-accounts'),
    });
    expect(api.seen).toHaveLength(before);
  });

  it('is found in the end where Azure asks to come back later; what it refuses has a remedy', async () => {
    let left = 2;
    const ofArm = (path: string) => path.startsWith('/subscriptions');
    azure.fault = ({ url }) =>
      ofArm(url.pathname) && left-- > 0
        ? json(429, { error: { code: 'TooManyRequests' } }, { 'retry-after': '0.05' })
        : undefined;
    await read(aks);
    expect(left).toBe(-1);
    await expect(read({ ...aks, cluster: 'other' })).rejects.toMatchObject({
      code: 'Invalid',
      message: expect.stringContaining('ResourceNotFound'),
    });
    azure.fault = ({ url }) =>
      ofArm(url.pathname) ? json(403, { error: { code: 'AuthorizationFailed' } }) : undefined;
    await expect(read({ ...aks, resourceGroup: 'x' })).rejects.toMatchObject({
      code: 'Forbidden',
      fix: expect.stringContaining('Cluster User Role'),
    });
  });
});
