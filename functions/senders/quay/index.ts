/**
 * Quay: notifications "push to repository". It can authenticate in no way, so that the URL ends in a secret, and it says
 * no digest.
 * @see https://docs.quay.io/guides/notifications.html
 *
 * A second push of the same tags has the very same body, and no id. A push only says where to look, so that a look too
 * many is better than one too few: what comes within a minute is taken for one push.
 */
import { assertSecretPath } from '../auth/tokens.ts';
import { jsonBody } from '../content.ts';
import { bySender, idOf, imageAt, nothingToDo, pushEvent } from '../events.ts';
import { at, neededText } from '../payload.ts';
import { isRecord } from '../../../core/values/json.ts';
import { HttpProblem } from '../../../platform/http/problem.ts';
import type { Receive } from '../sender.ts';

const MINUTE_MS = 60_000;
/** Tags of one push; more is no push of an image. */
const MAX_TAGS = 100;

export const receiveQuay: Receive = async (request, sender, tools) => {
  await assertSecretPath(request, { sender, tools });
  const payload = jsonBody(request);
  const url = neededText(payload, 'docker_url');
  const tags = tagsOf(at(payload, 'updated_tags'));
  if (tags.length === 0) return nothingToDo('no tag was updated');
  const [host = '', ...rest] = url.split('/');
  const image = imageAt(sender, { host, repository: rest.join('/') });
  const minute = Math.floor(request.receivedAtMs / MINUTE_MS);
  const source = `https://${url}`;
  return bySender(
    sender,
    tags.map((tag) =>
      pushEvent({ id: idOf(url, tag, minute), source, time: undefined, image, tag, digest: '', original: payload }),
    ),
  );
};

/** A list; older ones have a map from tags to image ids. */
function tagsOf(updated: unknown): readonly string[] {
  const tags = isRecord(updated) ? Object.keys(updated) : updated;
  if (!Array.isArray(tags))
    throw new HttpProblem(400, 'updated_tags is no list in the body: is this a push to a repository?');
  if (tags.length > MAX_TAGS) throw new HttpProblem(413, `updated_tags has more than ${MAX_TAGS} tags`);
  return tags.map((tag: unknown, index) => {
    if (typeof tag !== 'string') throw new HttpProblem(400, `updated_tags[${index}] is no text`);
    return tag;
  });
}
