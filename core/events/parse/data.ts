/** The data of an event: a JSON value where its type says JSON, text where it is some, else its bytes in base64. */
import type { CloudEvent } from '../cloud-event.ts';
import type { Fault } from './attributes.ts';
import { readJson } from './json-text.ts';
import { isJsonType, isTextType, isUtf8, type MediaType } from './media-type.ts';

export type EventData = Pick<CloudEvent, 'data' | 'dataBase64'>;
export type ReadData = { readonly data: EventData } | { readonly fault: Fault };

/** @param type null = the event does not say */
export function dataOf(bytes: Uint8Array, type: MediaType | null): ReadData {
  if (type !== null && isJsonType(type)) {
    if (!isUtf8(type))
      return { fault: { at: 'datacontenttype', reason: 'names a charset that JSON does not have: UTF-8 only' } };
    const read = readJson(bytes);
    return 'reason' in read ? { fault: { at: 'data', reason: read.reason } } : { data: { data: read.value } };
  }
  const text = type !== null && isTextType(type) && isUtf8(type) ? textOf(bytes) : null;
  return { data: text === null ? { dataBase64: base64Of(bytes) } : { data: text } };
}

/** null: these bytes are no UTF-8, whatever their type says. Nothing is lost then: they stay bytes. */
function textOf(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** As many arguments as a call takes without harm. */
const CHUNK = 8_192;

function base64Of(bytes: Uint8Array): string {
  let text = '';
  for (let from = 0; from < bytes.length; from += CHUNK)
    text += String.fromCharCode(...bytes.subarray(from, from + CHUNK));
  return btoa(text);
}

/** null: it is no base64 (RFC 4648, with its padding). */
export function bytesOfBase64(text: string): Uint8Array | null {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return null;
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
