/**
 * The CNCF distribution registry, and GitLab's, which is made of it: notifications with a header that you configure.
 * @see https://distribution.github.io/distribution/about/notifications/
 *
 * A push of one image sends a notification for every layer; only manifests are heard. What is not heard is answered 202,
 * for a registry keeps what was refused in memory and sends it again.
 */
import type { SenderConfig } from '../../../core/config/events/types.ts';
import { HttpProblem } from '../../../platform/http/problem.ts';
import { assertToken } from '../auth/tokens.ts';
import { jsonBody } from '../content.ts';
import { bySender, imageAt, nothingToDo, pushEvent, sourceOf } from '../events.ts';
import { neededList, textAt, timeOf } from '../payload.ts';
import type { Incoming, Receive } from '../sender.ts';

const manifestTypes: ReadonlySet<string> = new Set([
  'application/vnd.docker.distribution.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v1+prettyjws',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.oci.image.index.v1+json',
]);

export const receiveDistribution: Receive = async (request, sender, tools) => {
  await assertToken(request, { sender, tools });
  const manifests = neededList(jsonBody(request), 'events').filter(isManifestPush);
  if (manifests.length === 0) return nothingToDo('no manifest was pushed');
  return bySender(
    sender,
    manifests.map((one) => pushOf(one, sender)),
  );
};

const isManifestPush = (event: unknown): boolean =>
  textAt(event, 'action') === 'push' && manifestTypes.has(textAt(event, 'target.mediaType'));

/** One that cannot be read refuses none of the others. */
function pushOf(event: unknown, sender: SenderConfig): Incoming {
  const [id, host] = [textAt(event, 'id'), textAt(event, 'request.host') || hostOf(textAt(event, 'target.url'))];
  try {
    return pushEvent({
      id,
      source: host === '' ? sourceOf(sender) : `https://${host}`,
      time: timeOf(textAt(event, 'timestamp')),
      image: imageAt(sender, { host, repository: textAt(event, 'target.repository') }),
      tag: textAt(event, 'target.tag'),
      digest: textAt(event, 'target.digest'),
      original: event,
    });
  } catch (error) {
    if (!(error instanceof HttpProblem)) throw error;
    return { problem: { status: error.status, detail: error.message, at: 'events' } };
  }
}

const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).host : '');
