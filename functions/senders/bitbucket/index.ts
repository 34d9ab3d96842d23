/**
 * Bitbucket Cloud and Data Center: webhooks of repositories.
 * @see https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/
 */
import { HttpProblem } from '../../../platform/http/problem.ts';
import { assertHexHmac } from '../auth/hmac.ts';
import { jsonBody } from '../content.ts';
import { bySender, pong, saidEvent, sourceOf, typePart } from '../events.ts';
import { at, textAt, timeOf } from '../payload.ts';
import type { Receive } from '../sender.ts';

export const receiveBitbucket: Receive = async (request, sender, tools) => {
  await assertHexHmac(request, { sender, tools, signature: { header: 'X-Hub-Signature', prefix: 'sha256=' } });
  const { headers } = request;
  // Data Center tests a hook with a body that is no event.
  if (headers.get('X-Event-Key') === 'diagnostics:ping') return pong();
  const payload = jsonBody(request);
  // Cloud, and Data Center.
  const id = headers.get('X-Request-UUID') ?? headers.get('X-Request-Id') ?? '';
  if (id === '') throw new HttpProblem(400, 'the header X-Request-UUID is missing');
  const number = at(payload, 'pullrequest.id') ?? at(payload, 'pullRequest.id');
  return bySender(sender, [
    saidEvent({
      id,
      source: textAt(payload, 'repository.links.html.href') || sourceOf(sender),
      type: `com.bitbucket.${typePart(headers.get('X-Event-Key') ?? '', 'the header X-Event-Key')}`,
      subject: typeof number === 'number' ? String(number) : undefined,
      time: timeOf(textAt(payload, 'date')),
      data: payload,
    }),
  ]);
};
