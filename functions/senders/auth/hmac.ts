/** HMAC over the raw bytes of a body, as most makes sign: hex digits in a header, often behind `sha256=`. */
import { createHmac } from 'node:crypto';
import type { SenderConfig } from '../../../core/config/events/types.ts';
import type { RawRequest, SenderTools } from '../sender.ts';
import { unauthenticated } from './refusals.ts';
import { isOneOf } from './same.ts';

export interface HexSignature {
  readonly header: string;
  /** What may stand before the digits; '' = nothing. */
  readonly prefix: string;
}

export async function assertHexHmac(
  request: RawRequest,
  { sender, tools, signature }: { sender: SenderConfig; tools: SenderTools; signature: HexSignature },
): Promise<void> {
  if (sender.allowUnauthenticated) return;
  const { header, prefix } = signature;
  const given = request.headers.get(header);
  if (given === null) unauthenticated(`the header ${header} is missing: set a secret at the sender`);
  const secrets = await tools.secrets(sender);
  const right = secrets.map((secret) => prefix + hmac(secret, [request.body]).toString('hex'));
  if (!isOneOf(given, right)) unauthenticated(`${header} does not fit the body and the secret`);
}

/** HMAC-SHA256 over the parts, one after the other. */
export const hmac = (secret: string | Uint8Array, parts: readonly (string | Uint8Array)[]): Buffer =>
  parts.reduce((sum, part) => sum.update(part), createHmac('sha256', secret)).digest();
