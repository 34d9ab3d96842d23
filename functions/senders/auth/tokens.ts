/** Secrets that come as they are: in a header, or as the last part of the URL. Without TLS they are everybody's. */
import type { SenderConfig } from '../../../core/config/events/types.ts';
import type { RawRequest, SenderTools } from '../sender.ts';
import { unauthenticated } from './refusals.ts';
import { bytesOfBase64, isOneOf } from './same.ts';

interface Authentication {
  readonly sender: SenderConfig;
  readonly tools: SenderTools;
}

/**
 * The header that the config names has the secret. Authorization has it as a bearer token, as `user:password` of basic
 * authentication, or as it is (Harbor).
 */
export async function assertToken(request: RawRequest, { sender, tools }: Authentication): Promise<void> {
  if (sender.allowUnauthenticated) return;
  if (sender.trust === 'lambda' && request.vouchedBy === 'aws') return;
  const { header = 'Authorization' } = sender;
  const given = request.headers.get(header);
  if (given === null) unauthenticated(`the header ${header} is missing: set it at the sender`, 'Bearer');
  if (sender.secrets.length === 0)
    unauthenticated('only AWS itself may send this: over HTTP there is no secret for it');
  const candidate = sender.header === undefined ? credentialsOf(given) : given;
  if (!isOneOf(candidate, await tools.secrets(sender))) unauthenticated(`${header} has another secret`, 'Bearer');
}

function credentialsOf(header: string): string {
  const [, scheme = '', rest = ''] = /^(bearer|basic) +(\S+) *$/i.exec(header) ?? [];
  if (scheme.toLowerCase() === 'bearer') return rest;
  return scheme === '' ? header : (bytesOfBase64(rest)?.toString('utf8') ?? '');
}

/** `/events/<sender>/<secret>`; a host may have put a path of its own before it. */
export async function assertSecretPath(request: RawRequest, { sender, tools }: Authentication): Promise<void> {
  if (sender.allowUnauthenticated) return;
  const [secret = '', name] = request.url.pathname.split('/').reverse();
  const missing = `the secret is missing: the URL ends in /events/${sender.name}/<secret>`;
  if (name !== sender.name) unauthenticated(missing);
  if (!isOneOf(decoded(secret), await tools.secrets(sender))) unauthenticated('the URL ends in another secret');
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    // Broken escapes are no secret of ours, since a config's secret is escaped rightly.
    return '';
  }
}
