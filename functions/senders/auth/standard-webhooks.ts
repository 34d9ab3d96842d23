/**
 * Standard Webhooks: `webhook-signature` has one or more signatures over `id.timestamp.body`. v1 is HMAC-SHA256 with a
 * secret `whsec_…`, v1a is ed25519 with a public key `whpk_…`. The kind of key decides which of them counts: a sender
 * that signs with a private key cannot be imitated by who knows the public one.
 */
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { SenderConfig } from '../../../core/config/events/types.ts';
import { TidegateError } from '../../../core/values/error.ts';
import { HttpProblem } from '../../../platform/http/problem.ts';
import type { RawRequest, SenderTools } from '../sender.ts';
import { hmac } from './hmac.ts';
import { unauthenticated } from './refusals.ts';
import { bytesOfBase64, isOneOf } from './same.ts';
import { assertRecent } from './window.ts';

/** Signatures in one header: two secrets at once are usual, more cost time. */
const MAX_SIGNATURES = 10;
const ED25519_BYTES = 32;

/** @returns the id of the message, which is signed */
export async function assertStandardWebhook(
  request: RawRequest,
  { sender, tools }: { sender: SenderConfig; tools: SenderTools },
): Promise<string> {
  const id = headerOf(request, 'webhook-id');
  if (sender.allowUnauthenticated) return id;
  const timestamp = headerOf(request, 'webhook-timestamp');
  const signatures = headerOf(request, 'webhook-signature').split(' ');
  assertRecent(timestamp, { header: 'webhook-timestamp', nowMs: request.receivedAtMs });
  if (signatures.length > MAX_SIGNATURES)
    unauthenticated(`webhook-signature has more than ${MAX_SIGNATURES} signatures`);
  const signed = [`${id}.${timestamp}.`, request.body];
  const keys = await tools.secrets(sender);
  const isRight = keys.map((key) =>
    key.startsWith('whpk_') ? isSignedBy(key, { signatures, signed }) : isMacOf(key, { signatures, signed }),
  );
  if (!isRight.includes(true))
    unauthenticated('webhook-signature does not fit the id, the time, the body and the secret');
  return id;
}

interface SignedMessage {
  readonly signatures: readonly string[];
  readonly signed: readonly (string | Uint8Array)[];
}

function isMacOf(secret: string, { signatures, signed }: SignedMessage): boolean {
  const right = `v1,${hmac(keyOf(secret, 'whsec_'), signed).toString('base64')}`;
  return signatures.filter((one) => isOneOf(one, [right])).length > 0;
}

function isSignedBy(publicKey: string, { signatures, signed }: SignedMessage): boolean {
  const key = publicKeyOf(publicKey);
  const message = Buffer.concat(signed.map((part) => Buffer.from(part)));
  return signatures
    .filter((one) => one.startsWith('v1a,'))
    .map((one) => bytesOfBase64(one.slice('v1a,'.length)))
    .some((signature) => signature !== undefined && verify(null, message, key, signature));
}

function publicKeyOf(written: string): KeyObject {
  const bytes = keyOf(written, 'whpk_');
  if (bytes.length !== ED25519_BYTES) {
    const problem = new HttpProblem(503, 'who you are cannot be checked now: send it again', { 'retry-after': '30' });
    problem.cause = new TidegateError('Invalid', `a secret starts with whpk_ and has ${bytes.length} bytes`, {
      fix: `a public key of ed25519 has ${ED25519_BYTES} bytes in base64: copy it anew from the sender`,
    });
    throw problem;
  }
  const x = bytes.toString('base64url');
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
}

/** The prefix only says what it is. */
const keyOf = (written: string, prefix: string): Buffer =>
  Buffer.from(written.startsWith(prefix) ? written.slice(prefix.length) : written, 'base64');

function headerOf({ headers }: RawRequest, name: string): string {
  const value = headers.get(name) ?? '';
  if (value === '') unauthenticated(`the header ${name} is missing: turn on signing (Standard Webhooks) at the sender`);
  return value;
}
