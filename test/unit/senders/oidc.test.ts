import { describe, expect, it } from '@jest/globals';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { createTokenVerifier } from '../../../functions/senders/auth/oidc.ts';
import { HttpProblem } from '../../../platform/http/problem.ts';

const issuer = 'https://issuer.example.com';
const of = { issuer, audience: 'tidegate' };
const nowMs = Date.parse('2026-11-28T06:00:00Z');
const { publicKey, privateKey } = await generateKeyPair('RS256');
const other = await generateKeyPair('RS256');
const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' };

interface Issuer {
  readonly answers?: Readonly<Record<string, () => Response>>;
}

/** An issuer in memory, which counts what it is asked. */
function createIssuer({ answers = {} }: Issuer = {}) {
  const asked: string[] = [];
  const clock = { nowMs };
  const usual: Readonly<Record<string, () => Response>> = {
    [`${issuer}/.well-known/openid-configuration`]: () => Response.json({ issuer, jwks_uri: `${issuer}/keys` }),
    [`${issuer}/keys`]: () => Response.json({ keys: [jwk] }),
    ...answers,
  };
  const verifyToken = createTokenVerifier({
    fetch: async (url) => {
      asked.push(url);
      return usual[url]?.() ?? new Response('', { status: 404 });
    },
    nowMs: () => clock.nowMs,
  });
  return { asked, clock, verifyToken };
}

const unnamed = { iss: issuer, aud: 'tidegate', iat: nowMs / 1_000, exp: nowMs / 1_000 + 300 };

const signed = (claims: JWTPayload, key = privateKey, kid = 'k1'): Promise<string> =>
  new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid }).sign(key);

const token = (claims: JWTPayload = {}, key = privateKey, kid = 'k1'): Promise<string> =>
  signed({ ...unnamed, sub: 'repo:acme/checkout', ...claims }, key, kid);

async function statusOf(work: Promise<unknown>): Promise<number> {
  try {
    await work;
    return 200;
  } catch (error) {
    if (error instanceof HttpProblem) return error.status;
    throw error;
  }
}

describe('identity tokens', () => {
  it('are let in with the signature, issuer, audience and time that they should have', async () => {
    const { verifyToken } = createIssuer();
    expect(await verifyToken(await token(), of)).toMatchObject({ sub: 'repo:acme/checkout' });
  });

  it.each([
    ['of another key', () => token({}, other.privateKey)],
    ['of a key that the issuer does not have', () => token({}, other.privateKey, 'k9')],
    ['of another issuer', () => token({ iss: 'https://evil.example.com' })],
    ['for another audience', () => token({ aud: 'sigstore' })],
    ['that has run out', () => token({ exp: nowMs / 1_000 - 61 })],
    ['that is not valid yet', () => token({ nbf: nowMs / 1_000 + 61 })],
    ['without a subject', () => signed(unnamed)],
    ['without a signature', async () => new UnsecuredJWT({ iss: issuer, aud: 'tidegate', sub: 'x' }).encode()],
    ['that is none', async () => 'a.b.c'],
    [
      'signed with the public key as if it were a secret',
      () =>
        new SignJWT({ iss: issuer, aud: 'tidegate', sub: 'x', iat: nowMs / 1_000, exp: nowMs / 1_000 + 300 })
          .setProtectedHeader({ alg: 'HS256', kid: 'k1' })
          .sign(new TextEncoder().encode(JSON.stringify(jwk))),
    ],
  ])('are refused with 401: one %s', async (_, make) => {
    const { verifyToken } = createIssuer();
    expect(await statusOf(verifyToken(await make(), of))).toBe(401);
  });

  it('ask the issuer once, not for every token and not for every unknown key', async () => {
    const { asked, verifyToken } = createIssuer();
    for (let n = 0; n < 5; n += 1) await verifyToken(await token(), of);
    for (let n = 0; n < 5; n += 1) await statusOf(verifyToken(await token({}, other.privateKey, `k${n + 5}`), of));
    expect(asked).toEqual([`${issuer}/.well-known/openid-configuration`, `${issuer}/keys`]);
  });

  it('of another issuer cost no question at all', async () => {
    const { asked, verifyToken } = createIssuer();
    await statusOf(verifyToken(await token({ iss: 'https://evil.example.com' }), of));
    expect(asked).toEqual([]);
  });

  it.each([
    ['is down', { [`${issuer}/.well-known/openid-configuration`]: () => new Response('', { status: 503 }) }],
    ['says nonsense', { [`${issuer}/.well-known/openid-configuration`]: () => new Response('<html>') }],
    [
      'has keys elsewhere by http',
      {
        [`${issuer}/.well-known/openid-configuration`]: () =>
          Response.json({ issuer, jwks_uri: 'http://evil.example.com/keys' }),
      },
    ],
    [
      'names another issuer',
      {
        [`${issuer}/.well-known/openid-configuration`]: () =>
          Response.json({ issuer: 'https://evil.example.com', jwks_uri: `${issuer}/keys` }),
      },
    ],
    ['answers with a flood', { [`${issuer}/keys`]: () => new Response('x'.repeat(300_000)) }],
    ['has no list of keys', { [`${issuer}/keys`]: () => Response.json({ keys: 7 }) }],
  ])('are answered 503 when the issuer %s, for that says nothing of the token', async (_, answers) => {
    const { verifyToken } = createIssuer({ answers });
    expect(await statusOf(verifyToken(await token(), of))).toBe(503);
  });

  it('are checked again once the issuer is back, and not before half a minute is over', async () => {
    let isDown = true;
    const url = `${issuer}/.well-known/openid-configuration`;
    const answers = {
      [url]: () => (isDown ? new Response('', { status: 503 }) : Response.json({ issuer, jwks_uri: `${issuer}/keys` })),
    };
    const { asked, clock, verifyToken } = createIssuer({ answers });
    const given = await token();
    for (let n = 0; n < 3; n += 1) expect(await statusOf(verifyToken(given, of))).toBe(503);
    expect(asked).toEqual([url]);
    isDown = false;
    clock.nowMs += 31_000;
    await statusOf(verifyToken(given, of));
    expect(await statusOf(verifyToken(given, of))).toBe(200);
  });
});
