/** What sinks are sent is read by the official SDK as it was meant: an oracle, since we never read by it ourselves. */
import { expect, it } from '@jest/globals';
import { HTTP, type CloudEventV1 } from 'cloudevents';
import type { CloudEvent } from '../../../../core/events/cloud-event.ts';
import { binaryMessage, structuredMessage } from '../../../../core/events/out/encode.ts';

const event: CloudEvent = {
  ...{ specversion: '1.0', id: 'run/ended', source: '/tidegate/default/shop/shop/checkout' },
  ...{ type: 'dev.tidegate.rollout.ended', subject: 'checkout', time: '2026-11-28T08:00:00.000Z' },
  ...{ datacontenttype: 'application/json', data: { outcome: 'promoted', text: 'größer ≤ 10' } },
  extensions: { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' },
};

it.each([
  ['binary', binaryMessage(event)],
  ['structured', structuredMessage(event)],
])('in %s mode', (_, { headers, body }) => {
  // The SDK knows content types without parameters only.
  const plain = { ...headers, 'content-type': headers['content-type']?.split(';')[0] ?? '' };
  const read = HTTP.toEvent({ headers: plain, body }) as CloudEventV1<unknown>;
  const { extensions, ...attributes } = event;
  expect(JSON.parse(JSON.stringify(read))).toEqual({ ...attributes, ...extensions });
});
