/** Whoever speaks CloudEvents, in any mode, with a token in a header, or in the query as the web hook specification allows. */
import { assertToken } from '../auth/tokens.ts';
import { cloudEvents } from '../content.ts';
import { bySender } from '../events.ts';
import type { RawRequest, Receive } from '../sender.ts';

export const receiveCloudEvents: Receive = async (request, sender, tools) => {
  await assertToken(withQueryToken(request), { sender, tools });
  return bySender(sender, cloudEvents(request));
};

function withQueryToken(request: RawRequest): RawRequest {
  const token = request.url.searchParams.get('access_token');
  if (token === null || request.headers.has('authorization')) return request;
  const headers = new Headers(request.headers);
  headers.set('authorization', `Bearer ${token}`);
  return { ...request, headers };
}
