/**
 * JFrog Artifactory: webhooks of the domain docker, with "use secret for payload signing".
 * @see https://jfrog.com/help/r/jfrog-platform-administration-documentation/domain-docker
 */
import { assertHexHmac } from '../auth/hmac.ts';
import { jsonBody } from '../content.ts';
import { bySender, idOfBody, imageAt, pushEvent, saidEvent, sourceOf, typePart } from '../events.ts';
import { neededText, textAt } from '../payload.ts';
import type { Receive } from '../sender.ts';

export const receiveArtifactory: Receive = async (request, sender, tools) => {
  await assertHexHmac(request, { sender, tools, signature: { header: 'X-JFrog-Event-Auth', prefix: '' } });
  const payload = jsonBody(request);
  const [domain, event] = [neededText(payload, 'domain'), neededText(payload, 'event_type')];
  const origin = textAt(payload, 'jpd_origin');
  const source = origin || sourceOf(sender);
  // It gives neither id nor time; the body of another push has another digest.
  const id = idOfBody(request);
  if (domain !== 'docker' || event !== 'pushed') {
    const type = `com.jfrog.artifactory.${typePart(domain, 'domain')}.${typePart(event, 'event_type')}`;
    return bySender(sender, [saidEvent({ id, source, type, data: payload })]);
  }
  const host = URL.canParse(origin) ? new URL(origin).host : '';
  const name = neededText(payload, 'data.image_name');
  // With a registry of our own it names the repository, too: `acme.jfrog.io/docker`.
  const repository = sender.registry === undefined ? `${neededText(payload, 'data.repo_key')}/${name}` : name;
  const image = imageAt(sender, { host, repository });
  const sha256 = textAt(payload, 'data.sha256');
  const digest = sha256 === '' ? '' : `sha256:${sha256}`;
  const tag = textAt(payload, 'data.tag');
  return bySender(sender, [pushEvent({ id, source, time: undefined, image, tag, digest, original: payload })]);
};
