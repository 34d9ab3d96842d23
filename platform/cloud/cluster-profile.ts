/**
 * A cluster that an inventory knows: a ClusterProfile (multicluster.x-k8s.io/v1alpha1) in a hub says where it is and of
 * which cloud. The hub chooses neither the identity nor the role of the worker, and a token of a cloud is sent to hosts of
 * that cloud only: whoever may write a profile must not come by it. Commands that a profile names are not run.
 */
import { Pool } from 'undici';
import type { AzureCloud, ClusterAccess, ClusterProfileAccess } from '../../core/kube/cluster-access.ts';
import { TidegateError, refuse } from '../../core/values/error.ts';
import { canonicalJson } from '../../core/values/canonical.ts';
import { fieldAt } from '../../core/values/json.ts';
import type { Access } from '../kube/access/api-access.ts';
import { azureTokens } from './aks.ts';
import { bearerAccess, pemOf } from './bearer-access.ts';
import { eksTokens } from './eks.ts';
import { googleTokens } from './gke.ts';
import { CLOUD_TIMEOUT_MS, type CloudPlaces } from './places.ts';
import type { TokenCache } from './token-cache.ts';

export interface ProfileDeps {
  readonly load: (name: string, access: ClusterAccess) => Promise<Access>;
  readonly places: CloudPlaces;
  /** Of a clock that is never set, ms. */
  readonly nowMs?: () => number;
}

/** A profile is looked at again this long after the last look, ms: its cluster may move while the old server answers. */
const LOOK_EVERY_MS = 60_000;

const KINDS = ['eks', 'gke', 'aks', 'kubeconfig'] as const;
type Kind = (typeof KINDS)[number];

/** Under this name a profile holds the settings of a provider. */
const EXTENSION = 'client.authentication.k8s.io/exec';

/** @param name of the cluster in its mesh, for messages */
export async function loadClusterProfile(
  name: string,
  access: ClusterProfileAccess,
  deps: ProfileDeps,
): Promise<Access> {
  let hub: Access | undefined;
  const read = async (): Promise<unknown> => {
    try {
      hub ??= await deps.load(`${name} (hub)`, access.hub);
      return await readProfile(name, { access, hub });
    } catch (error) {
      // It may have another authority or another address by now.
      hub = undefined;
      throw error;
    }
  };
  const profile = await read();
  return lookedAfter(await accessIn(profile, { name, access, deps }), { profile, read, nowMs: deps.nowMs });
}

interface Look {
  readonly profile: unknown;
  readonly read: () => Promise<unknown>;
  readonly nowMs: (() => number) | undefined;
}

/**
 * The access, which is not current any more once the profile has other providers. It says so once after each look: where
 * the new ones are of no use, the old access stays. No call waits for a look, and a hub that is down changes nothing.
 */
function lookedAfter(access: Access, { profile, read, nowMs = () => performance.now() }: Look): Access {
  const known = canonicalJson(providersIn(profile));
  let lookedAtMs = nowMs();
  let differs = false;
  const look = async (): Promise<void> => {
    differs = canonicalJson(providersIn(await read())) !== known;
  };
  return {
    ...access,
    async isCurrent() {
      if (nowMs() - lookedAtMs >= LOOK_EVERY_MS) {
        lookedAtMs = nowMs();
        look().catch(() => undefined);
      }
      if (!differs) return access.isCurrent();
      differs = false;
      return false;
    },
  };
}

interface Found {
  readonly name: string;
  readonly access: ClusterProfileAccess;
  readonly deps: ProfileDeps;
}

async function accessIn(profile: unknown, { name, access, deps }: Found): Promise<Access> {
  const { kind, cluster } = providerIn(name, profile);
  if (kind === 'kubeconfig') return deps.load(name, kubeconfigOf(name, access));
  const told = fieldAt(cluster, 'server');
  const server = typeof told === 'string' ? told : '';
  if (fieldAt(cluster, 'proxy-url') !== undefined)
    refuse(
      'Invalid',
      `${name}: its ClusterProfile has a proxy-url, which is not supported`,
      'use an address that needs no proxy',
    );
  assertOwnHost(name, { kind, server, places: deps.places });
  const tokens = await tokensFor(name, { kind, cluster, server, access, places: deps.places });
  const ca = isOfGoogle(kind, server) ? undefined : pemOf(fieldAt(cluster, 'certificate-authority-data'));
  return bearerAccess(name, { server, ca }, tokens);
}

/** Google's own names have certificates that everybody trusts: another authority would be believed for them. */
const isOfGoogle = (kind: Kind, server: string): boolean => kind === 'gke' && hosts.gke.test(hostOf(server));

interface Provider {
  readonly kind: Kind;
  readonly cluster: unknown;
}

function providerIn(name: string, profile: unknown): Provider {
  const providers = providersIn(profile);
  for (const one of providers) {
    const kind = KINDS.find((known) => known === fieldAt(one, 'name'));
    if (kind !== undefined) return { kind, cluster: fieldAt(one, 'cluster') };
  }
  const names = providers.map((one) => String(fieldAt(one, 'name')).slice(0, 60));
  const fix = `have the inventory name one of ${KINDS.join(', ')} in status.accessProviders, or write another access for this cluster`;
  // The inventory writes the status after the profile: it may still come.
  if (names.length === 0) return refuse('Unavailable', `${name}: its ClusterProfile names no access provider yet`, fix);
  return refuse(
    'Invalid',
    `${name}: the access providers of its ClusterProfile (${names.join(', ')}) are commands to run, which Tidegate does not do`,
    fix,
  );
}

function providersIn(profile: unknown): readonly unknown[] {
  const status = fieldAt(profile, 'status');
  const listed = fieldAt(status, 'accessProviders') ?? fieldAt(status, 'credentialProviders');
  return Array.isArray(listed) ? (listed as unknown[]) : [];
}

function kubeconfigOf(name: string, { name: profile, kubeconfigPath }: ClusterProfileAccess): ClusterAccess {
  if (kubeconfigPath !== undefined) return { kind: 'kubeconfig', path: kubeconfigPath, context: profile };
  return refuse(
    'Invalid',
    `${name}: its ClusterProfile has the access provider kubeconfig, and no file is named for it`,
    'write clusterProfile.kubeconfig.path: a file of the worker with a context of the name of the profile',
  );
}

const hosts: Readonly<Record<Exclude<Kind, 'kubeconfig'>, RegExp>> = {
  eks: /\.eks\.amazonaws\.(?:com|com\.cn|eu)$|\.eks-cluster\.[a-z0-9-]+\.api\.(?:aws|amazonwebservices\.com\.cn)$/,
  gke: /\.gke\.goog$|^(?:[a-z0-9-]+-)?connectgateway\.googleapis\.com$/,
  aks: /\.azmk8s\.io$|\.azk8s\.cn$|\.aks\.containerservice\.azure\.us$/,
};

const hostOf = (server: string): string => (URL.canParse(server) ? new URL(server).hostname : '');

interface Destination {
  readonly kind: Exclude<Kind, 'kubeconfig'>;
  readonly server: string;
  readonly places: CloudPlaces;
}

function assertOwnHost(name: string, { kind, server, places }: Destination): void {
  const host = hostOf(server);
  if (hosts[kind].test(host) || places.trustedHosts?.includes(host) === true) return;
  refuse(
    'Invalid',
    `${name}: its ClusterProfile names a server that is no host of ${kind}: a token would be sent there`,
    'have the inventory name the address of the cloud itself (GKE: DNS endpoint or connect gateway), or write another access',
  );
}

interface Wanted extends Destination {
  readonly cluster: unknown;
  readonly access: ClusterProfileAccess;
}

function tokensFor(name: string, { kind, cluster, server, access, places }: Wanted): Promise<TokenCache> {
  if (kind === 'gke') return googleTokens(name);
  if (kind === 'aks') return azureTokens(name, { cloud: azureCloudOf(server), places });
  const { roleArn } = access;
  const settings = extensionOf(cluster);
  const [id, region] = [fieldAt(settings, 'clusterId'), fieldAt(settings, 'region')];
  if (typeof id !== 'string' || typeof region !== 'string') {
    return refuse(
      'Invalid',
      `${name}: the access provider eks of its ClusterProfile does not say which cluster: clusterId and region`,
      `have the inventory write both into the extension ${EXTENSION}`,
    );
  }
  return eksTokens(name, { kind: 'eks', cluster: id, region, ...(roleArn !== undefined && { roleArn }) });
}

function azureCloudOf(server: string): AzureCloud {
  if (server.includes('.azk8s.cn')) return 'china';
  return server.includes('.azure.us') ? 'usGovernment' : 'public';
}

function extensionOf(cluster: unknown): unknown {
  const extensions = fieldAt(cluster, 'extensions');
  const found = (Array.isArray(extensions) ? (extensions as unknown[]) : []).find(
    (one) => fieldAt(one, 'name') === EXTENSION,
  );
  return fieldAt(found, 'extension');
}

async function readProfile(
  name: string,
  { access: { namespace, name: profile }, hub }: { readonly access: ClusterProfileAccess; readonly hub: Access },
): Promise<unknown> {
  const pool = new Pool(hub.server.origin, { connections: 1, connect: { ...hub.tls } });
  const where = `${name}: ClusterProfile ${namespace}/${profile} in the hub`;
  try {
    const { statusCode, body } = await pool.request({
      method: 'GET',
      path: `${hub.server.pathname.replace(/\/$/, '')}/apis/multicluster.x-k8s.io/v1alpha1/namespaces/${namespace}/clusterprofiles/${profile}`,
      headers: { accept: 'application/json', ...headersOf(await hub.headers()) },
      signal: AbortSignal.timeout(CLOUD_TIMEOUT_MS),
    });
    const text = await body.text();
    if (statusCode < 300) return JSON.parse(text) as unknown;
    throw profileError(where, statusCode, text);
  } catch (error) {
    if (error instanceof TidegateError) throw error;
    throw new TidegateError('Unavailable', `${where} cannot be read`, { fix: 'look at the hub: clusterProfile.hub' });
  } finally {
    await pool.destroy();
  }
}

function profileError(where: string, status: number, body: string): TidegateError {
  const text = `${where}: HTTP ${String(status)}`;
  if (status === 404 && isNotFound(body))
    return new TidegateError('Invalid', text, { fix: 'correct clusterProfile: namespace, name' });
  if (status === 404)
    return new TidegateError('Unavailable', `${text}, which is no word of the hub about this profile`, {
      fix: 'look at what stands before the hub, and whether it has ClusterProfiles: kubectl get crd clusterprofiles.multicluster.x-k8s.io',
    });
  if (status === 401 || status === 403)
    return new TidegateError('Forbidden', text, { fix: 'allow the worker to get clusterprofiles there' });
  return new TidegateError('Unavailable', text);
}

/** By the word of an API server itself: a proxy's page, or a hub that is in the making, says nothing of a profile. */
function isNotFound(body: string): boolean {
  try {
    const answer: unknown = JSON.parse(body);
    return fieldAt(answer, 'kind') === 'Status' && fieldAt(answer, 'reason') === 'NotFound';
  } catch {
    return false;
  }
}

const headersOf = (headers: Record<string, string | readonly string[]>): Record<string, string | string[]> =>
  Object.fromEntries(
    Object.entries(headers).map(([key, value]) => [key, typeof value === 'string' ? value : [...value]]),
  );
