/**
 * Any sender that signs by Standard Webhooks, v1 or v1a. The body is JSON, or CloudEvents as JSON.
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
import { assertStandardWebhook } from '../auth/standard-webhooks.ts';
import { carriesCloudEvents, cloudEvents, jsonBody } from '../content.ts';
import { bySender, saidEvent, sourceOf, typePart } from '../events.ts';
import { textAt, timeOf } from '../payload.ts';
import type { Receive } from '../sender.ts';

export const receiveStandardWebhooks: Receive = async (request, sender, tools) => {
  const id = await assertStandardWebhook(request, { sender, tools });
  if (carriesCloudEvents(request)) return bySender(sender, cloudEvents(request));
  const payload = jsonBody(request);
  const type = typePart(textAt(payload, 'type'), 'type of the body');
  const time = timeOf(textAt(payload, 'timestamp'));
  return bySender(sender, [saidEvent({ id, source: sourceOf(sender), type, time, data: payload })]);
};
