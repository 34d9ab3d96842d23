/** Clusters that an inventory in a hub knows, and the cluster of the worker's own pod. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClusterProfileAccess, DirectAccess } from '../../../core/kube/cluster-access.ts';
import { kinds } from '../../../core/kube/kinds.ts';
import { kubeconfig } from '../../../infra/lab/api/kubeconfig.ts';
import { loadClusterProfile, type ProfileDeps } from '../../../platform/cloud/cluster-profile.ts';
import { loadAccess } from '../../../platform/kube/access/access.ts';
import { createClusters, type Clusters } from '../../../platform/kube/clusters.ts';
import { startFakeAws, ROLE, secretOf, type FakeAws } from '../../support/clouds/aws.ts';
import { verifyEksToken } from '../../support/clouds/authenticator.ts';
import { base64, filled } from '../../support/clouds/server.ts';
import { allowForSdks } from '../../support/clouds/sdk-time.ts';
import { assertEventually } from '../../support/eventually.ts';
import { startFakeApi, statusText, type FakeAnswer, type FakeApi } from '../../support/fake-api.ts';

allowForSdks();

let hub: FakeApi;
let api: FakeApi;
let aws: FakeAws;
let clusters: Clusters;
let providers: unknown[] = [];
/** In the place of the profile. */
let hubAnswer: FakeAnswer | undefined;

const PATH = '/apis/multicluster.x-k8s.io/v1alpha1/namespaces/fleet/clusterprofiles/shop-us-east-1';
const notFound = { status: 404, body: statusText(404, 'NotFound') };

beforeAll(async () => {
  hub = await startFakeApi(({ path }) => {
    if (hubAnswer !== undefined) return hubAnswer;
    if (path !== PATH) return notFound;
    const profile = JSON.parse(filled('cluster-profile.json', {})) as { status: object };
    return {
      status: 200,
      body: JSON.stringify({ ...profile, status: { ...profile.status, accessProviders: providers } }),
    };
  });
  api = await startFakeApi(() => notFound);
});

afterAll(() => Promise.all([hub.close(), api.close()]));

beforeEach(async () => {
  hubAnswer = undefined;
  aws = await startFakeAws(api);
  clusters = createClusters({
    deadlineMs: 60_000,
    places: { trustedHosts: ['127.0.0.1'], pod: { server: api.url, folder: api.dir } },
  });
});

afterEach(async () => {
  await clusters.close();
  await aws.close();
});

const read = (by: Partial<ClusterProfileAccess> = {}, through = clusters) => {
  const access: ClusterProfileAccess = {
    kind: 'clusterProfile',
    hub: hub.ref.access as DirectAccess,
    namespace: 'fleet',
    name: 'shop-us-east-1',
    ...by,
  };
  return through.connect({ name: 'one', access }).get(kinds.service, { namespace: 'shop', name: 'checkout' });
};

/** The access alone, of the public cloud: nothing is called but the hub. */
const load = (by: Partial<ProfileDeps> = {}) =>
  loadClusterProfile(
    'one',
    {
      kind: 'clusterProfile',
      hub: hub.ref.access as DirectAccess,
      ...{ namespace: 'fleet', name: 'shop-us-east-1' },
    },
    { load: (name, access) => loadAccess(name, access, {}), places: {}, ...by },
  );

const EXTENSION = 'client.authentication.k8s.io/exec';
const address = () => ({ server: api.url, 'certificate-authority-data': base64(api.ca) });
const eksProvider = (extension: unknown = { clusterId: 'shop-us-east-1', region: 'us-east-1' }) => ({
  name: 'eks',
  cluster: { ...address(), extensions: [{ name: EXTENSION, extension }] },
});

describe('a cluster of an inventory', () => {
  it('is called where its profile says, as the worker itself: no command of the profile is run', async () => {
    providers = [{ name: 'some-plugin', cluster: address() }, eksProvider()];
    await read({ roleArn: ROLE });
    expect(hub.seen.at(-1)).toMatchObject({ path: PATH, headers: { authorization: 'Bearer t' } });
    const token = api.seen.at(-1)?.headers.authorization?.replace('Bearer ', '') ?? '';
    expect(verifyEksToken(token, { cluster: 'shop-us-east-1', secrets: secretOf, nowMs: Date.now() })).toMatchObject({
      accessKeyId: 'ASIAEXAMPLE',
    });
  });

  it('of the provider kubeconfig is called by the file of the worker, whatever address the profile has', async () => {
    providers = [{ name: 'kubeconfig', cluster: { server: 'https://elsewhere.example' } }];
    const path = join(api.dir, 'fleet.yaml');
    const target = { server: api.url, token: 't', ca: api.ca };
    await writeFile(path, kubeconfig([{ name: 'shop-us-east-1', user: 'tidegate', target }]));
    await expect(read({ kubeconfigPath: path })).resolves.toBeNull();
    expect(api.seen.at(-1)?.headers.authorization).toBe('Bearer t');
    await expect(read()).rejects.toMatchObject({
      code: 'Invalid',
      fix: expect.stringContaining('clusterProfile.kubeconfig.path'),
    });
  });

  it.each([
    ['no provider yet', () => [], 'Unavailable', 'names no access provider'],
    ['commands only', () => [{ name: 'my-plugin', cluster: address() }], 'Invalid', '(my-plugin) are commands to run'],
    ['a proxy', () => [{ name: 'eks', cluster: { ...address(), 'proxy-url': 'http://p' } }], 'Invalid', 'proxy-url'],
    ['EKS without its settings', () => [eksProvider({})], 'Invalid', 'clusterId and region'],
  ])('with %s is refused by name, before any call', async (_, given, code, why) => {
    providers = given();
    const before = api.seen.length;
    await expect(read()).rejects.toMatchObject({
      code,
      message: expect.stringContaining(why),
      fix: expect.stringMatching(/./),
    });
    expect(api.seen).toHaveLength(before);
  });

  it.each(['eks', 'gke', 'aks'])('gets no token of %s where its server is no host of that cloud', async (name) => {
    providers = [{ ...eksProvider(), name }];
    const strict = createClusters();
    const before = [api.seen.length, aws.seen.length];
    await expect(read({}, strict)).rejects.toMatchObject({
      code: 'Invalid',
      message: expect.stringContaining(`no host of ${name}`),
    });
    expect([api.seen.length, aws.seen.length]).toEqual(before);
    await strict.close();
  });

  it.each([
    ['eks', 'https://0A1B.gr7.us-east-1.eks.amazonaws.com'],
    ['eks', 'https://0A1B.sk1.cn-north-1.eks.amazonaws.com.cn'],
    ['eks', 'https://0A1B.gr7.eusc-de-east-1.eks.amazonaws.eu'],
    ['eks', 'https://0A1B.gr7.eks-cluster.eu-west-1.api.aws'],
    ['eks', 'https://0A1B.sk1.eks-cluster.cn-north-1.api.amazonwebservices.com.cn'],
    ['gke', 'https://gke-0a1b.europe-west1.gke.goog'],
  ])('of %s is believed to be at %s', async (name, server) => {
    providers = [{ name, cluster: { ...eksProvider().cluster, server } }];
    expect((await load()).server.origin).toBe(server.toLowerCase());
  });

  it.each([
    ['eks', 'https://0A1B.eks.mine.amazonaws.com'],
    ['eks', 'https://0A1B.eks.mine.api.aws'],
    ['eks', 'https://eks-amazonaws.com'],
    ['gke', 'https://gke.goog.example'],
  ])('of %s is not believed to be at %s', async (name, server) => {
    providers = [{ name, cluster: { ...eksProvider().cluster, server } }];
    await expect(load()).rejects.toThrow(`no host of ${name}`);
  });

  it("has no say in who is believed to be one of Google's own hosts; of an address of AWS it names the authority", async () => {
    const at = (name: string, server: string) => [{ name, cluster: { ...eksProvider().cluster, server } }];
    providers = at('gke', 'https://gke-0a1b.europe-west1.gke.goog');
    expect((await load()).tls).toEqual({});
    providers = at('eks', 'https://0A1B.gr7.us-east-1.eks.amazonaws.com');
    expect((await load()).tls).toEqual({ ca: api.ca });
  });

  it('is looked up once a minute while it answers, and is current until its profile says something else', async () => {
    providers = [eksProvider()];
    let nowMs = 0;
    const access = await load({ places: { trustedHosts: ['127.0.0.1'] }, nowMs: () => nowMs });
    const looks = hub.seen.length;
    nowMs = 59_999;
    expect([await access.isCurrent(), hub.seen.length]).toEqual([true, looks]);
    hubAnswer = { status: 503, body: '' };
    nowMs = 60_000;
    expect(await access.isCurrent()).toBe(true);
    await assertEventually(() => expect(hub.seen).toHaveLength(looks + 1));
    hubAnswer = undefined;
    providers = [eksProvider({ clusterId: 'shop-us-east-2', region: 'us-east-2' })];
    nowMs = 119_999;
    expect([await access.isCurrent(), hub.seen.length]).toEqual([true, looks + 1]);
    nowMs = 120_000;
    await assertEventually(async () => expect(await access.isCurrent()).toBe(false));
    expect([await access.isCurrent(), hub.seen.length]).toEqual([true, looks + 2]);
  });

  it('that the hub does not know is named', async () => {
    await expect(read({ name: 'other' })).rejects.toMatchObject({
      code: 'Invalid',
      message: 'one: ClusterProfile fleet/other in the hub: HTTP 404',
    });
  });

  it('whose hub answers 404 without a word of its API server may still come: that is not final', async () => {
    hubAnswer = { status: 404, body: '404 page not found\n' };
    await expect(read()).rejects.toMatchObject({
      code: 'Unavailable',
      fix: expect.stringContaining('kubectl get crd'),
    });
  });
});

describe("the cluster of the worker's pod", () => {
  const own = () =>
    clusters
      .connect({ name: 'own', access: { kind: 'inCluster' } })
      .get(kinds.service, { namespace: 'shop', name: 'checkout' });
  /** As the kubelet does it: the new file takes the place of the old one. */
  const put = async (name: string, text: string) => {
    await writeFile(join(api.dir, `${name}.new`), text);
    await rename(join(api.dir, `${name}.new`), join(api.dir, name));
  };

  it('is called with the token that lies there now, and trusted by the authority beside it', async () => {
    await expect(own()).rejects.toMatchObject({
      code: 'Unavailable',
      message: expect.stringContaining('no service account here'),
    });
    await put('ca.crt', api.ca);
    await put('token', 'first\n');
    await own();
    await put('token', 'second\n');
    await own();
    expect(api.seen.slice(-2).map(({ headers }) => headers.authorization)).toEqual(['Bearer first', 'Bearer second']);
  });
});
