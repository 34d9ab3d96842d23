/** Sinks that take one request per event: CloudEvents over HTTP, chats, and webhooks with a text of the user's own. */
import type { ChatSink, GenericSink, HttpSink, SinkAddress } from '../../core/config/events/types.ts';
import type { CloudEvent } from '../../core/events/cloud-event.ts';
import { binaryMessage, structuredMessage, type Message } from '../../core/events/out/encode.ts';
import { genericMessage } from '../../core/events/out/formats/generic.ts';
import { slackMessage } from '../../core/events/out/formats/slack.ts';
import { teamsMessage } from '../../core/events/out/formats/teams.ts';
import type { Links } from '../../core/events/out/links.ts';
import { webhookHeaders } from '../../platform/http/webhook-signature.ts';
import { assertTaken } from './answers.ts';
import type { TellDeps } from './ports.ts';

export interface Telling {
  readonly event: CloudEvent;
  readonly links: Links;
}

type MessageSink = HttpSink | ChatSink | GenericSink;

export async function tellMessage(deps: TellDeps, sink: MessageSink, telling: Telling): Promise<void> {
  const { headers, body } = messageOf(sink, telling);
  const signed = await signatureOf(deps, sink, { id: telling.event.id, body });
  const url = await addressOf(deps, sink.to);
  const asked = { url, method: 'POST', headers: { ...headers, ...signed }, body } as const;
  assertTaken(sink.name, await deps.client.send(asked, deps.activity.signal()));
}

function messageOf(sink: MessageSink, { event, links }: Telling): Message {
  switch (sink.type) {
    case 'http':
      return sink.mode === 'binary' ? binaryMessage(event) : structuredMessage(event);
    case 'slack':
      return slackMessage(event, links);
    case 'teams':
      return teamsMessage(event, links);
    case 'generic':
      return genericMessage(event, sink);
  }
}

/** Chats check no signature: their address is the secret. */
async function signatureOf(
  { secret, nowMs }: TellDeps,
  sink: MessageSink,
  { id, body }: { readonly id: string; readonly body: string },
): Promise<Record<string, string>> {
  if (!('secrets' in sink)) return {};
  const secrets = await Promise.all(sink.secrets.map(secret));
  return webhookHeaders({ id, atMs: nowMs(), body }, secrets);
}

const addressOf = ({ secret }: TellDeps, to: SinkAddress): Promise<string> =>
  'url' in to ? Promise.resolve(to.url) : secret(to.from);
