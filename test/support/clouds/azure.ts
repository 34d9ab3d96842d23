/** Entra ID and Azure Resource Manager, as far as a worker asks them. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CloudPlaces } from '../../../platform/cloud/places.ts';
import { certificate, type FakeAnswer, type FakeApi } from '../fake-api.ts';
import { base64, json, setEnvironment, startCloudServer, type CloudCall, type Fault } from './server.ts';

export interface FakeAzure {
  readonly places: CloudPlaces;
  cluster: { readonly url: string; readonly ca: string };
  /** Where the second page of the list of clusters is said to be; absent: where the first was. */
  nextHost?: string;
  /** The user of the kubeconfig that ARM gives. */
  user: unknown;
  /** Of a token, s. */
  lifeS: number;
  fault: Fault;
  /** Of both servers. */
  calls(): readonly CloudCall[];
  /** Tokens for API servers that were given, in their order. */
  readonly tokens: readonly string[];
  close(): Promise<void>;
}

export const AZURE_SECRETS = ['MARKER-federated-token', 'MARKER-arm-token', 'MARKER-aks-token'];
const [FEDERATED = '', ARM = '', AKS = ''] = AZURE_SECRETS;
const TENANT = '11111111-1111-1111-1111-111111111111';
const AKS_APP = '6dae42f8-4368-4678-94ff-3960e28e3630';
const PATH =
  '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/shop/providers/Microsoft.ContainerService/managedClusters/shop-westeurope/listClusterUserCredential';

/** As `az aks get-credentials --format exec` has it. */
const execUser = {
  exec: {
    apiVersion: 'client.authentication.k8s.io/v1beta1',
    command: 'kubelogin',
    args: ['get-token', '--environment', 'AzurePublicCloud', '--server-id', AKS_APP],
  },
};

const LIST = '/subscriptions/00000000-0000-0000-0000-000000000000/providers/Microsoft.ContainerService/managedClusters';

/** As Azure Resource Manager lists: `nextLink` is the whole address of the next page. */
function listed(url: URL, host: string): FakeAnswer {
  const clusterIn = (name: string, group: string, location: string) => ({
    id: `${LIST.replace('/providers/', `/resourceGroups/${group}/providers/`)}/${name}`,
    ...{
      name,
      location,
      type: 'Microsoft.ContainerService/ManagedClusters',
      properties: { powerState: { code: 'Running' } },
    },
  });
  if (url.searchParams.has('$skipToken'))
    return json(200, { value: [clusterIn('shop-northeurope', 'Shop2', 'northeurope')] });
  const nextLink = `${host}${LIST}?api-version=2024-09-01&$skipToken=2`;
  return json(200, { value: [clusterIn('shop-westeurope', 'shop', 'westeurope')], nextLink });
}

export async function startFakeAzure(api: Pick<FakeApi, 'url' | 'ca'>): Promise<FakeAzure> {
  const tokens: string[] = [];
  const login = await startCloudServer((call) => fake.fault(call) ?? loginAnswer(call), { tls: true });
  const arm = await startCloudServer((call) => fake.fault(call) ?? armAnswer(call));
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-azure-'));
  await writeFile(join(folder, 'token'), FEDERATED);
  const restore = setEnvironment({
    AZURE_TENANT_ID: TENANT,
    AZURE_CLIENT_ID: '22222222-2222-2222-2222-222222222222',
    AZURE_FEDERATED_TOKEN_FILE: join(folder, 'token'),
    AZURE_AUTHORITY_HOST: login.url,
  });
  const loginAnswer = ({ url, body }: CloudCall): FakeAnswer => {
    const base = `${login.url}/${TENANT}`;
    if (url.pathname.endsWith('/openid-configuration'))
      return json(200, {
        issuer: `${base}/v2.0`,
        authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
        token_endpoint: `${base}/oauth2/v2.0/token`,
        jwks_uri: `${base}/keys`,
      });
    const asked = new URLSearchParams(body);
    if (asked.get('client_assertion') !== FEDERATED)
      return json(401, { error: 'invalid_client', error_description: 'no' });
    const scope = asked.get('scope') ?? '';
    const token = scope.includes(AKS_APP) ? `${AKS}-${String(tokens.length)}` : ARM;
    if (scope.includes(AKS_APP)) tokens.push(token);
    return json(200, { token_type: 'Bearer', expires_in: fake.lifeS, ext_expires_in: fake.lifeS, access_token: token });
  };
  const armAnswer = ({ method, url, headers }: CloudCall): FakeAnswer => {
    if (headers.authorization !== `Bearer ${ARM}`)
      return json(401, { error: { code: 'AuthenticationFailed', message: 'no' } });
    if (method === 'GET' && url.pathname === LIST) return listed(url, fake.nextHost ?? arm.url);
    if (method !== 'POST' || url.pathname !== PATH || url.searchParams.get('format') !== 'exec')
      return json(404, { error: { code: 'ResourceNotFound', message: 'no' } });
    const file = {
      ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'shop-westeurope' },
      clusters: [
        {
          name: 'shop-westeurope',
          cluster: { server: fake.cluster.url, 'certificate-authority-data': base64(fake.cluster.ca) },
        },
      ],
      contexts: [{ name: 'shop-westeurope', context: { cluster: 'shop-westeurope', user: 'clusterUser_shop' } }],
      users: [{ name: 'clusterUser_shop', user: fake.user }],
    };
    return json(200, { kubeconfigs: [{ name: 'clusterUser', value: base64(JSON.stringify(file)) }] });
  };
  const fake: FakeAzure = {
    places: { arm: arm.url, entra: { url: login.url, ca: certificate } },
    cluster: { url: api.url, ca: api.ca },
    user: execUser,
    lifeS: 3_600,
    fault: () => undefined,
    calls: () => [...login.seen, ...arm.seen],
    tokens,
    close: async () => {
      restore();
      await Promise.all([login.close(), arm.close(), rm(folder, { recursive: true })]);
    },
  };
  return fake;
}
