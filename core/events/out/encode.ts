/** A CloudEvent as a request over HTTP (HTTP protocol binding 1.0.2), binary or structured. */
import type { CloudEvent } from '../cloud-event.ts';

export interface Message {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

function attributesOf(event: CloudEvent): Record<string, string> {
  const { specversion, id, source, type, subject, time, datacontenttype, extensions } = event;
  const given = Object.entries({ ...extensions, specversion, id, source, type, subject, time, datacontenttype });
  return Object.fromEntries(given.flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])));
}

export function structuredMessage(event: CloudEvent): Message {
  return {
    headers: { 'content-type': 'application/cloudevents+json; charset=utf-8' },
    body: JSON.stringify({ ...attributesOf(event), data: event.data }),
  };
}

export function binaryMessage(event: CloudEvent): Message {
  const { datacontenttype = 'application/json', ...attributes } = attributesOf(event);
  const headers = Object.entries(attributes).map(([name, value]) => [`ce-${name}`, percentEncoded(value)] as const);
  return {
    headers: { 'content-type': datacontenttype, ...Object.fromEntries(headers) },
    body: JSON.stringify(event.data),
  };
}

/** Section 3.1.3.2: everything but printable ASCII, and space, quote and percent of it. */
const percentEncoded = (text: string): string =>
  text
    .toWellFormed()
    .replace(/[^\x21\x23\x24\x26-\x7e]/gu, (one) =>
      one.codePointAt(0) === 0x20 ? '%20' : one === '"' ? '%22' : one === '%' ? '%25' : encodeURIComponent(one),
    );
