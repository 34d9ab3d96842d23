/** The context attributes of one event, whichever way they came: named, typed and present as the specification says. */
import { shortened } from '../../config/problem.ts';
import { present } from '../../values/json.ts';
import type { CloudEvent } from '../cloud-event.ts';
import type { Problem } from '../incoming.ts';
import { isAttributeText, isTimestamp, isUri, isUriReference } from './grammar.ts';
import { eventLimits } from './limits.ts';
import { parseMediaType } from './media-type.ts';

export interface Fault {
  /** Name of the attribute, as the specification writes it. */
  readonly at: string;
  /** `is missing`, … */
  readonly reason: string;
}

export type AttributeValue = string | number | boolean;

/** All that an event has beside its data. */
export type Context = Omit<CloudEvent, 'data' | 'dataBase64'>;

const required = ['specversion', 'id', 'source', 'type'] as const;

/** What else a text must be; '' = it is. */
const rules: Readonly<Record<string, (text: string) => string>> = {
  specversion: (text) => (text === '1.0' ? '' : `is ${JSON.stringify(shortened(text, 20))}: only 1.0 is understood`),
  id: () => '',
  source: (text) => (isUriReference(text) ? '' : 'is no URI-reference (RFC 3986)'),
  type: () => '',
  subject: () => '',
  time: (text) => (isTimestamp(text) ? '' : 'is no timestamp of RFC 3339: write 2026-11-28T06:00:00Z'),
  datacontenttype: (text) => (parseMediaType(text) === null ? 'is no media type (RFC 2046)' : ''),
  dataschema: (text) => (isUri(text) ? '' : 'is no absolute URI (RFC 3986)'),
};

/** A 32-bit number is CloudEvents' only one. */
const isInteger = (value: number): boolean => Number.isInteger(value) && value >= -(2 ** 31) && value < 2 ** 31;

function faultOfName(name: string): string {
  if (name === 'data') return 'is reserved for the data: no attribute may have that name';
  return /^[a-z0-9]+$/.test(name) ? '' : 'is no name of an attribute: small letters a to z and digits only';
}

function faultOfValue(name: string, value: unknown): string {
  const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
  if (typeof value === 'string') {
    if (!isAttributeText(value)) return 'has a control character, or what is no character of Unicode';
    if (rule === undefined) return '';
    return value === '' ? 'is empty' : rule(value);
  }
  if (rule !== undefined) return 'is no string';
  if (typeof value === 'boolean' || (typeof value === 'number' && isInteger(value))) return '';
  return 'must be a string, a boolean or an integer of 32 bits';
}

export const faultsOf = (attributes: ReadonlyMap<string, unknown>): readonly Fault[] => {
  const faults = required.filter((name) => !attributes.has(name)).map((at): Fault => ({ at, reason: 'is missing' }));
  for (const [at, value] of attributes) {
    const reason = faultOfName(at) || faultOfValue(at, value);
    if (reason !== '') faults.push({ at: shortened(at), reason });
  }
  const extensions = [...attributes.keys()].filter((name) => !Object.hasOwn(rules, name)).length;
  if (extensions > eventLimits.extensions)
    faults.push({ at: '', reason: `there are more than ${eventLimits.extensions} extension attributes` });
  return faults;
};

/** Of attributes without faults. */
export function contextOf(attributes: ReadonlyMap<string, AttributeValue>): Context {
  const text = (name: string): string | undefined => {
    const value = attributes.get(name);
    return typeof value === 'string' ? value : undefined;
  };
  return {
    specversion: '1.0',
    id: text('id') ?? '',
    source: text('source') ?? '',
    type: text('type') ?? '',
    ...present({
      subject: text('subject'),
      time: text('time'),
      datacontenttype: text('datacontenttype'),
      dataschema: text('dataschema'),
    }),
    extensions: Object.fromEntries([...attributes].filter(([name]) => !Object.hasOwn(rules, name))),
  };
}

/** More of them help nobody, and what is wrong may be as large as the body. */
const MOST_TOLD = 5;

/** All faults in one sentence; `within` says which element of a batch has them (`[3]`; '' = the only one). */
export function problemOf(faults: readonly Fault[], within: string): Problem {
  const placed = ({ at }: Fault): string => [within, at].filter((part) => part !== '').join('.');
  const told = faults.slice(0, MOST_TOLD).map((fault) => `${placed(fault) || 'the event'} ${fault.reason}`);
  const more = faults.length > MOST_TOLD ? [`${faults.length - MOST_TOLD} more`] : [];
  const [first] = faults;
  return { status: 400, detail: [...told, ...more].join('; '), at: first === undefined ? within : placed(first) };
}
