/**
 * core/events/parse: an HTTP message → CloudEvents 1.0, or why not. Written here, since the official package lets invalid
 * events pass, invents ids (deduplication is then lost without a word) and loses data.
 *
 *   headers, body ──content type──► binary | structured | batch ──► per element { event } | { problem }
 *
 * Nothing is mended and nothing is made up: an id, a time or a type that is not there stays away. The body's size is
 * checked by who reads it; here it is checked once more, for senders that unpack something.
 */
import type { Incoming, Problem } from '../incoming.ts';
import { binaryEvent } from './binary-event.ts';
import { jsonEvent } from './json-event.ts';
import { readJson } from './json-text.ts';
import { eventLimits } from './limits.ts';
import { isUtf8, parseMediaType } from './media-type.ts';

export interface HttpMessage {
  /** Names in any case; the same name may come twice. */
  readonly headers: Iterable<readonly [name: string, value: string]>;
  readonly body: Uint8Array;
}

export type EventMode = 'binary' | 'structured' | 'batch';

export type ParsedEvents =
  | { readonly kind: 'events'; readonly mode: EventMode; readonly incoming: readonly Incoming[] }
  /** The message as a whole is none. */
  | { readonly kind: 'refused'; readonly problem: Problem };

export function parseEvents({ headers, body }: HttpMessage): ParsedEvents {
  const named = [...headers].map(([name, value]) => [name.toLowerCase(), value] as const);
  const [contentType, another] = named.filter(([name]) => name === 'content-type').map(([, value]) => value);
  if (body.length > eventLimits.bodyBytes)
    return refused(413, `the body has more than ${eventLimits.bodyBytes} bytes`, 'body');
  if (another !== undefined) return refused(400, 'Content-Type is sent twice', 'Content-Type');
  const type = contentType === undefined ? null : parseMediaType(contentType);
  if (contentType !== undefined && type === null) return refused(415, 'Content-Type is no media type', 'Content-Type');
  if (type?.essence.startsWith('application/cloudevents') !== true) return binary(named, { contentType, body });
  const isBatch = type.essence === 'application/cloudevents-batch+json';
  if (!isBatch && type.essence !== 'application/cloudevents+json')
    return refused(415, `${type.essence} is no event format that is understood: send JSON`, 'Content-Type');
  if (!isUtf8(type))
    return refused(415, 'Content-Type names a charset that JSON does not have: UTF-8 only', 'Content-Type');
  const read = readJson(body);
  if ('reason' in read) return refused(400, `the body ${read.reason}`, 'body');
  return isBatch ? batch(read.value) : { kind: 'events', mode: 'structured', incoming: [jsonEvent(read.value, '')] };
}

function binary(
  headers: readonly (readonly [string, string])[],
  { contentType, body }: { readonly contentType: string | undefined; readonly body: Uint8Array },
): ParsedEvents {
  const attributes = headers
    .filter(([name]) => name.startsWith('ce-'))
    .map(([name, value]) => [name.slice('ce-'.length), value] as const);
  if (attributes.length === 0)
    return refused(
      415,
      'this is no CloudEvent: it has neither ce- headers nor a content type of CloudEvents',
      'Content-Type',
    );
  if (contentType === undefined && body.length > 0)
    return refused(415, 'there is a body without a Content-Type', 'Content-Type');
  return { kind: 'events', mode: 'binary', incoming: [binaryEvent({ attributes, contentType, body })] };
}

function batch(value: unknown): ParsedEvents {
  if (!Array.isArray(value)) return refused(400, 'the body is no JSON list, as a batch is', 'body');
  if (value.length > eventLimits.batch)
    return refused(
      413,
      `the batch has ${value.length} events, more than ${eventLimits.batch}: send smaller ones`,
      'body',
    );
  return { kind: 'events', mode: 'batch', incoming: value.map((one, index) => jsonEvent(one, `[${index}]`)) };
}

const refused = (status: number, detail: string, at: string): ParsedEvents => ({
  kind: 'refused',
  problem: { status, detail, at },
});
