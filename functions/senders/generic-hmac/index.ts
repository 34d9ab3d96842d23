/**
 * Anything that can sign a body: `X-Signature: sha256=<hex HMAC-SHA256 of the body>`, or a header that the config names.
 * The body is JSON with `type` and, to make it once, `id`; or CloudEvents as JSON.
 */
import { assertHexHmac } from '../auth/hmac.ts';
import { carriesCloudEvents, cloudEvents, jsonBody } from '../content.ts';
import { bySender, idOfBody, saidEvent, sourceOf, typePart } from '../events.ts';
import { textAt, timeOf } from '../payload.ts';
import type { Receive } from '../sender.ts';

export const receiveGenericHmac: Receive = async (request, sender, tools) => {
  const signature = { header: sender.header ?? 'X-Signature', prefix: 'sha256=' };
  await assertHexHmac(request, { sender, tools, signature });
  if (carriesCloudEvents(request)) return bySender(sender, cloudEvents(request));
  const payload = jsonBody(request);
  const id = textAt(payload, 'id') || idOfBody(request);
  const type = typePart(textAt(payload, 'type'), 'type of the body');
  const time = timeOf(textAt(payload, 'time'));
  return bySender(sender, [saidEvent({ id, source: sourceOf(sender), type, time, data: payload })]);
};
