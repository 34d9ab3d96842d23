/** Credentials for a registry, read where they are used: the environment of the worker, or a docker config file. */
import { readFile } from 'node:fs/promises';
import type { RegistryAccess } from '../../core/config/types.ts';
import { refuse } from '../../core/values/error.ts';
import { fieldAt, recordOf } from '../../core/values/json.ts';

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

interface Sources {
  readonly registries: readonly RegistryAccess[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** undefined: none are configured for that host. @throws TidegateError Forbidden, where they are and cannot be read. */
export async function readCredentials(host: string, { registries, env }: Sources): Promise<Credentials | undefined> {
  const credentials = registries.find((one) => one.host === host)?.credentials;
  if (credentials === undefined) return undefined;
  if ('file' in credentials) return inDockerConfig(host, credentials.file);
  const [username, password] = [env[credentials.usernameEnv] ?? '', env[credentials.passwordEnv] ?? ''];
  const missing = [username === '' ? credentials.usernameEnv : '', password === '' ? credentials.passwordEnv : ''];
  const named = missing.filter((name) => name !== '');
  if (named.length === 0) return { username, password };
  return refuse(
    'Forbidden',
    `the credentials of ${host} are not there: ${named.join(' and ')} is empty`,
    'set it for the worker',
  );
}

/** The names under which docker writes a host. */
const keysOf = (host: string): string[] =>
  host === 'docker.io' ? [host, 'https://index.docker.io/v1/', 'index.docker.io'] : [host, `https://${host}`];

async function inDockerConfig(host: string, path: string): Promise<Credentials> {
  const unreadable = (why: string): never =>
    refuse(
      'Forbidden',
      `the credentials of ${host} are not there: ${path} ${why}`,
      'write it as docker login does, with auths',
    );
  const text = await readFile(path, 'utf8').catch(() => unreadable('cannot be read'));
  const auths = recordOf(fieldAt(parsed(text) ?? unreadable('is no JSON'), 'auths'));
  const entry = keysOf(host)
    .map((key) => auths[key])
    .find((one) => one !== undefined);
  const [username, password] = [fieldAt(entry, 'username'), fieldAt(entry, 'password')];
  if (typeof username === 'string' && typeof password === 'string') return { username, password };
  const auth = fieldAt(entry, 'auth');
  const pair = typeof auth === 'string' ? Buffer.from(auth, 'base64').toString('utf8') : '';
  const colon = pair.indexOf(':');
  if (colon < 1) return unreadable(`has no auth for ${host}`);
  return { username: pair.slice(0, colon), password: pair.slice(colon + 1) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
