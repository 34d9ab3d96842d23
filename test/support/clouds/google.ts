/** Google: the metadata server of a workload identity, and the API of GKE, as far as a worker asks them. */
import type { FakeAnswer, FakeApi } from '../fake-api.ts';
import { base64, filled, json, setEnvironment, startCloudServer, type CloudCall, type Fault } from './server.ts';

export interface FakeGoogle {
  readonly url: string;
  /** What getCluster tells from now on. */
  cluster: { readonly url: string; readonly ca: string };
  /** Of the DNS endpoint; '': none. */
  dns: string;
  /** Zones of which the list of clusters says that it lacks them. */
  missingZones: readonly string[];
  /** Of a token, s. */
  lifeS: number;
  fault: Fault;
  readonly seen: readonly CloudCall[];
  /** Tokens that were given, in their order. */
  readonly tokens: readonly string[];
  close(): Promise<void>;
}

export const GOOGLE_MARKER = 'MARKER-google-token';

export async function startFakeGoogle(api: Pick<FakeApi, 'url' | 'ca'>): Promise<FakeGoogle> {
  const tokens: string[] = [];
  const server = await startCloudServer((call) => fake.fault(call) ?? answer(call));
  const { host } = new URL(server.url);
  const restore = setEnvironment({
    GCE_METADATA_HOST: host,
    METADATA_SERVER_DETECTION: 'assume-present',
    GOOGLE_APPLICATION_CREDENTIALS: '',
    CLOUDSDK_CONFIG: '/nonexistent',
    HOME: '/nonexistent',
  });
  const answer = ({ url, headers }: CloudCall): FakeAnswer => {
    const flavor = { 'metadata-flavor': 'Google' };
    if (url.pathname === '/computeMetadata/v1/instance/service-accounts/default/token') {
      tokens.push(`${GOOGLE_MARKER}-${String(tokens.length)}`);
      return json(200, { access_token: tokens.at(-1), expires_in: fake.lifeS, token_type: 'Bearer' }, flavor);
    }
    if (url.pathname.startsWith('/computeMetadata/')) return { status: 404, headers: flavor, body: '' };
    if (headers.authorization !== `Bearer ${tokens.at(-1) ?? ''}`)
      return json(401, { error: { code: 401, status: 'UNAUTHENTICATED', message: 'no' } });
    const { host: ip } = new URL(fake.cluster.url);
    if (url.pathname === '/v1/projects/shop-prod/locations/-/clusters') {
      const text = filled('gke-get-cluster.json', { ip, dns: fake.dns, ca: base64(fake.cluster.ca) });
      const one = JSON.parse(text) as Record<string, unknown>;
      const zonal = { ...one, name: 'Zonal_One', location: 'us-central1-a', controlPlaneEndpointsConfig: {} };
      return json(200, {
        clusters: [one, zonal],
        ...(fake.missingZones.length > 0 && { missingZones: fake.missingZones }),
      });
    }
    if (url.pathname !== '/v1/projects/shop-prod/locations/europe-west1/clusters/shop-europe-west1')
      return json(404, { error: { code: 404, status: 'NOT_FOUND', message: 'no' } });
    return json(200, filled('gke-get-cluster.json', { ip, dns: fake.dns, ca: base64(fake.cluster.ca) }));
  };
  const fake: FakeGoogle = {
    url: server.url,
    cluster: { url: api.url, ca: api.ca },
    dns: '',
    missingZones: [],
    lifeS: 3_600,
    fault: () => undefined,
    seen: server.seen,
    tokens,
    close: async () => {
      restore();
      await server.close();
    },
  };
  return fake;
}
