/** What CloudEvents 1.0.2 and its JSON event format say an event MUST be. */
import { describe, expect, it } from '@jest/globals';
import { attributes, batch, binary, bytes, ceHeaders, eventOf, problemIn, structured } from './messages.ts';

const withValue = (name: string, value: unknown) => structured({ ...attributes, [name]: value });

describe('required attributes', () => {
  it.each(['specversion', 'id', 'source', 'type'])('%s MUST be there, and is never made up', (name) => {
    const headers = Object.fromEntries(Object.entries(ceHeaders).filter(([key]) => key !== `ce-${name}`));
    expect(problemIn(binary(headers))).toEqual({ status: 400, detail: `${name} is missing`, at: name });
    expect(problemIn(withValue(name, null))).toEqual({ status: 400, detail: `${name} is missing`, at: name });
  });

  it.each(['specversion', 'id', 'source', 'type', 'subject', 'time', 'datacontenttype', 'dataschema'])(
    '%s MUST be a non-empty string',
    (name) => {
      for (const value of ['', 7, true, {}, []]) expect(problemIn(withValue(name, value)).at).toBe(name);
    },
  );

  it('specversion MUST be 1.0', () => {
    for (const value of ['1.1', '0.3', '1', '1.0 '])
      expect(problemIn(withValue('specversion', value)).at).toBe('specversion');
  });

  it('source MUST be a URI-reference', () => {
    for (const value of [
      'urn:event:from:myapi/resource/123',
      'https://github.com/cloudevents',
      '/sensors/tn-1/alerts',
      '1-555-123-4567',
      'mailto:a@b.c',
      '//[::1]:80/x',
      '?q#f',
    ])
      expect(eventOf(withValue('source', value)).source).toBe(value);
    for (const value of ['a b', 'http://[::1', 'a#b#c', '1a:b', ':x', 'é', '%zz', 'a[1]', '<x>'])
      expect(problemIn(withValue('source', value)).at).toBe('source');
  });

  it('time MUST be a timestamp of RFC 3339, and an invalid one never becomes now', () => {
    for (const value of ['2018-04-05T03:56:24Z', '2024-02-29t03:56:24.123456789+01:30', '2016-12-31T23:59:60Z'])
      expect(eventOf(withValue('time', value)).time).toBe(value);
    for (const value of [
      '2018-04-05',
      '2018-13-05T03:56:24Z',
      '2023-02-29T00:00:00Z',
      '1900-02-29T00:00:00Z',
      '2018-04-05T24:00:00Z',
      '2018-04-05T03:56:24',
      '2018-04-05T03:56:24+24:00',
      'now',
    ])
      expect(problemIn(withValue('time', value)).at).toBe('time');
  });

  it('dataschema MUST be an absolute URI, datacontenttype a media type', () => {
    expect(problemIn(withValue('dataschema', 'schema.json')).at).toBe('dataschema');
    expect(eventOf(withValue('dataschema', 'https://a.b/s.json')).dataschema).toBe('https://a.b/s.json');
    expect(problemIn(withValue('datacontenttype', 'json')).at).toBe('datacontenttype');
  });
});

describe('names and values of attributes', () => {
  it('names MUST be small letters and digits, and none is called data', () => {
    for (const name of ['myExtension', 'my-extension', 'my_extension', 'é', '', '__proto__'])
      expect(
        problemIn(structured(`{"specversion":"1.0","id":"1","source":"s","type":"t",${JSON.stringify(name)}:"x"}`)).at,
      ).toBe(name);
    expect(problemIn(binary({ ...ceHeaders, 'ce-data': 'x' })).at).toBe('data');
    expect(problemIn(binary({ ...ceHeaders, 'ce-my-extension': 'x' })).at).toBe('my-extension');
  });

  it('a name that means something to JavaScript is a name like others', () => {
    const { extensions } = eventOf(structured({ ...attributes, constructor: 'x', validate: 'y' }));
    expect(extensions).toEqual({ constructor: 'x', validate: 'y' });
  });

  it('extensions are strings, booleans or integers of 32 bits', () => {
    const { extensions } = eventOf(structured({ ...attributes, a: 'x', b: false, c: -(2 ** 31), d: null }));
    expect(extensions).toEqual({ a: 'x', b: false, c: -(2 ** 31) });
    for (const value of [1.5, 2 ** 31, {}, ['x']]) expect(problemIn(withValue('ext', value)).at).toBe('ext');
  });

  it('strings MUST NOT have control characters, noncharacters or halves of surrogate pairs', () => {
    for (const value of ['a\u0000', 'a\n', '\u007f', '\u0085', '\ufdd0', '\uffff', '\u{1ffff}', '\ud800x'])
      for (const name of ['id', 'ext']) expect(problemIn(withValue(name, value)).at).toBe(name);
  });

  it('all that is wrong is told, the first five by name', () => {
    const wrong = structured({ specversion: '2', id: '', source: ' ', type: 1, time: 'x', A: 1, B: 2 });
    expect(problemIn(wrong).detail.split('; ')).toHaveLength(6);
    expect(problemIn(wrong).detail).toMatch(/2 more$/);
  });
});

describe('data', () => {
  it('keeps values that are falsy, and tells null from nothing', () => {
    for (const data of [0, false, '', null]) expect(eventOf(withValue('data', data))).toHaveProperty('data', data);
    expect(eventOf(structured(attributes))).not.toHaveProperty('data');
  });

  it('data and data_base64 MUST NOT both be there', () => {
    expect(problemIn(structured({ ...attributes, data: 1, data_base64: 'AA==' })).at).toBe('data_base64');
  });

  it('data_base64 MUST be base64 of RFC 4648, and its bytes are kept', () => {
    expect(eventOf(withValue('data_base64', 'AP8Q'))).toMatchObject({ dataBase64: 'AP8Q' });
    for (const value of ['AP8', 'AP8Q=', 'A-8Q', '!', 7])
      expect(problemIn(withValue('data_base64', value)).at).toBe('data_base64');
  });

  it('data of a type that is not JSON is text, and MUST be a string', () => {
    const text = { ...attributes, datacontenttype: 'text/xml' };
    expect(eventOf(structured({ ...text, data: '<a/>' })).data).toBe('<a/>');
    expect(problemIn(structured({ ...text, data: { a: 1 } })).at).toBe('data');
  });

  it('the same bytes mean the same in both modes', () => {
    for (const [type, body] of [
      ['application/json', '{"a":[1,"é"]}'],
      ['application/vnd.x+json; charset=utf-8', '0'],
      ['text/plain', 'é'],
      ['text/plain; charset=iso-8859-1', 'x'],
      ['application/octet-stream', '\u0000x'],
    ] as const) {
      const base64 = Buffer.from(body).toString('base64');
      const other = eventOf(structured({ ...attributes, datacontenttype: type, data_base64: base64 }));
      expect(eventOf(binary({ ...ceHeaders, 'content-type': type }, body))).toEqual(other);
    }
  });

  it('says JSON and is none: refused at data; says text and is no UTF-8: stays bytes', () => {
    const json = { ...ceHeaders, 'content-type': 'application/json' };
    expect(problemIn(binary(json, '{'))).toMatchObject({ status: 400, at: 'data' });
    expect(problemIn(binary(json, new Uint8Array([0xff])))).toMatchObject({ at: 'data' });
    expect(eventOf(binary({ ...ceHeaders, 'content-type': 'text/plain' }, new Uint8Array([0xff])))).toMatchObject({
      dataBase64: '/w==',
    });
  });

  it('of a key that is there twice nobody knows what was signed: refused, however it is spelled', () => {
    expect(problemIn(structured('{"specversion":"1.0","id":"1","id":"2","source":"s","type":"t"}'))).toMatchObject({
      status: 400,
      at: 'body',
    });
    const json = { ...ceHeaders, 'content-type': 'application/json' };
    expect(problemIn(binary(json, '{"a":{"b":1,"\\u0062":2}}')).detail).toContain('"b" twice');
    expect(eventOf(binary(json, '[{"a":"a\\"","b":[{"a":1},"b"]},{"a":1}]')).data).toHaveLength(2);
  });
});

describe('sizes', () => {
  it('an event of 64 KiB MUST pass, in every mode', () => {
    const data = 'x'.repeat(65_536);
    expect(eventOf(withValue('data', data)).data).toBe(data);
    expect(eventOf(batch([{ ...attributes, data }])).data).toBe(data);
    expect(eventOf(binary({ ...ceHeaders, 'content-type': 'text/plain' }, data)).data).toBe(data);
  });

  it('64 levels pass and 65 do not; a body of brackets ends at once', () => {
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
    const json = { ...ceHeaders, 'content-type': 'application/json' };
    expect(eventOf(binary(json, nested(64)))).toHaveProperty('data');
    expect(problemIn(binary(json, nested(65)))).toMatchObject({ status: 400, at: 'data' });
    expect(problemIn(structured('['.repeat(1_000_000)))).toMatchObject({ status: 400, at: 'body' });
  });

  it('more than 1 MiB is too large', () => {
    expect(problemIn(binary(ceHeaders, bytes('x'.repeat(1_048_577))))).toMatchObject({ status: 413 });
  });

  it('at most 50 extensions', () => {
    const many = Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`e${i}`, 'x']));
    expect(problemIn(structured({ ...attributes, ...many })).detail).toContain('more than 50 extension attributes');
  });
});
