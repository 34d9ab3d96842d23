/** The same requests, checked by other people's code: what it takes we take, and what it refuses we refuse. */
import { generateKeyPairSync, sign as signEd25519 } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { sign, verify } from '@octokit/webhooks-methods';
import { Webhook } from 'standardwebhooks';
import { Webhook as Svix } from 'svix';
import {
  bodyOf,
  type Case,
  cases,
  nameOf,
  requestOf,
  secret,
  send,
  standardHeaders,
  statusOf,
  toolsOf,
  wrongSecret,
} from './cases.ts';
import { senders } from '../../../functions/senders/index.ts';
import { configOf } from './cases.ts';

const named = (make: string) => cases.filter((one) => one.make === make).map((one) => [nameOf(one), one] as const);

const verdictOf = (check: () => unknown): boolean => {
  try {
    check();
    return true;
  } catch {
    return false;
  }
};

const standard: Case = {
  make: 'standard-webhooks',
  fixture: 'invoice-paid',
  signsBody: true,
  show: (body, key, atMs) => ({ headers: standardHeaders(body, key, atMs) }),
};

describe('@octokit/webhooks-methods', () => {
  it.each(named('github'))('signs %s as we expect it, and agrees on what is altered', async (_, one) => {
    const body = bodyOf(one);
    const signature = await sign(secret, body);
    const altered = [
      signature,
      signature.toUpperCase(),
      signature.slice(0, -1),
      signature.replace('sha256=', 'sha1='),
      signature.replace('sha256=', ''),
      await sign(wrongSecret, body),
      await sign(secret, `${body}\n`),
    ];
    for (const given of altered) {
      const theirs = await verify(secret, body, given);
      const ours = await statusOf(send(one, { headers: { 'x-hub-signature-256': given } }));
      expect([given, ours]).toEqual([given, theirs ? 202 : 401]);
    }
  });
});

describe.each([
  ['standardwebhooks', (key: string) => new Webhook(key)],
  ['svix', (key: string) => new Svix(key)],
] as const)('%s', (_, createOracle) => {
  it('signs as we expect it, and agrees on what is altered', async () => {
    const body = bodyOf(standard);
    const now = new Date();
    const seconds = String(Math.floor(now.getTime() / 1_000));
    const right = createOracle(secret).sign('msg_2', now, body);
    const headers = { 'webhook-id': 'msg_2', 'webhook-timestamp': seconds, 'webhook-signature': right };
    const old = new Date(now.getTime() - 400_000);
    const variants: readonly (readonly [string, Record<string, string>])[] = [
      [body, headers],
      [body, { ...headers, 'webhook-signature': `v1,AAAA ${right}` }],
      [body, { ...headers, 'webhook-signature': right.replace('v1,', 'v2,') }],
      [body, { ...headers, 'webhook-signature': right.replace('v1,', 'v1a,') }],
      [body, { ...headers, 'webhook-signature': createOracle(wrongSecret).sign('msg_2', now, body) }],
      [body, { ...headers, 'webhook-id': 'msg_3' }],
      [body, { ...headers, 'webhook-timestamp': String(Number(seconds) + 1) }],
      [`${body} `, headers],
      [
        body,
        {
          ...headers,
          'webhook-timestamp': String(Math.floor(old.getTime() / 1_000)),
          'webhook-signature': createOracle(secret).sign('msg_2', old, body),
        },
      ],
    ];
    const verdicts: boolean[] = [];
    for (const [text, given] of variants) {
      const theirs = verdictOf(() => createOracle(secret).verify(text, given));
      const request = { ...requestOf(standard, { body: text, headers: given }), receivedAtMs: now.getTime() };
      const ours = await statusOf(senders[standard.make](request, configOf(standard), toolsOf(standard, [secret])));
      expect(ours).toBe(theirs ? 202 : 401);
      verdicts.push(theirs);
    }
    expect(verdicts.filter(Boolean)).toHaveLength(2);
  });
});

describe('Standard Webhooks v1a (ed25519)', () => {
  const pair = generateKeyPairSync('ed25519');
  const raw = Buffer.from(String(pair.publicKey.export({ format: 'jwk' }).x), 'base64url');
  const publicKey = `whpk_${raw.toString('base64')}`;
  const body = bodyOf(standard);
  const headers = standardHeaders(body, secret, Date.parse('2026-11-28T06:00:00Z'));
  const message = Buffer.from(`msg_1.${headers['webhook-timestamp'] ?? ''}.${body}`);
  const signature = `v1a,${signEd25519(null, message, pair.privateKey).toString('base64')}`;
  const status = (given: string, sent: string, key: string): Promise<number> =>
    statusOf(send(standard, { headers: { 'webhook-signature': given }, body: sent, tools: toolsOf(standard, [key]) }));

  it('takes a signature of the private key, and none of anything else', async () => {
    expect(await status(signature, body, publicKey)).toBe(202);
    expect(await status(`v1,AAAA ${signature}`, body, publicKey)).toBe(202);
    expect(await status(signature, `${body} `, publicKey)).toBe(401);
    expect(await status(signature.replace('v1a,', 'v1,'), body, publicKey)).toBe(401);
    expect(await status('v1a,AAAA', body, publicKey)).toBe(401);
  });

  it('does not take an HMAC that was made with the public key, which everybody knows', async () => {
    const forged = standardHeaders(body, `whsec_${raw.toString('base64')}`, Date.parse('2026-11-28T06:00:00Z'));
    expect(await status(String(forged['webhook-signature']), body, publicKey)).toBe(401);
  });

  it('says that it cannot check now when the key is broken: the sender is not at fault', async () => {
    expect(await status(signature, body, 'whpk_AAAA')).toBe(503);
  });
});
