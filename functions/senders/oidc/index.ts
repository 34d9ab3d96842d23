/**
 * Any CI that has an identity token (GitHub Actions, GitLab CI, Buildkite, a Kubernetes service account): no shared secret
 * at all. The body is CloudEvents in any mode, or JSON with `type` and, to make it once, `id`. Who acts is the token's sub.
 */
import { assertIdentity } from '../auth/claims.ts';
import { cloudEvents, isCloudEvent, jsonBody } from '../content.ts';
import { idOf, idOfBody, saidEvent, typePart } from '../events.ts';
import { neededText, textAt, timeOf } from '../payload.ts';
import type { Incoming, RawRequest, Receive } from '../sender.ts';

export const receiveOidc: Receive = async (request, sender, tools) => {
  const claims = await assertIdentity(request, { sender, tools });
  const incoming = isCloudEvent(request) ? cloudEvents(request) : [plainEvent(request, claims)];
  return { kind: 'events', incoming, by: { name: neededText(claims, 'sub'), how: 'oidc' } };
};

function plainEvent(request: RawRequest, claims: Record<string, unknown>): Incoming {
  const payload = jsonBody(request);
  return saidEvent({
    // One token for each run of a CI: its jti sets equal bodies of two runs apart, and makes one of a retry.
    id: textAt(payload, 'id') || idOf(textAt(claims, 'jti'), idOfBody(request)),
    source: neededText(claims, 'iss'),
    type: typePart(textAt(payload, 'type'), 'type of the body'),
    subject: neededText(claims, 'sub'),
    time: timeOf(textAt(payload, 'time')),
    data: payload,
  });
}
