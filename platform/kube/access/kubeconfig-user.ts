/**
 * What a kubeconfig says of its user, as kubectl reads it. client-node drops what it does not know (tokenFile, groups),
 * and a call would go out as somebody else or as nobody; so the user is read here, and what Tidegate cannot do is refused
 * by name.
 */
import { isAbsolute, join } from 'node:path';
import { parse } from 'yaml';
import { fieldAt, isRecord, recordOf } from '../../../core/values/json.ts';

/** Why a kubeconfig is not taken, and the remedy. */
export interface Refusal {
  readonly why: string;
  readonly fix: string;
}

export interface KubeconfigUser {
  /** Absolute. Read anew for each call: whoever renews it does not tell us. */
  readonly tokenFile: string | undefined;
  /** Impersonation, as kubectl sends it; a header may come several times. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
}

/** The parts of the file that belong to one context, as they are written. */
export interface WrittenContext {
  readonly cluster: Record<string, unknown>;
  readonly user: Record<string, unknown>;
}

/** @param text a kubeconfig that was parsed before */
export function writtenContext(
  text: string,
  names: { readonly cluster: string; readonly user: string },
): WrittenContext {
  const file: unknown = parse(text, { merge: true, uniqueKeys: false, logLevel: 'error' });
  const entry = (list: string, name: string, field: string): Record<string, unknown> => {
    const entries = fieldAt(file, list);
    const found = (Array.isArray(entries) ? (entries as unknown[]) : []).find((one) => fieldAt(one, 'name') === name);
    return recordOf(fieldAt(found, field));
  };
  return { cluster: entry('clusters', names.cluster, 'cluster'), user: entry('users', names.user, 'user') };
}

/** @param dir folder of the kubeconfig, where relative paths start */
export function readUser({ user }: WrittenContext, dir: string): KubeconfigUser {
  return { tokenFile: tokenFileOf(user, dir), headers: impersonation(user) };
}

export function refusalOf({ cluster, user }: WrittenContext, name: string): Refusal | undefined {
  const of = `the user ${name}`;
  if (written(user, 'username') || written(user, 'password')) {
    return {
      why: `has username and password for ${of}: Kubernetes has no basic authentication since 1.19`,
      fix: 'use a token, a client certificate or an exec plugin',
    };
  }
  if (written(user, 'auth-provider')) {
    return {
      why: `has an auth-provider for ${of}, which is not supported`,
      fix: 'use the exec plugin of your cloud or of your identity provider (kubelogin), a token or a client certificate',
    };
  }
  if (fieldAt(user['exec'], 'interactiveMode') === 'Always') {
    return {
      why: `has an exec plugin with interactiveMode Always for ${of}: no person sits at the worker`,
      fix: 'use a plugin that needs no person (a service account, workload identity), with interactiveMode: Never',
    };
  }
  if (cluster['insecure-skip-tls-verify'] === true && authorities.some((field) => written(cluster, field))) {
    return {
      why: 'has both a certificate authority and insecure-skip-tls-verify: true, which contradict each other',
      fix: 'take insecure-skip-tls-verify out',
    };
  }
  return impersonationRefusal(user, of) ?? credentialRefusal(user, of);
}

const authorities = ['certificate-authority', 'certificate-authority-data'] as const;

const credentials = ['token', 'tokenFile', 'client-certificate', 'client-certificate-data', 'exec'] as const;

function credentialRefusal(user: Record<string, unknown>, of: string): Refusal | undefined {
  if (credentials.some((field) => written(user, field))) return undefined;
  return {
    why: `has no credential for ${of}: every call would be anonymous`,
    fix: `give it one of ${credentials.join(', ')}`,
  };
}

const impersonated = ['as-uid', 'as-groups', 'as-user-extra'] as const;

function impersonationRefusal(user: Record<string, unknown>, of: string): Refusal | undefined {
  const beside = impersonated.filter((field) => written(user, field));
  if (beside.length > 0 && !written(user, 'as')) {
    return { why: `has ${beside.join(', ')} without as for ${of}`, fix: 'name the user to impersonate: as: NAME' };
  }
  const { as, 'as-uid': uid, 'as-groups': groups, 'as-user-extra': extra } = user;
  const readable =
    [as, uid].every((one) => one === undefined || isHeaderText(one)) &&
    (groups === undefined || isTexts(groups)) &&
    (extra === undefined || (isRecord(extra) && Object.values(extra).every(isTexts)));
  if (readable) return undefined;
  return {
    why: `has an impersonation for ${of} that cannot be read`,
    fix: 'as and as-uid are text, as-groups is a list of texts, as-user-extra a mapping of such lists',
  };
}

function impersonation(user: Record<string, unknown>): Record<string, readonly string[]> {
  const { as, 'as-uid': uid, 'as-groups': groups, 'as-user-extra': extra } = user;
  const headers: Record<string, readonly string[]> = {};
  const add = (header: string, values: unknown): void => {
    const texts = (Array.isArray(values) ? (values as unknown[]) : [values]).filter(isHeaderText);
    const present = texts.filter((text) => text !== '');
    if (present.length > 0) headers[header] = present.map(headerText);
  };
  add('Impersonate-User', as);
  add('Impersonate-Uid', uid);
  add('Impersonate-Group', groups);
  for (const [key, values] of Object.entries(recordOf(extra))) add(`Impersonate-Extra-${extraKey(key)}`, values);
  return headers;
}

/** What may not stand in a header's name is escaped, as client-go does it; so is the escape itself. */
const extraKey = (key: string): string =>
  [...Buffer.from(key, 'utf8')]
    .map((byte) => {
      const letter = String.fromCharCode(byte);
      return /[A-Za-z0-9!#$&'*+.^_`|~-]/.test(letter) ? letter : `%${byte.toString(16).padStart(2, '0').toUpperCase()}`;
    })
    .join('');

/** Bytes of UTF-8, one per letter: that is how a header goes out. */
const headerText = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

const isHeaderText = (value: unknown): value is string =>
  typeof value === 'string' && !/[\u0000-\u001f\u007f]/.test(value);

const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isHeaderText);

function tokenFileOf(user: Record<string, unknown>, dir: string): string | undefined {
  const { tokenFile } = user;
  return typeof tokenFile === 'string' && tokenFile !== '' ? pathIn(dir, tokenFile) : undefined;
}

/** A path of a kubeconfig starts at its folder. */
export const pathIn = (dir: string, path: string): string => (isAbsolute(path) ? path : join(dir, path));

/** Empty is what kubectl takes for not written. */
const written = (record: Record<string, unknown>, field: string): boolean => {
  const value = record[field];
  if (value === undefined || value === null || value === '') return false;
  return !(Array.isArray(value) && value.length === 0);
};
