/**
 * Azure Container Registry: webhooks with a custom header that you set. Types are those of Event Grid.
 * @see https://learn.microsoft.com/azure/container-registry/container-registry-webhook-reference
 */
import { assertToken } from '../auth/tokens.ts';
import { jsonBody } from '../content.ts';
import { bySender, imageAt, pong, pushEvent, saidEvent, sourceOf } from '../events.ts';
import { neededText, textAt, timeOf } from '../payload.ts';
import type { Receive } from '../sender.ts';

const types: Readonly<Record<string, string>> = {
  delete: 'Microsoft.ContainerRegistry.ImageDeleted',
  chart_push: 'Microsoft.ContainerRegistry.ChartPushed',
  chart_delete: 'Microsoft.ContainerRegistry.ChartDeleted',
};

export const receiveAzureContainerRegistry: Receive = async (request, sender, tools) => {
  await assertToken(request, { sender, tools });
  const payload = jsonBody(request);
  const [id, action] = [neededText(payload, 'id'), neededText(payload, 'action')];
  if (action === 'ping') return pong();
  const host = textAt(payload, 'request.host');
  const source = host === '' ? sourceOf(sender) : `https://${host}`;
  const time = timeOf(textAt(payload, 'timestamp'));
  const repository = textAt(payload, 'target.repository');
  const [tag, digest] = [textAt(payload, 'target.tag'), textAt(payload, 'target.digest')];
  if (action === 'push')
    return bySender(sender, [
      pushEvent({ id, source, time, image: imageAt(sender, { host, repository }), tag, digest, original: payload }),
    ]);
  const type = types[action] ?? 'Microsoft.ContainerRegistry.Other';
  return bySender(sender, [saidEvent({ id, source, type, subject: repository || undefined, time, data: payload })]);
};
