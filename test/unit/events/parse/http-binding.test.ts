/** Each MUST of the HTTP protocol binding of CloudEvents 1.0.2, by its section. */
import { describe, expect, it } from '@jest/globals';
import { parseEvents } from '../../../../core/events/parse/parse.ts';
import { attributes, batch, binary, bytes, ceHeaders, eventOf, incomingOf, problemIn, structured } from './messages.ts';

const withHeader = (name: string, value: string) => binary({ ...ceHeaders, [name]: value });

describe('the HTTP binding, 1.4: all implementations MUST support the JSON event format', () => {
  it('takes it as application/cloudevents+json, whatever the case, white space and parameters of the header', () => {
    for (const type of [
      'application/cloudevents+json',
      'Application/CloudEvents+JSON',
      'application/cloudevents+json;charset=utf-8',
      'application/cloudevents+json ; charset=UTF-8',
      'application/cloudevents+json; charset="utf-8"; v=1',
    ])
      expect(eventOf(structured(attributes, type)).id).toBe('a-1');
  });

  it('answers another format, another charset and what is no media type as not understood', () => {
    for (const type of [
      'application/cloudevents+avro',
      'application/cloudevents',
      'application/cloudevents-batch+xml',
      'application/cloudevents+json; charset=utf-16',
      'cloudevents',
      'application/cloudevents+json; charset',
    ])
      expect(problemIn(structured(attributes, type))).toMatchObject({ status: 415, at: 'Content-Type' });
  });
});

describe('the HTTP binding, 3.1.1: Content-Type MUST be read as datacontenttype', () => {
  it('in binary mode', () => {
    const event = eventOf(binary({ ...ceHeaders, 'content-type': 'application/json; charset=utf-8' }, '{"n":0}'));
    expect(event).toMatchObject({ datacontenttype: 'application/json; charset=utf-8', data: { n: 0 } });
  });

  it('and a ce-datacontenttype header MUST NOT also be present', () => {
    expect(problemIn(withHeader('ce-datacontenttype', 'text/plain'))).toMatchObject({
      status: 400,
      at: 'datacontenttype',
    });
  });
});

describe('the HTTP binding, 3.1.3: all other attributes MUST be mapped from distinct headers', () => {
  it('extensions included, with the prefix ce-, in any case', () => {
    const event = eventOf(binary({ ...ceHeaders, 'CE-TraceParent': '00-a-b-01', 'Ce-Subject': 'checkout' }));
    expect(event).toMatchObject({ subject: 'checkout', extensions: { traceparent: '00-a-b-01' } });
  });

  it('so the same one twice is refused by name', () => {
    const headers = [...Object.entries(ceHeaders), ['CE-ID', 'b'] as const];
    expect(problemIn(parseEvents({ headers, body: bytes('') }))).toMatchObject({ status: 400, at: 'id' });
  });

  it('and headers without the prefix are none', () => {
    expect(eventOf(withHeader('x-extra', '1')).extensions).toEqual({});
  });
});

describe('the HTTP binding, 3.1.3.2: header values', () => {
  const subjectOf = (written: string): unknown => eventOf(withHeader('ce-subject', written)).subject;

  it('a value MUST first be unescaped with respect to double-quoted strings, backslash escapes included', () => {
    expect(subjectOf('"a b"')).toBe('a b');
    expect(subjectOf('"say \\"no\\" \\\\"')).toBe('say "no" \\');
    expect(subjectOf('x"y z"')).toBe('xy z');
    expect(problemIn(withHeader('ce-subject', '"open'))).toMatchObject({ status: 400, at: 'subject' });
  });

  it('a single round of percent-decoding MUST then be performed', () => {
    expect(subjectOf('%2541')).toBe('%41');
    expect(subjectOf('"%41"')).toBe('A');
  });

  it('decoding MUST accept lower-case digits, and what was encoded without need', () => {
    expect(subjectOf('%c3%a9%61')).toBe('éa');
  });

  it('a surrogate pair MUST be treated as one character: the example of the specification', () => {
    expect(subjectOf('Euro%20%E2%82%AC%20%F0%9F%98%80')).toBe('Euro € 😀');
  });

  it('bytes that are invalid in UTF-8 MUST be rejected', () => {
    for (const written of ['%C0%A0', '%FF', '%E2%82', '%ED%A0%80'])
      expect(problemIn(withHeader('ce-subject', written))).toMatchObject({ status: 400, at: 'subject' });
  });

  it('headers MUST only use printable ASCII, and a % stands for nothing but an escape', () => {
    for (const written of ['é', 'a\u0001b', '100%', '%4', '%zz'])
      expect(problemIn(withHeader('ce-subject', written))).toMatchObject({ status: 400, at: 'subject' });
  });

  it('an escape brings no control character in', () => {
    for (const written of ['%00', '%0A', '%7F', '%C2%85', '%EF%BF%BF'])
      expect(problemIn(withHeader('ce-subject', written))).toMatchObject({ status: 400, at: 'subject' });
  });
});

describe('the HTTP binding, 3.2: structured mode', () => {
  it('all attributes MUST be in the payload: headers beside it are not read', () => {
    const parsed = parseEvents({
      headers: [...Object.entries(ceHeaders), ['content-type', 'application/cloudevents+json']],
      body: bytes('{"specversion":"1.0","id":"in","source":"s","type":"t"}'),
    });
    expect(eventOf(parsed).id).toBe('in');
    const bare = parseEvents({
      headers: [...Object.entries(ceHeaders), ['content-type', 'application/cloudevents+json']],
      body: bytes('{}'),
    });
    expect(problemIn(bare).detail).toBe('specversion is missing; id is missing; source is missing; type is missing');
  });
});

describe('the HTTP binding, 3.3: batched mode', () => {
  it('the JSON batch format MUST be supported, and a batch MAY be empty', () => {
    expect(incomingOf(batch([]))).toEqual([]);
    expect(incomingOf(batch([attributes, { ...attributes, id: 'a-2' }]))).toHaveLength(2);
    expect(problemIn(batch(attributes))).toMatchObject({ status: 400, at: 'body' });
  });

  it('all events MUST have the same specversion: another one is refused in its place, and the others are taken', () => {
    const [first, second, third] = incomingOf(batch([attributes, { ...attributes, specversion: '0.3' }, 7]));
    expect(first).toHaveProperty('event');
    expect(second).toMatchObject({ problem: { status: 400, at: '[1].specversion' } });
    expect(third).toMatchObject({ problem: { status: 400, at: '[2]' } });
  });

  it('more than 1000 events are too many', () => {
    expect(problemIn(batch(Array.from({ length: 1001 }, () => attributes)))).toMatchObject({ status: 413 });
    expect(incomingOf(batch(Array.from({ length: 1000 }, () => attributes)))).toHaveLength(1000);
  });
});

describe('what is no CloudEvent', () => {
  it('is a format that is not understood', () => {
    expect(problemIn(binary({ 'content-type': 'application/json' }, '{}'))).toMatchObject({ status: 415 });
    expect(problemIn(binary(ceHeaders, 'bytes of no type'))).toMatchObject({ status: 415 });
  });
});
