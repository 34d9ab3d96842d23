/**
 * Harbor: webhooks of a project, in its own format or as CloudEvents; the auth header comes as Authorization, as it is.
 * @see https://goharbor.io/docs/latest/working-with-projects/project-configuration/configure-webhooks/
 */
import type { SenderConfig } from '../../../core/config/events/types.ts';
import { assertToken } from '../auth/tokens.ts';
import { carriesCloudEvents, cloudEvents, jsonBody } from '../content.ts';
import { bySender, idOf, imageParts, pushEvent, saidEvent, sourceOf, typePart } from '../events.ts';
import { at, neededList, neededText, textAt, timeOfSeconds } from '../payload.ts';
import type { Incoming, Receive } from '../sender.ts';

export const receiveHarbor: Receive = async (request, sender, tools) => {
  await assertToken(request, { sender, tools });
  if (carriesCloudEvents(request))
    return bySender(
      sender,
      cloudEvents(request).flatMap((one) => pushesOfCloudEvent(one, sender)),
    );
  const payload = jsonBody(request);
  const [type, source] = [neededText(payload, 'type'), sourceOf(sender)];
  const [occurAt, data] = [at(payload, 'occur_at'), at(payload, 'event_data')];
  const time = timeOfSeconds(occurAt);
  if (type === 'PUSH_ARTIFACT')
    return bySender(sender, pushes(data, { sender, id: (resource) => idOf(type, occurAt, resource), source, time }));
  const subject = textAt(data, 'repository.repo_full_name') || undefined;
  const name = `io.goharbor.${typePart(type, 'type of the body').toLowerCase()}`;
  const id = idOf(type, occurAt, data);
  return bySender(sender, [saidEvent({ id, source, type: name, subject, time, data: payload })]);
};

/** One event may have several artifacts: their ids are made of its own. */
function pushesOfCloudEvent(one: Incoming, sender: SenderConfig): readonly Incoming[] {
  if ('problem' in one || one.event.type !== 'harbor.artifact.pushed') return [one];
  const { id, source, time, data } = one.event;
  const several = neededList(data, 'resources').length > 1;
  return pushes(data, { sender, id: (resource) => (several ? idOf(id, resource) : id), source, time });
}

function pushes(
  data: unknown,
  of: {
    readonly sender: SenderConfig;
    readonly id: (resource: unknown) => string;
    readonly source: string;
    readonly time: string | undefined;
  },
): readonly Incoming[] {
  return neededList(data, 'resources').map((resource) => {
    const { image } = imageParts(neededText(resource, 'resource_url'));
    const [host = '', ...path] = image.split('/');
    const { registry = host } = of.sender;
    const [tag, digest] = [textAt(resource, 'tag'), textAt(resource, 'digest')];
    return pushEvent({
      id: of.id(resource),
      source: of.source,
      time: of.time,
      image: [registry, ...path].join('/'),
      // An artifact without a tag is named by its digest.
      tag: tag.startsWith('sha256:') ? '' : tag,
      digest,
      original: data,
    });
  });
}
