/**
 * Gitea and Forgejo: webhooks of repositories, packages of their container registry among them.
 * @see https://docs.gitea.com/usage/webhooks
 */
import type { SenderConfig } from '../../../core/config/events/types.ts';
import { HttpProblem } from '../../../platform/http/problem.ts';
import { assertHexHmac } from '../auth/hmac.ts';
import { jsonBody } from '../content.ts';
import { bySender, imageAt, pushEvent, saidEvent, sourceOf, typePart } from '../events.ts';
import { textAt, timeOf } from '../payload.ts';
import type { Incoming, Receive } from '../sender.ts';

export const receiveGitea: Receive = async (request, sender, tools) => {
  await assertHexHmac(request, { sender, tools, signature: { header: 'X-Gitea-Signature', prefix: '' } });
  const payload = jsonBody(request);
  const id = request.headers.get('X-Gitea-Delivery') ?? '';
  if (id === '') throw new HttpProblem(400, 'the header X-Gitea-Delivery is missing');
  const event = typePart(request.headers.get('X-Gitea-Event') ?? '', 'the header X-Gitea-Event');
  return bySender(sender, [giteaEvent(payload, { id, event, sender })]);
};

function giteaEvent(
  payload: Record<string, unknown>,
  { id, event, sender }: { id: string; event: string; sender: SenderConfig },
): Incoming {
  const action = textAt(payload, 'action');
  const page = textAt(payload, 'package.html_url');
  const source = textAt(payload, 'repository.html_url') || page || sourceOf(sender);
  const isPush = event === 'package' && action === 'created' && textAt(payload, 'package.type') === 'container';
  if (isPush && URL.canParse(page)) {
    const repository = `${textAt(payload, 'package.owner.login')}/${textAt(payload, 'package.name')}`.toLowerCase();
    const version = textAt(payload, 'package.version');
    // An image without a tag has its digest for a version.
    const [tag, digest] = version.startsWith('sha256:') ? ['', version] : [version, ''];
    const image = imageAt(sender, { host: new URL(page).host, repository });
    const time = timeOf(textAt(payload, 'package.created_at'));
    return pushEvent({ id, source, time, image, tag, digest, original: payload });
  }
  const ref = textAt(payload, 'ref');
  return saidEvent({
    id,
    source,
    type: `io.gitea.${event}${action === '' ? '' : `.${typePart(action, 'action')}`}`,
    subject: ref === '' ? undefined : ref,
    data: payload,
  });
}
