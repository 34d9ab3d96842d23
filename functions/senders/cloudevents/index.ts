/** Whoever speaks CloudEvents, in any mode, with a token in a header. */
import { assertToken } from '../auth/tokens.ts';
import { cloudEvents } from '../content.ts';
import { bySender } from '../events.ts';
import type { Receive } from '../sender.ts';

export const receiveCloudEvents: Receive = async (request, sender, tools) => {
  await assertToken(request, { sender, tools });
  return bySender(sender, cloudEvents(request));
};
