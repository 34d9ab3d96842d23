/**
 * Google Artifact Registry (and Container Registry): the topic `gcr` by a Pub/Sub push subscription with authentication.
 * @see https://cloud.google.com/artifact-registry/docs/configure-notifications
 * @see https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions
 */
import type { SenderConfig } from '../../../core/config/events/types.ts';
import type { Person } from '../../../core/values/person.ts';
import { HttpProblem } from '../../../platform/http/problem.ts';
import { assertIdentity } from '../auth/claims.ts';
import { unauthenticated } from '../auth/refusals.ts';
import { jsonBody, parsedJson } from '../content.ts';
import { imageParts, pushEvent, saidEvent, sourceOf } from '../events.ts';
import { neededText, textAt, timeOf } from '../payload.ts';
import type { Incoming, RawRequest, Receive, SenderTools } from '../sender.ts';

export const receiveGoogleArtifactRegistry: Receive = async (request, sender, tools) => {
  const by = await senderOf(request, { sender, tools });
  return { kind: 'events', incoming: [eventOfMessage(jsonBody(request), sender)], by };
};

/** An email that Google has not verified may be anybody's. */
async function senderOf(
  request: RawRequest,
  { sender, tools }: { sender: SenderConfig; tools: SenderTools },
): Promise<Person> {
  if (sender.allowUnauthenticated) return { name: sender.name, how: 'claimed' };
  const claims = await assertIdentity(request, { sender, tools });
  if (claims['email_verified'] !== true) unauthenticated('the email of the token is not verified', 'Bearer');
  return { name: neededText(claims, 'email'), how: 'oidc' };
}

function eventOfMessage(envelope: Record<string, unknown>, sender: SenderConfig): Incoming {
  const id = neededText(envelope, 'message.messageId');
  const subscription = textAt(envelope, 'subscription');
  const source = subscription === '' ? sourceOf(sender) : `//pubsub.googleapis.com/${subscription}`;
  const time = timeOf(textAt(envelope, 'message.publishTime'));
  const data = parsedJson(base64Of(neededText(envelope, 'message.data')));
  const [byDigest, byTag] = [imageParts(textAt(data, 'digest')), imageParts(textAt(data, 'tag'))];
  const action = neededText(data, 'action');
  const { image } = byDigest.image === '' ? byTag : byDigest;
  if (action === 'INSERT')
    return pushEvent({ id, source, time, image, tag: byTag.tag, digest: byDigest.digest, original: data });
  const type = action === 'DELETE' ? 'com.google.artifactregistry.image.deleted' : 'com.google.artifactregistry.image';
  return saidEvent({ id, source, type, subject: image || undefined, time, data });
}

function base64Of(text: string): Uint8Array {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw new HttpProblem(400, 'message.data is no base64');
  return Buffer.from(text, 'base64');
}
