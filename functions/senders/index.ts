/** Every make of sender, by the `type` of its document. */
import { receiveCloudEvents } from './cloudevents/index.ts';
import type { Receive } from './sender.ts';

export const senders: Readonly<Record<string, Receive>> = {
  cloudevents: receiveCloudEvents,
};
