/**
 * Which variables of a pod template hold a secret that is written out. The name gives the suspicion, the value decides:
 * `MAX_TOKENS: 4096` counts tokens, `DB_PASSWORD: hunter2` is one. Who knows better says so in an annotation.
 */
import { fieldAt, isRecord, recordOf } from '../values/json.ts';

/** Names, with commas between, of variables that look like secrets and are none; on the workload or the pod template. */
export const ALLOW_PLAIN_ENV = 'tidegate.dev/allow-plain-env';

/** @param workload a Deployment or PodTemplate; the annotation may stand on it, too */
export function plainSecrets(workload: unknown, podTemplate: unknown): string[] {
  const allowed = new Set([workload, podTemplate].flatMap(allowedNames));
  const spec = recordOf(fieldAt(podTemplate, 'spec'));
  return ['containers', 'initContainers']
    .flatMap((field) => records(spec[field]))
    .flatMap((container) => records(container['env']))
    .flatMap(({ name, value }) => (typeof name === 'string' && typeof value === 'string' ? [{ name, value }] : []))
    .filter(({ name, value }) => !allowed.has(name) && isPlainSecret(name, value))
    .map(({ name }) => name);
}

function allowedNames(object: unknown): string[] {
  const written = fieldAt(fieldAt(fieldAt(object, 'metadata'), 'annotations'), ALLOW_PLAIN_ENV);
  return typeof written === 'string' ? written.split(',').map((name) => name.trim()) : [];
}

/** A variable with such a name is taken for the secret itself, unless its value is plainly something else. */
const mentionsSecret = /pass(word|wd|phrase)|secret|token|credential|api_?key|access_?key|private_?key/i;

/** Names that end like this are about a secret (`TOKEN_TTL`, `SECRET_NAME`): their value must look like one, too. */
const aboutSecret = new RegExp(
  `[_-](?:${[
    'ALGORITHM|ARN|AUDIENCE|CLASS|COUNT|ENABLED|ENDPOINT|EXPIRY|FIELD|FILE|FORMAT|HASH|HEADER|HOST|ID|ISSUER|LENGTH|LEVEL',
    'LIMIT|MANAGER|MAX|MIN|MODE|NAME|NAMESPACE|PATH|POLICY|PREFIX|PROVIDER|REF|REGION|ROTATION|SECONDS|SIZE|SOURCE|STORE',
    'TIMEOUT|TTL|TYPE|URI|URL|VERSION',
  ].join('|')})S?$`,
  'i',
);

/** What people write for a setting of a secret, rather than the secret. */
const settings = new Set(
  (
    'true false yes no on off none null nil auto default always never optional required enabled disabled enable disable ' +
    'file env vault bearer basic jwt opaque'
  ).split(' '),
);

function isPlainSecret(name: string, value: string): boolean {
  if (hasUserinfo(value) || value.includes('PRIVATE KEY-----')) return true;
  if (!mentionsSecret.test(name) || isPlainly(value)) return false;
  return !aboutSecret.test(name) || looksRandom(value);
}

/** Is the value by itself no secret, whatever the name says? */
function isPlainly(value: string): boolean {
  if (value.trim() === '' || settings.has(value.toLowerCase())) return true;
  // Longer digits may well be a password.
  if (/^[+-]?\d{1,9}(?:\.\d{1,9})?(?:ms|s|m|h|d|[KMG]i?B?|%)?$/.test(value)) return true;
  if (isPath(value) || isUrl(value)) return true;
  return withoutReferences(value).trim() === '';
}

/** `$(VAR)` is filled in by Kubernetes; `$$(VAR)` is not. */
const withoutReferences = (value: string): string => value.replaceAll(/(?<!\$)\$\([A-Za-z_][\w.-]*\)/g, '');

/** Base64 may begin with a slash, too; its parts look random, those of a path do not. */
const isPath = (value: string): boolean =>
  /^(?:~|\.{1,2})?(?:\/[\w.@+-]+)+\/?$/.test(value) && !value.endsWith('=') && !looksRandom(value);

const isUrl = (value: string): boolean => /^[a-z][a-z0-9+.-]*:\/\/\S+$/i.test(value) && !hasSecretQuery(value);

const hasSecretQuery = (value: string): boolean =>
  /[?&][^=&]*(?:token|secret|password|key|sig)[^=&]*=[^&]{8,}/i.test(value);

/** `scheme://user:password@host`, with the password written out. */
function hasUserinfo(value: string): boolean {
  const password = /^[a-z][a-z0-9+.-]*:\/\/[^/\s:@]*:([^/\s@]+)@/i.exec(value)?.[1];
  return password !== undefined && withoutReferences(password) !== '';
}

/** Beginnings of well-known tokens: GitHub, GitLab, Slack, AWS, Stripe and OpenAI, JSON Web Tokens. */
const knownToken = /^(?:gh[opsu]_|github_pat_|glpat-|xox[abpr]-|AKIA|ASIA|[sr]k[-_]|eyJ)[\w.-]{8,}/;
const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** A part of 16 or more characters that mixes letters with digits, or cases in no order: nobody's word for a thing. */
function looksRandom(value: string): boolean {
  if (knownToken.test(value) || uuid.test(value)) return true;
  return value.split(/[\s/.:,;@_-]+/).some((part) => {
    if (part.length < 16) return false;
    const hasDigits = /\d/.test(part) && /[A-Za-z]/.test(part);
    const hasSymbols = /[^A-Za-z0-9]/.test(part);
    const changes = [...part.matchAll(/[a-z](?=[A-Z])|[A-Z]{2}(?=[a-z])/g)].length;
    return hasDigits || hasSymbols || changes >= part.length / 4;
  });
}

const records = (value: unknown): Record<string, unknown>[] => (Array.isArray(value) ? value.filter(isRecord) : []);
