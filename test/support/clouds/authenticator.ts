/**
 * What EKS does with a token, written after aws-iam-authenticator's rules (pkg/token) and AWS's description of Signature
 * Version 4, without the SDK: the form of the address first, then the signature, as STS would compute it.
 */
import { createHash, createHmac } from 'node:crypto';

export interface Verified {
  readonly cluster: string;
  readonly accessKeyId: string;
  readonly region: string;
  readonly sessionToken: string | null;
}

export interface Expectation {
  readonly cluster: string;
  /** Secret access key by access key id. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly nowMs: number;
}

const allowed = [
  'action',
  'version',
  'x-amz-algorithm',
  'x-amz-credential',
  'x-amz-date',
  'x-amz-expires',
  'x-amz-security-token',
  'x-amz-signature',
  'x-amz-signedheaders',
];
const LIFE_MS = 15 * 60_000;

export function verifyEksToken(token: string, { cluster, secrets, nowMs }: Expectation): Verified {
  if (!token.startsWith('k8s-aws-v1.')) throw new RangeError('prefix');
  const encoded = token.slice('k8s-aws-v1.'.length);
  if (!/^[\w-]+$/.test(encoded)) throw new RangeError('base64url without padding');
  const url = new URL(Buffer.from(encoded, 'base64url').toString('utf8'));
  if (url.protocol !== 'https:' || url.pathname !== '/') throw new RangeError('scheme or path');
  if (!/^sts(?:\.[a-z0-9-]+)?\.amazonaws\.com(?:\.cn)?$/.test(url.host)) throw new RangeError(`host ${url.host}`);
  const query = url.searchParams;
  for (const name of query.keys()) {
    if (!allowed.includes(name.toLowerCase())) throw new RangeError(`parameter ${name}`);
    if (query.getAll(name).length > 1) throw new RangeError(`${name} twice`);
  }
  const value = (name: string): string => query.get(name) ?? '';
  if (value('Action') !== 'GetCallerIdentity') throw new RangeError('action');
  const expires = Number(value('X-Amz-Expires'));
  if (!(expires >= 0 && expires <= 900)) throw new RangeError('expires');
  const signed = value('X-Amz-SignedHeaders').split(';');
  if (!signed.includes('x-k8s-aws-id') || !signed.includes('host')) throw new RangeError('signed headers');
  const [, y, mo, d, h, mi, s] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(value('X-Amz-Date')) ?? [];
  const age = nowMs - Date.UTC(Number(y), Number(mo) - 1, Number(d), Number(h), Number(mi), Number(s));
  if (!(age > -LIFE_MS && age < LIFE_MS)) throw new RangeError('date');
  const [accessKeyId = '', day = '', region = '', service = ''] = value('X-Amz-Credential').split('/');
  const scope = `${day}/${region}/${service}/aws4_request`;
  const strict = (text: string): string =>
    encodeURIComponent(text).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
  const parameters = [...query]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, one]) => `${strict(name)}=${strict(one)}`);
  const headers: Record<string, string> = { host: url.host, 'x-k8s-aws-id': cluster };
  const canonical = [
    'GET',
    '/',
    parameters.sort().join('&'),
    ...signed.map((name) => `${name}:${headers[name] ?? ''}`),
    '',
    signed.join(';'),
    sha256(''),
  ].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', value('X-Amz-Date'), scope, sha256(canonical)].join('\n');
  const secret = secrets[accessKeyId] ?? '';
  const key = [day, region, service, 'aws4_request'].reduce<Buffer | string>(
    (under, part) => hmac(under, part),
    `AWS4${secret}`,
  );
  if (hmac(key, toSign).toString('hex') !== value('X-Amz-Signature')) throw new RangeError('signature');
  return { cluster, accessKeyId, region, sessionToken: query.get('X-Amz-Security-Token') };
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const hmac = (under: Buffer | string, text: string): Buffer => createHmac('sha256', under).update(text).digest();
