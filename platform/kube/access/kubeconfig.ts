/**
 * A kubeconfig context → where the API server is, how to trust it, and a fresh Authorization header per call.
 * client-node only parses here: it opens a TLS connection per call, and its exec cache knows users by name only, so
 * every cluster has a KubeConfig of its own.
 */
import { KubeConfig } from '@kubernetes/client-node';
import { readFile, stat } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import { dirname } from 'node:path';
import type { KubeconfigAccess } from '../../../core/kube/cluster-ref.ts';
import { TidegateError, refuse } from '../../../core/values/error.ts';
import { present } from '../../../core/values/json.ts';
import { untilAborted } from '../../abort.ts';
import type { Access, TlsSettings } from './api-access.ts';

/** Time for an exec credential plugin to answer, ms: it may have to reach a cloud's token service. */
const EXEC_TIMEOUT_MS = 15_000;

/** The access of one cluster, with its name for messages. */
interface NamedAccess {
  readonly name: string;
  readonly access: KubeconfigAccess;
}

/** ms since the epoch; 0 while there is no file. */
export const kubeconfigChangedAtMs = ({ path }: KubeconfigAccess): Promise<number> =>
  stat(path).then(
    (found) => found.mtimeMs,
    () => 0,
  );

export async function loadKubeconfig(name: string, access: KubeconfigAccess): Promise<Access> {
  const ref: NamedAccess = { name, access };
  const config = await parseKubeconfig(ref);
  const cluster = config.getCurrentCluster();
  if (cluster === null || config.getCurrentUser() === null) throw contextError(ref, config);
  if (cluster.proxyUrl !== undefined) {
    throw refused(ref, 'proxy-url is not supported', 'use an address of the API server that needs no proxy');
  }
  const options = await authenticate(ref, config);
  return {
    server: serverUrl(ref, cluster.server),
    tls: tlsOf(options),
    async headers() {
      const { headers } = await authenticate(ref, config);
      return Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name, String(value)]));
    },
  };
}

async function parseKubeconfig(ref: NamedAccess): Promise<KubeConfig> {
  const { path, context } = ref.access;
  const config = new KubeConfig();
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw refused(
      ref,
      `cannot be read (${(error as NodeJS.ErrnoException).code ?? 'error'})`,
      'correct kubeconfig.path of the cluster',
    );
  }
  try {
    config.loadFromString(text);
  } catch {
    // The parser's message quotes the text, which holds credentials.
    throw refused(ref, 'is not a valid kubeconfig', 'check the file with kubectl config view');
  }
  config.makePathsAbsolute(dirname(path));
  if (context !== undefined) config.setCurrentContext(context);
  return config;
}

async function authenticate(ref: NamedAccess, config: KubeConfig): Promise<RequestOptions> {
  const options: RequestOptions = { headers: {} };
  const late = AbortSignal.timeout(EXEC_TIMEOUT_MS);
  try {
    await untilAborted(config.applyToHTTPSOptions(options), late);
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? (late.aborted ? 'no answer in time' : 'it failed');
    refuse(
      'Unavailable',
      `${ref.name}: credentials of the kubeconfig cannot be obtained: ${why}`,
      'run the credential plugin of the context by hand; its output is not shown, since it may hold secrets',
    );
  }
  return options;
}

const tlsOf = ({ ca, cert, key, servername, rejectUnauthorized }: RequestOptions): TlsSettings => ({
  ...(ca === undefined ? {} : { ca: ca as string | Buffer }),
  ...(cert === undefined ? {} : { cert: cert as string | Buffer }),
  ...(key === undefined ? {} : { key: key as string | Buffer }),
  ...present({ servername, rejectUnauthorized }),
});

function serverUrl(ref: NamedAccess, server: string): URL {
  if (!URL.canParse(server)) throw refused(ref, 'names no valid server address', 'correct clusters[].cluster.server');
  const url = new URL(server);
  if (url.protocol !== 'https:') {
    throw refused(
      ref,
      `names a server without TLS (${url.protocol})`,
      'use the https address: tokens would be sent in the clear',
    );
  }
  return url;
}

function contextError(ref: NamedAccess, config: KubeConfig): TidegateError {
  const known = config.getContexts().map((one) => one.name);
  const wanted = ref.access.context ?? config.getCurrentContext();
  return refused(
    ref,
    `has no complete context "${wanted}" (contexts: ${known.join(', ') || 'none'})`,
    'correct kubeconfig.context of the cluster',
  );
}

const refused = (ref: NamedAccess, why: string, fix: string): TidegateError =>
  new TidegateError('Invalid', `${ref.name}: kubeconfig ${ref.access.path} ${why}`, { fix });
