/**
 * Signed links: a JWT (HS256, by the front door's key) that names one run, one step and one action. Who has the link may act
 * once, until it expires; what it says of the person is who it was made for.
 */
import { errors, jwtVerify, SignJWT, type JWTPayload } from 'jose';
import type { SteerData } from '../../core/events/cloud-event.ts';
import { parseSteerData } from '../../core/events/steer.ts';
import { refuse } from '../../core/values/error.ts';

export interface Approval {
  readonly data: SteerData;
  /** Who it was made for: who acts with it is them. */
  readonly madeFor: string;
  /** ms since the epoch. */
  readonly expiresAtMs: number;
  /** One link, one id; it can be used once. */
  readonly id: string;
}

/** HS256 asks for a key as long as its hash, bytes. */
const KEY_BYTES = 32;

const AUDIENCE = 'tidegate-approval';

/** @throws TidegateError Invalid: the key is too short to be one. */
export function signApproval({ data, madeFor, expiresAtMs, id }: Approval, key: string): Promise<string> {
  return new SignJWT({ act: data })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setAudience(AUDIENCE)
    .setSubject(madeFor)
    .setJti(id)
    .setExpirationTime(Math.floor(expiresAtMs / 1000))
    .sign(keyOf(key));
}

/** Where people open it. `url`: of the front door. */
export const approvalLink = (url: string, token: string): string => `${url}/approve/${token}`;

export type ReadToken =
  | { readonly kind: 'good' | 'expired'; readonly approval: Approval }
  /** Not signed by any of the keys, or not a link of ours at all. */
  | { readonly kind: 'bad' };

export async function readApproval(
  token: string,
  { keys, nowMs }: { readonly keys: readonly string[]; readonly nowMs: number },
): Promise<ReadToken> {
  for (const key of keys) {
    const read = await readWith(token, { key: keyOf(key), nowMs });
    if (read.kind !== 'bad') return read;
  }
  return { kind: 'bad' };
}

async function readWith(token: string, { key, nowMs }: { key: Uint8Array; nowMs: number }): Promise<ReadToken> {
  try {
    const rules = { algorithms: ['HS256'], audience: AUDIENCE, currentDate: new Date(nowMs) };
    const { payload } = await jwtVerify(token, key, { ...rules, requiredClaims: ['exp', 'jti', 'sub'] });
    return { kind: 'good', approval: approvalIn(payload) };
  } catch (error) {
    // Its signature was found right before its times were looked at.
    if (error instanceof errors.JWTExpired) return { kind: 'expired', approval: approvalIn(error.payload) };
    if (error instanceof errors.JOSEError) return { kind: 'bad' };
    throw error;
  }
}

const approvalIn = ({ act, sub = '', exp = 0, jti = '' }: JWTPayload): Approval => ({
  data: parseSteerData(act),
  madeFor: sub,
  expiresAtMs: exp * 1000,
  id: jti,
});

function keyOf(key: string): Uint8Array {
  const bytes = new TextEncoder().encode(key);
  if (bytes.length >= KEY_BYTES) return bytes;
  return refuse(
    'Invalid',
    `the key of the approvals has ${bytes.length} bytes, fewer than ${KEY_BYTES}`,
    'make one: openssl rand -base64 48; and name its place in Mesh.spec.approvals.key',
  );
}
