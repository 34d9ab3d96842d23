/** Signatures of Standard Webhooks 1.0, symmetric (`v1`), over the very bytes that are sent. */
import { createHmac } from 'node:crypto';
import { refuse } from '../../core/values/error.ts';

interface Signed {
  readonly id: string;
  readonly atMs: number;
  readonly body: string;
}

/** One signature per secret, so that a receiver may change to the new one at any time. */
export function webhookHeaders({ id, atMs, body }: Signed, secrets: readonly string[]): Record<string, string> {
  const timestamp = String(Math.floor(atMs / 1_000));
  const signatures = secrets.map((secret) => {
    const hmac = createHmac('sha256', keyOf(secret)).update(`${id}.${timestamp}.${body}`).digest('base64');
    return `v1,${hmac}`;
  });
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    ...(signatures.length > 0 && { 'webhook-signature': signatures.join(' ') }),
  };
}

/** 24 to 64 bytes in base64, after the prefix. The message never repeats it. */
function keyOf(secret: string): Buffer {
  const encoded = secret.startsWith('whsec_') ? secret.slice('whsec_'.length) : '';
  const key = Buffer.from(encoded, 'base64');
  if (key.length >= 24 && key.length <= 64 && key.toString('base64').replace(/=+$/, '') === encoded.replace(/=+$/, ''))
    return key;
  return refuse(
    'Invalid',
    'a secret that signs web hooks is no Standard Webhooks secret',
    'make one of 24 to 64 random bytes: echo "whsec_$(openssl rand -base64 32)"',
  );
}
