/** Structured mode: one event as a JSON object (JSON event format, 3). */
import { isRecord } from '../../values/json.ts';
import type { Incoming } from '../incoming.ts';
import { type AttributeValue, type Context, contextOf, faultsOf, problemOf } from './attributes.ts';
import { bytesOfBase64, dataOf, type ReadData } from './data.ts';
import { isJsonType, parseMediaType } from './media-type.ts';

/** @param within `[3]` = place in a batch; '' = it is the only one */
export function jsonEvent(value: unknown, within: string): Incoming {
  if (!isRecord(value)) return { problem: problemOf([{ at: '', reason: 'is no JSON object' }], within) };
  const { data_base64: base64, ...members } = value;
  const attributes = new Map(
    // An attribute that is null is not set.
    Object.entries(members).filter(([name, member]) => name !== 'data' && member !== null),
  );
  const faults = faultsOf(attributes);
  if (faults.length > 0) return { problem: problemOf(faults, within) };
  const context = contextOf(attributes as ReadonlyMap<string, AttributeValue>);
  const isGiven = Object.hasOwn(members, 'data');
  if (base64 === undefined || base64 === null)
    return isGiven ? withData(context, jsonData(members['data'], context), within) : { event: context };
  const data: ReadData = isGiven
    ? { fault: { at: 'data_base64', reason: 'is there beside data: an event has the one or the other' } }
    : encodedData(base64, context);
  return withData(context, data, within);
}

const withData = (context: Context, read: ReadData, within: string): Incoming =>
  'fault' in read ? { problem: problemOf([read.fault], within) } : { event: { ...context, ...read.data } };

/** Without a type, data is JSON; of another type it is text, written as a string. */
function jsonData(data: unknown, { datacontenttype }: Context): ReadData {
  const type = datacontenttype === undefined ? null : parseMediaType(datacontenttype);
  if (type === null || isJsonType(type) || typeof data === 'string') return { data: { data } };
  return { fault: { at: 'data', reason: `is no string, although ${type.essence} is not JSON` } };
}

/** The same bytes mean the same as in binary mode. */
function encodedData(base64: unknown, { datacontenttype }: Context): ReadData {
  const bytes = typeof base64 === 'string' ? bytesOfBase64(base64) : null;
  if (bytes === null) return { fault: { at: 'data_base64', reason: 'is no base64 (RFC 4648)' } };
  return dataOf(bytes, datacontenttype === undefined ? null : parseMediaType(datacontenttype));
}
