/**
 * GitHub: webhooks of repositories and organizations, packages of ghcr.io among them.
 * @see https://docs.github.com/en/webhooks/webhook-events-and-payloads
 *
 * It signs the body alone: neither time nor delivery id nor event name are signed, and it never sends again by itself.
 */
import { assertHexHmac } from '../auth/hmac.ts';
import { jsonBody } from '../content.ts';
import { bySender, pong } from '../events.ts';
import type { Receive } from '../sender.ts';
import { githubEvent } from './normalise.ts';

export const receiveGithub: Receive = async (request, sender, tools) => {
  const signature = { header: 'X-Hub-Signature-256', prefix: 'sha256=' };
  await assertHexHmac(request, { sender, tools, signature });
  const payload = jsonBody(request);
  if (request.headers.get('X-GitHub-Event') === 'ping') return pong();
  return bySender(sender, [githubEvent(payload, { headers: request.headers, sender })]);
};
