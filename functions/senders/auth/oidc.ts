/**
 * OIDC identity tokens: the issuer's public keys are found by discovery, kept for a while, and asked for again when a
 * token names one that is not known, but not at every such token: strangers may send as many as they like.
 */
import { createRemoteJWKSet, customFetch, decodeJwt, errors, jwtVerify, type RemoteJWKSet } from 'jose';
import { isPrivateWay } from '../../../core/values/loopback.ts';
import { textAt } from '../payload.ts';
import { TidegateError } from '../../../core/values/error.ts';
import { HttpProblem } from '../../../platform/http/problem.ts';
import type { SenderTools } from '../sender.ts';
import { unauthenticated } from './refusals.ts';

export interface TokenPorts {
  readonly fetch: (url: string, options: RequestInit) => Promise<Response>;
  readonly nowMs: () => number;
}

/** An answer of an issuer comes within this time, or the token is not checked. */
const TIMEOUT_MS = 3_000;
/** After keys were fetched, or could not be, they are left alone for this long. */
const COOLDOWN_MS = 30_000;
const KEYS_AGE_MS = 10 * 60_000;
const ISSUERS = 32;
const MAX_ANSWER_BYTES = 262_144;
/** Clocks differ. */
const TOLERANCE_S = 60;

/** Public keys only: HMAC with a public key as the secret is an old trick. */
const algorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];

interface KnownIssuer {
  readonly keys: Promise<RemoteJWKSet>;
  readonly askedAtMs: number;
}

export function createTokenVerifier(ports: TokenPorts): SenderTools['verifyToken'] {
  const issuers = new Map<string, KnownIssuer>();
  const keysOf = async (issuer: string): Promise<RemoteJWKSet> => {
    const known = issuers.get(issuer);
    if (known !== undefined) return known.keys;
    if (issuers.size >= ISSUERS) issuers.clear();
    const found: KnownIssuer = { keys: discover(issuer, ports), askedAtMs: ports.nowMs() };
    issuers.set(issuer, found);
    return found.keys;
  };
  const forgetFailed = (issuer: string): void => {
    const known = issuers.get(issuer);
    if (known !== undefined && ports.nowMs() - known.askedAtMs >= COOLDOWN_MS) issuers.delete(issuer);
  };
  return async (token, { issuer, audience }) => {
    if (claimedIssuer(token) !== issuer) unauthenticated('the token is of another issuer, or none', 'Bearer');
    try {
      const keys = await keysOf(issuer);
      const { payload } = await jwtVerify(token, keys, {
        issuer,
        audience,
        algorithms,
        clockTolerance: TOLERANCE_S,
        currentDate: new Date(ports.nowMs()),
        requiredClaims: ['exp', 'iat', 'sub'],
      });
      return payload;
    } catch (error) {
      if (error instanceof TidegateError) forgetFailed(issuer);
      throw refusalOf(error, issuer);
    }
  };
}

/** Read before anything is fetched, so that a stranger's token costs nothing. */
function claimedIssuer(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError) return undefined;
    throw error;
  }
}

async function discover(issuer: string, ports: TokenPorts): Promise<RemoteJWKSet> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const answer = await bounded(url, { signal: AbortSignal.timeout(TIMEOUT_MS) }, ports);
  const document: unknown = JSON.parse(await answer.text());
  const keysUrl = textAt(document, 'jwks_uri');
  if (textAt(document, 'issuer') !== issuer) throw unreachable(issuer, 'its discovery document names another issuer');
  if (!URL.canParse(keysUrl) || !isPrivateWay(new URL(keysUrl)))
    throw unreachable(issuer, 'its jwks_uri is no https URL');
  return createRemoteJWKSet(new URL(keysUrl), {
    timeoutDuration: TIMEOUT_MS,
    cooldownDuration: COOLDOWN_MS,
    cacheMaxAge: KEYS_AGE_MS,
    [customFetch]: async (from, { signal }) => bounded(from, { signal }, ports),
  });
}

/** @throws TidegateError Unavailable */
async function bounded(url: string, { signal }: { signal: AbortSignal }, ports: TokenPorts): Promise<Response> {
  let answer: Response;
  try {
    answer = await ports.fetch(url, { redirect: 'error', headers: { accept: 'application/json' }, signal });
  } catch (error) {
    throw unreachable(url, error instanceof Error ? error.message : String(error));
  }
  if (answer.status !== 200 || answer.body === null) throw unreachable(url, `it answers ${answer.status}`);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) throw unreachable(url, `its answer has more than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return new Response(Buffer.concat(chunks), { status: 200, headers: { 'content-type': 'application/json' } });
}

const unreachable = (what: string, why: string): TidegateError =>
  new TidegateError('Unavailable', `${what}: ${why}`, { fix: 'look at the issuer, and at the way from here to it' });

/** The token's fault is 401; the issuer's is 503, since a later attempt may pass. */
function refusalOf(error: unknown, issuer: string): HttpProblem {
  const isTokens =
    error instanceof errors.JOSEError &&
    !(error instanceof errors.JWKSTimeout) &&
    !(error instanceof errors.JWKSInvalid) &&
    error.code !== 'ERR_JOSE_GENERIC';
  const problem = isTokens
    ? new HttpProblem(401, `the token does not hold: ${error.message}`, { 'www-authenticate': 'Bearer' })
    : new HttpProblem(503, 'tokens cannot be checked now: send it again', { 'retry-after': '30' });
  problem.cause = error instanceof Error ? error : unreachable(issuer, String(error));
  return problem;
}
