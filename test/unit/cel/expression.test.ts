import { describe, expect, test } from '@jest/globals';
import { compileExpression } from '../../../core/cel/expression.ts';
import { TidegateError } from '../../../core/values/error.ts';

const event = {
  type: 'dev.tidegate.image.pushed',
  data: { tag: 'v1.2.3', n: 1, list: Array.from({ length: 2_000 }, (_, i) => i), text: `${'a'.repeat(20_000)}!` },
};

const refusal = (work: () => unknown): TidegateError => {
  try {
    work();
  } catch (error) {
    if (error instanceof TidegateError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
};

const valueOf = (text: string, variables: Record<string, unknown> = { event }): unknown =>
  compileExpression(text).evaluate(variables);

describe('an expression', () => {
  test.each([
    ['event.type == "dev.tidegate.image.pushed"', true],
    ['event.data.tag.matches("^v[0-9]+[.]")', true],
    ['event.data.tag.substring(1)', '1.2.3'],
    ['has(event.data.digest)', false],
    ['event.data.n + 1.0', 2],
    ['int(event.data.n) + 1', 2],
    ['event.data.n > 0 ? "yes" : "no"', 'yes'],
    ['{"tags": [event.data.tag, null], "n": size(event.data.list)}', { tags: ['v1.2.3', null], n: 2_000 }],
    ['event.data.list.exists(x, x == 1999.0)', true],
    ['event.data.constructor.name', 'of JSON'],
  ])('%s is JSON', (text, value) => {
    const data = { ...event.data, constructor: { name: 'of JSON' } };
    expect(valueOf(text, { event: { ...event, data } })).toEqual(value);
  });

  test('that is no CEL is refused with the place', () => {
    const error = refusal(() => compileExpression('event.type == "a" &&\n event.type = "b"'));
    expect(error.message).toContain('at line 2, column 13');
    expect(error.code).toBe('Invalid');
  });

  test.each([
    ['an empty text', '', 'is empty'],
    ['an open quote', '"', 'at line 1, column 1'],
    ['a long text', 'a'.repeat(3_000), 'at most 2000'],
    ['brackets', `${'('.repeat(41)}1${')'.repeat(41)}`, 'brackets within each other at line 1, column 41'],
    ['signs', `${'!'.repeat(900)}true`, 'signs in a row at line 1, column 1'],
    ['a long sum', `1${'+1'.repeat(990)}`, 'nested too deep'],
  ])('of %s is refused', (_, text, why) => {
    expect(refusal(() => compileExpression(text)).message).toContain(why);
  });

  test('adds no whole number to a number of JSON, and the remedy says how', () => {
    const error = refusal(() => valueOf('event.data.n + 1'));
    expect(error.message).toContain('at line 1, column 14');
    expect(error.fix).toContain('n + 1.0');
  });

  test('names the field that is not there, and the remedy asks for it first', () => {
    const error = refusal(() => valueOf('event.data.digest == ""'));
    expect(error.message).toContain('digest');
    expect(error.fix).toContain('has(');
  });

  test.each([
    ['a time', 'timestamp("2026-01-01T00:00:00Z")'],
    ['bytes', 'b"abc"'],
    ['a number too large for JSON', '9223372036854775807'],
    ['a key that is no text', '{1: 2}'],
  ])('with %s as value is refused, and never turned into something else', (_, text) => {
    expect(refusal(() => valueOf(text)).fix).toContain('string(');
  });

  test('can be evaluated again after a refusal: the work of one is not charged to the next', () => {
    const expression = compileExpression('event.list.all(x, event.list.exists(y, y == -1.0) || true)');
    expect(() => expression.evaluate({ event: { list: event.data.list } })).toThrow('too much work');
    expect(expression.evaluate({ event: { list: [1, 2, 3] } })).toBe(true);
  });
});

describe('a malicious filter or event', () => {
  const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);
  const cases: [string, string, unknown][] = [
    ['a filter over 2 000 × 2 000', 'event.data.list.filter(x, event.data.list.filter(y, y == x).size() > 0)', event],
    ['errors that a loop swallows', 'event.data.list.all(x, event.data.list.exists(y, y == -1.0) || true)', event],
    ['a membership in every turn', 'event.data.list.all(x, x in event.data.list)', event],
    ['a comparison of everything in every turn', 'event.data.list.all(x, event == event)', event],
    ['texts that double', `["aaaaaaaaaaaaaaaa"]${'.map(a, a + a)'.repeat(40)}`, event],
    ['lists that double', `[[1, 2, 3, 4]]${'.map(a, a + a)'.repeat(40)}`, event],
    ['long lists mapped twice', 'event.data.list.map(x, x * 2.0).map(x, x + 1.0)', event],
    ['a pattern of the event', 'event.data.list.all(x, event.data.text.matches(event.data.text))', event],
    [
      'a long text against a pattern in every turn',
      'event.data.list.all(x, !event.data.text.matches("^(a+)+$"))',
      event,
    ],
    ['an event nested 5 000 deep', 'event == 1', nested(5_000)],
    ['an event of 60 000 values', 'event == 1', Array.from({ length: 60_000 }, () => 1)],
  ];

  // A hang, not a figure: each takes 5 to 30 ms, as jest prints; 100 ms is promised.
  const HANG_MS = 2_000;

  test.each(cases)('%s ends soon, refused with the expression', (_, text, given) => {
    const expression = compileExpression(text);
    expect(() => compileExpression('event.a').evaluate({ event: { a: 1 } })).not.toThrow();
    const began = process.cpuUsage();
    const error = refusal(() => expression.evaluate({ event: given }));
    const { user, system } = process.cpuUsage(began);
    expect(error.message).toContain(text.slice(0, 40));
    expect((user + system) / 1_000).toBeLessThan(HANG_MS);
  });

  test('ReDoS ends soon, with the right answer', () => {
    const expression = compileExpression('event.data.text.matches("^(a+)+$")');
    const began = process.cpuUsage();
    expect(expression.evaluate({ event })).toBe(false);
    expect(process.cpuUsage(began).user / 1_000).toBeLessThan(HANG_MS);
  });
});
