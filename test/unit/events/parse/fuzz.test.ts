/** Messages of strangers: whatever they send, the parser ends with events that keep every rule, or with problems that name a place. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { CloudEvent } from '../../../../core/events/cloud-event.ts';
import { parseEvents, type ParsedEvents } from '../../../../core/events/parse/parse.ts';
import { attributes, bytes, ceHeaders } from './messages.ts';

/** Inputs per mode. */
const numRuns = process.env['TIDEGATE_TESTS'] === 'full' ? 100_000 : 2_000;

const isRight = ({ specversion, id, source, type, extensions }: CloudEvent): boolean =>
  specversion === '1.0' &&
  [id, source, type].every((text) => text !== '' && text.isWellFormed()) &&
  Object.keys(extensions).every((name) => /^[a-z0-9]+$/.test(name) && name !== 'data');

function assertAnswered(parsed: ParsedEvents): void {
  const problems = parsed.kind === 'refused' ? [parsed.problem] : [];
  for (const one of parsed.kind === 'refused' ? [] : parsed.incoming) {
    if ('problem' in one) problems.push(one.problem);
    else if (!isRight(one.event)) throw new Error(`let in: ${JSON.stringify(one.event)}`);
  }
  for (const { status, detail } of problems)
    if (![400, 413, 415].includes(status) || detail === '' || detail.length > 2_000)
      throw new Error(`${status}: ${detail}`);
}

const names: fc.Arbitrary<string> = fc.constantFrom(
  'specversion',
  'id',
  'source',
  'type',
  'time',
  'subject',
  'datacontenttype',
  'dataschema',
  'data',
  'data_base64',
  'traceparent',
  '__proto__',
  'X-y',
);
const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({ maxLength: 12 }),
  fc.constantFrom(
    '1.0',
    '',
    '%',
    '%C0%A0',
    '"',
    '\\',
    '2024-02-30T00:00:00Z',
    'application/json',
    'text/plain',
    'AAA=',
    '\ud800',
  ),
);
const values = fc.oneof(texts, fc.integer(), fc.double(), fc.boolean(), fc.constant(null), fc.json({ maxDepth: 4 }));
const contentTypes = fc.oneof(
  fc.constantFrom(
    'application/json',
    'text/plain; charset=latin1',
    'application/octet-stream',
    'application/xml',
    'a/b;;',
    'a/b; c="',
  ),
  fc.string({ maxLength: 12 }),
);
const bodies = fc.oneof(fc.uint8Array({ maxLength: 64 }), fc.json().map(bytes), texts.map(bytes));

/** Right members with some of them replaced, dropped or added. */
const members = fc
  .tuple(fc.dictionary(names, values, { maxKeys: 4 }), fc.array(names, { maxLength: 1 }))
  .map(([changed, dropped]) =>
    Object.entries({ ...attributes, ...changed }).filter(([name]) => !dropped.includes(name)),
  );

/** JSON text that a few bytes were changed in. */
const mutated = (text: fc.Arbitrary<string>): fc.Arbitrary<Uint8Array> =>
  fc
    .tuple(text, fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 3 }))
    .map(([one, edits]) => {
      const body = bytes(one);
      for (const [at, byte] of edits) if (body.length > 0) body[at % body.length] = byte;
      return body;
    });

const objects = members.map((all) => JSON.stringify(Object.fromEntries(all)));

const check = (messages: fc.Arbitrary<Parameters<typeof parseEvents>[0]>): void => {
  let accepted = 0;
  fc.assert(
    fc.property(messages, (message) => {
      const parsed = parseEvents(message);
      assertAnswered(parsed);
      if (parsed.kind === 'events' && parsed.incoming.some((one) => 'event' in one)) accepted += 1;
    }),
    { numRuns },
  );
  // A fuzzer whose every input is refused at the first check would say nothing.
  expect(accepted).toBeGreaterThan(numRuns / 100);
};

describe('messages of strangers', () => {
  it('in binary mode', () => {
    const headers = fc
      .tuple(
        fc.dictionary(
          names.map((name): string => `ce-${name}`),
          texts,
          { maxKeys: 4 },
        ),
        fc.option(contentTypes),
      )
      .map(([changed, type]) => [
        ...Object.entries({ ...ceHeaders, ...changed }),
        ...(type === null ? [] : [['content-type', type] as const]),
      ]);
    check(fc.record({ headers, body: fc.oneof(bodies, fc.constant(new Uint8Array())) }));
  });

  it('in structured mode', () => {
    const headers = fc.constant([['content-type', 'application/cloudevents+json'] as const]);
    check(fc.record({ headers, body: mutated(objects) }));
  });

  it('in batched mode', () => {
    const headers = fc.constant([['content-type', 'application/cloudevents-batch+json'] as const]);
    check(
      fc.record({ headers, body: mutated(fc.array(objects, { maxLength: 4 }).map((all) => `[${all.join(',')}]`)) }),
    );
  });
});
