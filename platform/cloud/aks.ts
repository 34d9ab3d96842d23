/** Azure AKS with Entra ID, by the SDK's default chain: environment, workload identity, managed identity. */
import type { TokenCredential } from '@azure/identity';
import { parse } from 'yaml';
import type { AksAccess, AzureCloud } from '../../core/kube/cluster-access.ts';
import { TidegateError, refuse } from '../../core/values/error.ts';
import { fieldAt } from '../../core/values/json.ts';
import type { Access } from '../kube/access/api-access.ts';
import { bearerAccess, pemOf, type ApiAddress } from './bearer-access.ts';
import { cloudError } from './cloud-error.ts';
import { loadPackages } from './packages.ts';
import { CLOUD_TIMEOUT_MS, type CloudPlaces } from './places.ts';
import { callRest } from './rest.ts';
import { createTokenCache, type Token, type TokenCache } from './token-cache.ts';

/** What is asked of Azure's library. */
interface AzureCalls {
  token(scope: string): Promise<Token>;
}

/** The Entra application in whose name every AKS API server takes tokens, in every environment of Azure. */
const AKS_SCOPE = '6dae42f8-4368-4678-94ff-3960e28e3630/.default';
const API_VERSION = '2024-09-01';

const clouds: Readonly<Record<AzureCloud, { readonly arm: string; readonly entra: string }>> = {
  public: { arm: 'https://management.azure.com', entra: 'https://login.microsoftonline.com' },
  china: { arm: 'https://management.chinacloudapi.cn', entra: 'https://login.chinacloudapi.cn' },
  usGovernment: { arm: 'https://management.usgovcloudapi.net', entra: 'https://login.microsoftonline.us' },
};

/** @param name of the cluster in its mesh, for messages */
export async function loadAks(name: string, access: AksAccess, places: CloudPlaces): Promise<Access> {
  const calls = await connectAzure(name, { cloud: access.cloud, places });
  const address = await addressOf(name, { access, calls, places });
  return bearerAccess(name, address, tokensOf(calls));
}

/** For a cluster whose address is known. */
export const azureTokens = async (
  name: string,
  where: { readonly cloud: AzureCloud; readonly places: CloudPlaces },
): Promise<TokenCache> => tokensOf(await connectAzure(name, where));

const tokensOf = (calls: AzureCalls): TokenCache => createTokenCache(() => calls.token(AKS_SCOPE));

interface Lookup {
  readonly access: AksAccess;
  readonly calls: AzureCalls;
  readonly places: CloudPlaces;
}

async function addressOf(name: string, { access, calls, places }: Lookup): Promise<ApiAddress> {
  const { subscription, resourceGroup, cluster, cloud } = access;
  const { arm } = clouds[cloud];
  const { value: token } = await calls.token(`${arm}/.default`);
  const path = `/subscriptions/${subscription}/resourceGroups/${encodeURIComponent(resourceGroup)}/providers/Microsoft.ContainerService/managedClusters/${cluster}/listClusterUserCredential`;
  const answer = await callRest({
    method: 'POST',
    url: `${places.arm ?? arm}${path}?api-version=${API_VERSION}&format=exec`,
    token,
    what: `${name}: AKS listClusterUserCredential of ${resourceGroup}/${cluster}`,
    grant: "give the worker's identity the role Azure Kubernetes Service Cluster User Role on the cluster",
    correct: 'correct access.aks of the cluster: subscription, resourceGroup, cluster',
  });
  return addressIn(name, firstOf(fieldAt(answer, 'kubeconfigs')));
}

/** The kubeconfig that ARM gives: its address is taken. Credentials in it would be those of a local account. */
function addressIn(name: string, given: unknown): ApiAddress {
  const file = parsedOrNothing(pemOf(fieldAt(given, 'value')) ?? '');
  const user = fieldAt(firstOf(fieldAt(file, 'users')), 'user');
  const local = ['client-certificate-data', 'client-key-data', 'token', 'password'].filter(
    (field) => typeof fieldAt(user, field) === 'string',
  );
  if (local.length > 0) {
    refuse(
      'Invalid',
      `${name}: AKS gives the ${local.join(' and ')} of a local account, which belongs to nobody`,
      'turn on Entra ID and turn local accounts off: az aks update --enable-aad --disable-local-accounts',
    );
  }
  const cluster = fieldAt(firstOf(fieldAt(file, 'clusters')), 'cluster');
  const server = fieldAt(cluster, 'server');
  if (typeof server === 'string') return { server, ca: pemOf(fieldAt(cluster, 'certificate-authority-data')) };
  throw new TidegateError('Unavailable', `${name}: AKS names no address of the API server`, {
    fix: 'look at the state of the cluster there: it may be stopped or in the making',
  });
}

function parsedOrNothing(text: string): unknown {
  try {
    return parse(text, { logLevel: 'silent' });
  } catch {
    // The parser's message quotes the text.
    return undefined;
  }
}

const firstOf = (list: unknown): unknown => (Array.isArray(list) ? (list as unknown[])[0] : undefined);

/** For Azure Resource Manager itself, of the public cloud. */
export async function armToken(
  name: string,
  places: CloudPlaces,
): Promise<{ readonly arm: string; readonly token: string }> {
  const { arm } = clouds.public;
  const { value: token } = await (await connectAzure(name, { cloud: 'public', places })).token(`${arm}/.default`);
  return { arm: places.arm ?? arm, token };
}

async function connectAzure(
  name: string,
  { cloud, places }: { readonly cloud: AzureCloud; readonly places: CloudPlaces },
): Promise<AzureCalls> {
  const { DefaultAzureCredential } = await loadPackages(() => import('@azure/identity'), {
    ...{ cluster: name, way: 'aks', packages: ['@azure/identity'] },
  });
  const { entra } = places;
  const credential = (): TokenCredential =>
    new DefaultAzureCredential({
      authorityHost: entra?.url ?? clouds[cloud].entra,
      ...(entra !== undefined && { tlsOptions: { ca: entra.ca }, disableInstanceDiscovery: true }),
    });
  return {
    async token(scope) {
      try {
        // Anew each time: the library keeps tokens of its own, also one that was refused.
        const given = await credential().getToken(scope, { abortSignal: AbortSignal.timeout(CLOUD_TIMEOUT_MS) });
        if (given === null) throw new TypeError('no token');
        return { value: given.token, expiresAtMs: given.expiresOnTimestamp };
      } catch (error) {
        const { statusCode, name: code } = error as { statusCode?: unknown; name?: unknown };
        throw cloudError({
          ...{ what: `${name}: token of Entra ID`, code },
          ...(typeof statusCode === 'number' && { status: statusCode }),
          grant: 'give the worker an identity of Azure: workload identity, or a managed identity',
          correct: "look at the worker's environment: AZURE_CLIENT_ID, AZURE_TENANT_ID, AZURE_FEDERATED_TOKEN_FILE",
        });
      }
    },
  };
}
