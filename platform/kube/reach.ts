/**
 * How an API server is reached now: its address, its clock, and how long the credential lasts. The credential itself stays
 * here; what leaves is when it expires.
 */
import { X509Certificate } from 'node:crypto';
import type { ReachableCluster } from '../../core/kube/cluster-ref.ts';
import { fieldAt } from '../../core/values/json.ts';
import { loadAccess } from './access/access.ts';
import type { Access } from './access/api-access.ts';
import { openConnection, send, type Call } from './http.ts';

export interface Reach {
  /** The server's clock less ours, ms; `undefined`: it does not tell the time. */
  readonly skewMs: number | undefined;
  /** By how much that may be wrong, ms: the answer's way, and a header that counts in seconds. */
  readonly skewErrorMs: number;
  readonly credential: Credential;
}

export interface Credential {
  readonly kind: 'token' | 'client certificate' | 'none';
  /** ms since the epoch; `undefined`: it does not say (an opaque token). */
  readonly expiresAtMs: number | undefined;
}

/** Address of the API server, as its access says. Some kinds of access ask their cloud for it. */
export async function serverOf({ name, access }: ReachableCluster): Promise<string> {
  return (await loadAccess(name, access, {})).server.href.replace(/\/$/, '');
}

const version: Call = { method: 'GET', path: '/version', verb: 'read', object: 'version' };

/** One request on a connection of its own, closed afterwards. */
export async function lookAtReach(
  ref: ReachableCluster,
  { signal, now }: { readonly signal: AbortSignal; readonly now: () => number },
): Promise<Reach> {
  const connection = await openConnection(ref, {});
  try {
    // The first request also opens the connection, which takes its time: the second one is timed.
    const sending = { call: version, credentials: await connection.access.headers(), signal };
    await send(connection, sending);
    const sentMs = now();
    const { dateMs } = await send(connection, sending);
    const halfMs = (now() - sentMs) / 2;
    // Headers tell whole seconds that have begun: on average the clock is half a second further.
    const skewMs = dateMs === undefined ? undefined : dateMs + 500 - (sentMs + halfMs);
    return { skewMs, skewErrorMs: 500 + halfMs, credential: await credentialOf(connection.access) };
  } finally {
    await connection.pool.close();
  }
}

async function credentialOf(access: Access): Promise<Credential> {
  const { tls } = access;
  const sent = Object.entries(await access.headers()).find(([name]) => name.toLowerCase() === 'authorization');
  const token = /^Bearer (.+)$/.exec(String(sent?.[1] ?? ''))?.[1];
  if (token !== undefined) return { kind: 'token', expiresAtMs: expiryOf(token) };
  if (tls.cert === undefined) return { kind: 'none', expiresAtMs: undefined };
  return { kind: 'client certificate', expiresAtMs: Date.parse(new X509Certificate(tls.cert).validTo) };
}

/** An EKS token is a presigned request, which the API server takes for this long after it was signed, ms. */
const EKS_TOKEN_MS = 15 * 60_000;

/** Of a JWT by its `exp`, of a token of EKS by the time that it was signed at. */
function expiryOf(token: string): number | undefined {
  const eks = /^k8s-aws-v1\.(.+)$/.exec(token)?.[1];
  if (eks !== undefined) {
    const url = Buffer.from(eks, 'base64url').toString('utf8');
    const [, ...at] = /X-Amz-Date=(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/.exec(url) ?? [];
    const [year = NaN, month = NaN, ...rest] = at.map(Number);
    const signedMs = Date.UTC(year, month - 1, ...rest);
    return Number.isNaN(signedMs) ? undefined : signedMs + EKS_TOKEN_MS;
  }
  const [, payload = ''] = token.split('.');
  try {
    const exp = fieldAt(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')), 'exp');
    return typeof exp === 'number' ? exp * 1_000 : undefined;
  } catch {
    return undefined;
  }
}
