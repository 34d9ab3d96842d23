/** EventBridge's envelope: id, source and time are the event's own. */
import type { SenderConfig } from '../../../core/config/events/types.ts';
import { imageAt, pushEvent, saidEvent } from '../events.ts';
import { neededText, textAt, timeOf } from '../payload.ts';
import type { Incoming } from '../sender.ts';

/** @throws HttpProblem 400 */
export function eventOfEnvelope(envelope: unknown, sender: SenderConfig): Incoming {
  const [id, source] = [neededText(envelope, 'id'), neededText(envelope, 'source')];
  const detailType = neededText(envelope, 'detail-type');
  const time = timeOf(textAt(envelope, 'time'));
  const repository = textAt(envelope, 'detail.repository-name');
  if (isPush(envelope, { source, detailType }))
    return pushEvent({
      id,
      source,
      time,
      image: imageAt(sender, { host: registryOf(envelope), repository }),
      tag: textAt(envelope, 'detail.image-tag'),
      digest: textAt(envelope, 'detail.image-digest'),
      original: envelope,
    });
  const kind = detailType.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  const type = `com.amazonaws.${kind.replace(/^ecr-/, 'ecr.')}`;
  return saidEvent({ id, source, type, subject: repository || undefined, time, data: envelope });
}

const isPush = (envelope: unknown, { source, detailType }: { source: string; detailType: string }): boolean =>
  source === 'aws.ecr' &&
  detailType === 'ECR Image Action' &&
  textAt(envelope, 'detail.action-type') === 'PUSH' &&
  textAt(envelope, 'detail.result') === 'SUCCESS';

/** Clouds of China have a domain of their own. */
function registryOf(envelope: unknown): string {
  const region = neededText(envelope, 'region');
  const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  return `${neededText(envelope, 'account')}.dkr.ecr.${region}.${domain}`;
}
