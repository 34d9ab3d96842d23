/** Messages that are right, to be made wrong one by one. */
import { parseEvents, type ParsedEvents } from '../../../../core/events/parse/parse.ts';
import type { CloudEvent } from '../../../../core/events/cloud-event.ts';
import type { Incoming, Problem } from '../../../../core/events/incoming.ts';

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

export const ceHeaders: Readonly<Record<string, string>> = {
  'ce-specversion': '1.0',
  'ce-id': 'a-1',
  'ce-source': '/ci/checkout',
  'ce-type': 'com.example.pushed',
};

export const attributes: Readonly<Record<string, unknown>> = {
  specversion: '1.0',
  id: 'a-1',
  source: '/ci/checkout',
  type: 'com.example.pushed',
};

export const binary = (headers: Readonly<Record<string, string>>, body: string | Uint8Array = ''): ParsedEvents =>
  parseEvents({ headers: Object.entries(headers), body: typeof body === 'string' ? bytes(body) : body });

export const structured = (value: unknown, contentType = 'application/cloudevents+json'): ParsedEvents =>
  parseEvents({
    headers: [['content-type', contentType]],
    body: bytes(typeof value === 'string' ? value : JSON.stringify(value)),
  });

export const batch = (value: unknown): ParsedEvents => structured(value, 'application/cloudevents-batch+json');

export const incomingOf = (parsed: ParsedEvents): readonly Incoming[] => {
  if (parsed.kind === 'refused') throw new Error(`refused: ${parsed.problem.detail}`);
  return parsed.incoming;
};

/** Of a message that holds one. */
export const eventOf = (parsed: ParsedEvents): CloudEvent => {
  const [one] = incomingOf(parsed);
  if (one === undefined || 'problem' in one) throw new Error(`no event: ${JSON.stringify(one)}`);
  return one.event;
};

export const problemIn = (parsed: ParsedEvents): Problem => {
  if (parsed.kind === 'refused') return parsed.problem;
  const [one] = parsed.incoming;
  if (one === undefined || 'event' in one) throw new Error(`no problem: ${JSON.stringify(one)}`);
  return one.problem;
};
