/**
 * The token by which EKS knows its caller: a request to STS (GetCallerIdentity), signed and not sent. The API server sends
 * it, and believes STS. The cluster's name is a signed header, so that no other cluster can use the token.
 */
import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import type { SignatureV4 } from '@smithy/signature-v4';
import type { Token } from './token-cache.ts';

/** As the SDK gives them. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

export interface EksTokenRequest {
  readonly cluster: string;
  readonly region: string;
  readonly credentials: AwsCredentials;
  readonly nowMs: number;
}

/** Use of a token, ms: API servers take it for 15 min from its date, and the authenticator reckons with 14. */
const LIFE_MS = 12 * 60_000;
/** `X-Amz-Expires`, s: what the authenticator asks for; it says nothing about how long the token is good. */
const URL_EXPIRES_S = 60;

/** @param Signer of `@smithy/signature-v4` */
export async function signEksToken(
  Signer: typeof SignatureV4,
  { cluster, region, credentials, nowMs }: EksTokenRequest,
): Promise<Token> {
  const signer = new Signer({ credentials, region, service: 'sts', sha256: Sha256 });
  const hostname = stsHost(region);
  const request = {
    ...{ method: 'GET', protocol: 'https:', hostname, path: '/' },
    query: { Action: 'GetCallerIdentity', Version: '2011-06-15' },
    headers: { host: hostname, 'x-k8s-aws-id': cluster },
  };
  const { query = {} } = await signer.presign(request, { expiresIn: URL_EXPIRES_S, signingDate: new Date(nowMs) });
  const url = `https://${hostname}/?${Object.entries(query)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`)
    .join('&')}`;
  const end = credentials.expiration?.getTime() ?? Infinity;
  return {
    value: `k8s-aws-v1.${Buffer.from(url).toString('base64url')}`,
    expiresAtMs: Math.min(nowMs + LIFE_MS, end),
  };
}

/** The regional one: an API server without a way to the internet reaches that. */
const stsHost = (region: string): string => `sts.${region}.${domainOf(region)}`;

/** Partitions differ in their domain; GovCloud has that of the public one. */
const domainOf = (region: string): string =>
  domains.find(([start]) => region.startsWith(start))?.[1] ?? 'amazonaws.com';

/** By the beginning of a region's name. */
const domains = [
  ['cn-', 'amazonaws.com.cn'],
  ['eusc-', 'amazonaws.eu'],
  ['us-iso-', 'c2s.ic.gov'],
  ['us-isob-', 'sc2s.sgov.gov'],
  ['us-isof-', 'csp.hci.ic.gov'],
  ['eu-isoe-', 'cloud.adc-e.uk'],
] as const;

/** Node's SHA-256 as the signer takes it. */
class Sha256 {
  readonly #hash: Hash | Hmac;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(secret));
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(bytesOf(data));
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }

  reset(): void {
    throw new TypeError('a hash is used once');
  }
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data, 'utf8');
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}
