/**
 * A kubeconfig context → where the API server is, how to trust it, and a fresh Authorization header per call.
 * client-node only parses here: it opens a TLS connection per call, and its exec cache knows users by name only, so
 * every cluster has a KubeConfig of its own.
 * Errors go into histories: they name the cluster, and neither the file nor its contexts. `tidegate doctor` names those.
 */
import { KubeConfig, type Cluster, type User } from '@kubernetes/client-node';
import { readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import { delimiter, dirname } from 'node:path';
import type { KubeconfigAccess } from '../../../core/kube/cluster-access.ts';
import { TidegateError, refuse } from '../../../core/values/error.ts';
import { isRecord, present } from '../../../core/values/json.ts';
import { untilAborted } from '../../abort.ts';
import type { Access, TlsSettings } from './api-access.ts';
import { execInfo } from './exec-info.ts';
import { fileStamps } from './file-stamps.ts';
import { pathIn, readUser, refusalOf, writtenContext, type KubeconfigUser } from './kubeconfig-user.ts';

/** Time for an exec credential plugin to answer, ms: it may have to reach a cloud's token service. */
const EXEC_TIMEOUT_MS = 15_000;

/** The access of one cluster, with its name for messages. */
interface NamedAccess {
  readonly name: string;
  readonly access: KubeconfigAccess;
}

export async function loadKubeconfig(name: string, access: KubeconfigAccess): Promise<Access> {
  const ref: NamedAccess = { name, access };
  // Before the files are read: one that is written meanwhile is read anew.
  const written = await fileStamps([access.path]);
  const { config, text } = await parseKubeconfig(ref);
  const cluster = config.getCurrentCluster();
  const user = config.getCurrentUser();
  if (cluster === null || user === null) throw contextError(ref);
  if (cluster.proxyUrl !== undefined) {
    throw refused(ref, 'proxy-url is not supported', 'use an address of the API server that needs no proxy');
  }
  const context = readable(ref, () => writtenContext(text, { cluster: cluster.name, user: user.name }));
  const refusal = refusalOf(context, user.name);
  if (refusal !== undefined) throw refused(ref, refusal.why, refusal.fix);
  const dir = dirname(access.path);
  preferData(cluster, user);
  prepareExec(user.exec, { dir, info: execInfo(context) });
  const told = readUser(context, dir);
  const beside = [cluster.caFile, user.certFile, user.keyFile].filter((path) => path !== undefined);
  const stamps = [...written, ...(await fileStamps(beside))];
  const options = await authenticate(ref, config);
  keepRead({ cluster, user }, options);
  return {
    server: serverUrl(ref, cluster.server),
    tls: tlsOf(options),
    async isCurrent() {
      const now = await fileStamps([access.path, ...beside]);
      return now.every((stamp, i) => stamp === stamps[i]);
    },
    async headers() {
      const { headers, cert } = await authenticate(ref, config);
      const sent = Object.entries(headers ?? {}).filter(([name]) => !/^impersonate-/i.test(name));
      const bearer = {
        ...Object.fromEntries(sent.map(([name, value]) => [name, String(value)])),
        ...(await bearerOf(ref, told, user.token)),
      };
      if (!('Authorization' in bearer) && cert === undefined) throw nobody(ref);
      return { ...bearer, ...told.headers };
    },
  };
}

/** A plugin may end well and give nothing. */
const nobody = ({ name }: NamedAccess): TidegateError =>
  new TidegateError(
    'Unavailable',
    `${name}: the credential plugin of its kubeconfig gave neither a token nor a certificate`,
    {
      fix: 'run the plugin by hand: its ExecCredential needs status.token, or clientCertificateData and clientKeyData',
    },
  );

/** kubectl takes what is written in the file itself before the file that is named beside it; client-node does not. */
function preferData(cluster: Cluster, user: User): void {
  if (cluster.caData) delete cluster.caFile;
  if (user.certData) delete user.certFile;
  if (user.keyData) delete user.keyFile;
}

/** client-node reads its files at every call: one that is being replaced would stop a call that does not need it. */
function keepRead({ cluster, user }: { cluster: Cluster; user: User }, { ca, cert, key }: RequestOptions): void {
  const base64 = (read: unknown): string => Buffer.from(read as Buffer | string).toString('base64');
  if (cluster.caFile) Object.assign(cluster, { caData: base64(ca), caFile: undefined });
  if (user.certFile) Object.assign(user, { certData: base64(cert), certFile: undefined });
  if (user.keyFile) Object.assign(user, { keyData: base64(key), keyFile: undefined });
}

interface ExecPlugin {
  command?: unknown;
  env?: unknown;
}

/** The plugin's path starts at the kubeconfig's folder, and the plugin is told that nobody can answer its questions. */
function prepareExec(exec: unknown, { dir, info }: { dir: string; info: string }): void {
  if (!isRecord(exec)) return;
  const plugin: ExecPlugin = exec;
  const { command, env } = plugin;
  if (typeof command === 'string' && command.includes('/')) plugin.command = pathIn(dir, command);
  plugin.env = [...(Array.isArray(env) ? (env as unknown[]) : []), { name: 'KUBERNETES_EXEC_INFO', value: info }];
}

/** The token file's content goes before the token beside it, which is what is left while the file cannot be read. */
async function bearerOf(
  ref: NamedAccess,
  { tokenFile }: KubeconfigUser,
  token: string | undefined,
): Promise<Record<string, string>> {
  if (tokenFile === undefined) return {};
  const found = (await readFile(tokenFile, 'utf8').catch(() => '')).trim();
  if (found !== '') return { Authorization: `Bearer ${found}` };
  if (token !== undefined && token !== '') return {};
  return refuse(
    'Unavailable',
    `${ref.name}: the tokenFile of its kubeconfig cannot be read or is empty`,
    'look at who writes it; a relative path starts at the folder of the kubeconfig',
  );
}

async function parseKubeconfig(ref: NamedAccess): Promise<{ config: KubeConfig; text: string }> {
  const { path, context } = ref.access;
  const config = new KubeConfig();
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (path.includes(delimiter)) {
      throw refused(
        ref,
        'is a list of files, which is not supported',
        'name one file; to make one of them: kubectl config view --flatten > kubeconfig.yaml, with KUBECONFIG set to the list',
      );
    }
    throw refused(
      ref,
      `cannot be read (${(error as NodeJS.ErrnoException).code ?? 'error'})`,
      'correct kubeconfig.path of the cluster in its Mesh document; tidegate doctor names the file that it looks for',
    );
  }
  readable(ref, () => config.loadFromString(text));
  config.makePathsAbsolute(dirname(path));
  if (context !== undefined) config.setCurrentContext(context);
  return { config, text };
}

function readable<T>(ref: NamedAccess, read: () => T): T {
  try {
    return read();
  } catch {
    // The parser's message quotes the text, which holds credentials.
    throw refused(ref, 'is not a valid kubeconfig', 'check the file with kubectl config view');
  }
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

const contextError = (ref: NamedAccess): TidegateError =>
  refused(
    ref,
    ref.access.context === undefined ? 'has no complete current context' : 'lacks the context that the config names',
    'correct kubeconfig.context of the cluster; kubectl config get-contexts lists those of the file',
  );

const refused = (ref: NamedAccess, why: string, fix: string): TidegateError =>
  new TidegateError('Invalid', `${ref.name}: its kubeconfig ${why}`, { fix });
