/** Binary mode: attributes in `ce-` headers, the body is the data (HTTP binding, 3.1). */
import type { Incoming } from '../incoming.ts';
import { type Fault, contextOf, faultsOf, problemOf } from './attributes.ts';
import { dataOf } from './data.ts';
import { decodeHeaderValue } from './header-value.ts';
import { parseMediaType } from './media-type.ts';

export interface BinaryMessage {
  /** Those that begin with `ce-`: name without it, in small letters. */
  readonly attributes: readonly (readonly [name: string, written: string])[];
  /** undefined: there is no such header. */
  readonly contentType: string | undefined;
  readonly body: Uint8Array;
}

export function binaryEvent({ attributes, contentType, body }: BinaryMessage): Incoming {
  const faults: Fault[] = [];
  const values = new Map<string, string>();
  for (const [name, written] of attributes) {
    const decoded = decodeHeaderValue(written);
    if (name === 'datacontenttype')
      faults.push({ at: name, reason: 'is sent as a header of its own: Content-Type says it in binary mode' });
    else if (values.has(name)) faults.push({ at: name, reason: 'is sent twice' });
    else if ('reason' in decoded) faults.push({ at: name, reason: decoded.reason });
    values.set(name, 'value' in decoded ? decoded.value : '-');
  }
  values.delete('datacontenttype');
  if (contentType !== undefined) values.set('datacontenttype', contentType);
  // What could not be decoded is told once.
  const told = new Set(faults.map(({ at }) => at));
  faults.push(...faultsOf(values).filter(({ at }) => !told.has(at)));
  if (faults.length > 0) return { problem: problemOf(faults, '') };
  const context = contextOf(values);
  if (body.length === 0) return { event: context };
  const read = dataOf(body, contentType === undefined ? null : parseMediaType(contentType));
  return 'fault' in read ? { problem: problemOf([read.fault], '') } : { event: { ...context, ...read.data } };
}
