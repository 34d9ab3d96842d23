/** Google GKE, by application default credentials: workload identity, its federation, or a credentials file. */
import type { GkeAccess, GkeClusterAccess } from '../../core/kube/cluster-access.ts';
import { TidegateError, refuse } from '../../core/values/error.ts';
import { fieldAt } from '../../core/values/json.ts';
import { untilAborted } from '../abort.ts';
import type { Access } from '../kube/access/api-access.ts';
import { bearerAccess, pemOf, type ApiAddress } from './bearer-access.ts';
import { cloudError } from './cloud-error.ts';
import { loadPackages } from './packages.ts';
import { CLOUD_TIMEOUT_MS, type CloudPlaces } from './places.ts';
import { callRest } from './rest.ts';
import { createTokenCache, type Token, type TokenCache } from './token-cache.ts';

/** What is asked of Google's library. */
interface GoogleCalls {
  accessToken(): Promise<Token>;
}

const SCOPES = ['https://www.googleapis.com/auth/cloud-platform', 'https://www.googleapis.com/auth/userinfo.email'];
const GATEWAY = 'https://connectgateway.googleapis.com/v1';

/** @param name of the cluster in its mesh, for messages */
export async function loadGke(name: string, access: GkeAccess, places: CloudPlaces): Promise<Access> {
  const tokens = await googleTokens(name);
  const address = 'membership' in access ? gatewayOf(access) : await addressOf(name, { access, places, tokens });
  return bearerAccess(name, address, tokens);
}

export async function googleTokens(name: string): Promise<TokenCache> {
  const calls = await connectGoogle(name);
  return createTokenCache(() => calls.accessToken());
}

const gatewayOf = ({
  projectNumber,
  location,
  membership,
}: Extract<GkeAccess, { membership: string }>): ApiAddress => ({
  server: `${GATEWAY}/projects/${projectNumber}/locations/${location}/gkeMemberships/${membership}`,
});

interface Lookup {
  readonly access: GkeClusterAccess;
  readonly places: CloudPlaces;
  readonly tokens: TokenCache;
}

async function addressOf(name: string, { access, places, tokens }: Lookup): Promise<ApiAddress> {
  const { project, location, cluster } = access;
  const found = await callRest({
    method: 'GET',
    url: `${places.gke ?? 'https://container.googleapis.com'}/v1/projects/${project}/locations/${location}/clusters/${cluster}`,
    token: await tokens.get(),
    what: `${name}: GKE getCluster of ${project}/${location}/${cluster}`,
    grant: "give the worker's identity container.clusters.get (roles/container.clusterViewer) in the project",
    correct: 'correct access.gke of the cluster: project, location, cluster',
  });
  return endpointOf(name, { access, found });
}

function endpointOf(
  name: string,
  { access: { endpoint }, found }: { access: GkeClusterAccess; found: unknown },
): ApiAddress {
  if (endpoint === 'dns') {
    const dns = fieldAt(fieldAt(found, 'controlPlaneEndpointsConfig'), 'dnsEndpointConfig');
    const [host, allowed] = [fieldAt(dns, 'endpoint'), fieldAt(dns, 'allowExternalTraffic')];
    if (typeof host !== 'string' || host === '' || allowed !== true) {
      refuse(
        'Invalid',
        `${name}: the GKE cluster has no DNS endpoint that takes traffic from outside`,
        'gcloud container clusters update CLUSTER --enable-dns-access, or write endpoint: ip (or private) in access.gke',
      );
    }
    // Its certificate is of an authority that everybody trusts.
    return { server: `https://${host}` };
  }
  const host =
    endpoint === 'private'
      ? fieldAt(fieldAt(found, 'privateClusterConfig'), 'privateEndpoint')
      : fieldAt(found, 'endpoint');
  const ca = pemOf(fieldAt(fieldAt(found, 'masterAuth'), 'clusterCaCertificate'));
  if (typeof host === 'string' && host !== '' && ca !== undefined) return { server: `https://${host}`, ca };
  throw new TidegateError(
    'Unavailable',
    `${name}: the GKE cluster has no address of the kind ${endpoint}, or no authority`,
    {
      fix: 'look at the state of the cluster there, and at endpoint in access.gke',
    },
  );
}

async function connectGoogle(name: string): Promise<GoogleCalls> {
  const { GoogleAuth } = await loadPackages(() => import('google-auth-library'), {
    ...{ cluster: name, way: 'gke', packages: ['google-auth-library'] },
  });
  return {
    async accessToken() {
      try {
        // Anew each time: the library keeps tokens of its own, also one that was refused.
        const client = await new GoogleAuth({ scopes: SCOPES, projectId: NO_PROJECT }).getClient();
        const { token } = await untilAborted(client.getAccessToken(), AbortSignal.timeout(CLOUD_TIMEOUT_MS));
        if (typeof token !== 'string' || token === '') throw new TypeError('no token');
        return { value: token, expiresAtMs: client.credentials.expiry_date ?? Date.now() + UNKNOWN_LIFE_MS };
      } catch (error) {
        const { status, code } = error as { status?: unknown; code?: unknown };
        throw cloudError({
          ...{ what: `${name}: access token of Google`, code },
          ...(typeof status === 'number' && { status }),
          grant: 'give the worker an identity of Google: workload identity, or application default credentials',
          correct: 'look at the application default credentials of the worker (GOOGLE_APPLICATION_CREDENTIALS)',
        });
      }
    },
  };
}

/** A token is of no project. Without one the library looks for it, and runs gcloud for that. */
const NO_PROJECT = 'none';
/** Where Google does not say, ms. */
const UNKNOWN_LIFE_MS = 5 * 60_000;
