/** Signatures of Standard Webhooks (v1): HMAC-SHA256 over id, time and body, one for each secret. */
import { createHmac } from 'node:crypto';

export interface Webhook {
  /** The same for each attempt: who gets it twice knows. */
  readonly id: string;
  /** ms since the epoch; sent in seconds. */
  readonly atMs: number;
  readonly body: string;
}

export function webhookHeaders({ id, atMs, body }: Webhook, secrets: readonly string[]): Record<string, string> {
  const time = String(Math.floor(atMs / 1000));
  const sign = (secret: string): string =>
    `v1,${createHmac('sha256', keyOf(secret)).update(`${id}.${time}.${body}`).digest('base64')}`;
  return { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': secrets.map(sign).join(' ') };
}

/** `whsec_` and base64, as the specification has it; every other secret is taken as it is. */
const keyOf = (secret: string): Buffer =>
  secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : Buffer.from(secret, 'utf8');
