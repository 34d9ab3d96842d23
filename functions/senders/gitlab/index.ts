/**
 * GitLab: webhooks of projects and groups. Newer ones sign by Standard Webhooks (a signing token); older ones only send
 * a secret token as it is. A signature that is there must be right: a token beside it does not mend it.
 * @see https://docs.gitlab.com/user/project/integrations/webhook_events/
 *
 * GitLab's own registry sends notifications of the make `distribution`.
 */
import { assertStandardWebhook } from '../auth/standard-webhooks.ts';
import { assertToken } from '../auth/tokens.ts';
import { jsonBody } from '../content.ts';
import { bySender, idOfBody, saidEvent, sourceOf, typePart } from '../events.ts';
import { at, textAt } from '../payload.ts';
import type { Receive } from '../sender.ts';

export const receiveGitlab: Receive = async (request, sender, tools) => {
  const { headers } = request;
  const isSigned = headers.has('webhook-signature');
  const signedId = isSigned ? await assertStandardWebhook(request, { sender, tools }) : '';
  if (!isSigned) await assertToken(request, { sender: { ...sender, header: 'X-Gitlab-Token' }, tools });
  const payload = jsonBody(request);
  const name = typePart(textAt(payload, 'object_kind') || textAt(payload, 'event_name'), 'object_kind of the body');
  const action = textAt(payload, 'object_attributes.action');
  return bySender(sender, [
    saidEvent({
      // The event's UUID is shared by the hooks of one event, which are different Sender documents.
      id: signedId || (headers.get('Idempotency-Key') ?? headers.get('X-Gitlab-Event-UUID') ?? idOfBody(request)),
      source: textAt(payload, 'project.web_url') || textAt(payload, 'repository.homepage') || sourceOf(sender),
      type: `com.gitlab.${name}${action === '' ? '' : `.${typePart(action, 'object_attributes.action')}`}`,
      subject: subjectOf(payload),
      data: payload,
    }),
  ]);
};

const subjectOf = (payload: unknown): string | undefined => {
  const number = at(payload, 'object_attributes.iid');
  if (typeof number === 'number') return String(number);
  const ref = textAt(payload, 'ref');
  return ref === '' ? undefined : ref;
};
