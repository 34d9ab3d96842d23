/**
 * zot: CloudEvents of its own, with basic authentication. Its repositories have no host: the config says it.
 * @see https://zotregistry.dev/latest/articles/events/
 */
import type { SenderConfig } from '../../../core/config/events/types.ts';
import { assertToken } from '../auth/tokens.ts';
import { cloudEvents } from '../content.ts';
import { bySender, imageAt, pushEvent } from '../events.ts';
import { neededText, textAt } from '../payload.ts';
import type { Incoming, Receive } from '../sender.ts';

export const receiveZot: Receive = async (request, sender, tools) => {
  await assertToken(request, { sender, tools });
  return bySender(
    sender,
    cloudEvents(request).map((one) => pushOf(one, sender)),
  );
};

/** The beginning of the type may be configured there: `zotregistry.image.updated`. */
function pushOf(one: Incoming, sender: SenderConfig): Incoming {
  if ('problem' in one || !one.event.type.endsWith('.image.updated')) return one;
  const { id, source, time, data } = one.event;
  const reference = textAt(data, 'reference');
  return pushEvent({
    id,
    source,
    time,
    image: imageAt(sender, { host: '', repository: neededText(data, 'name') }),
    tag: reference.includes(':') ? '' : reference,
    digest: textAt(data, 'digest'),
    original: data,
  });
}
