import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { canonical, canonicalJson, digestOf } from '../../../core/values/canonical.ts';
import { sha256Hex } from '../../../core/values/digest.ts';
import { withKeysReversed } from '../routing/records.ts';

const reference = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');

describe('sha256Hex', () => {
  it('agrees with the platform on any text, lone surrogates and block borders included', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => sha256Hex(text) === reference(text)),
    );
    for (const length of [0, 1, 55, 56, 63, 64, 65, 119, 120, 1_000]) {
      expect(sha256Hex('é'.repeat(length))).toBe(reference('é'.repeat(length)));
    }
    expect(sha256Hex('a\ud800b')).toBe(reference('a\ud800b'));
  });
});

describe('canonical JSON', () => {
  it('is JSON of the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonical(value)).toEqual(value);
      }),
    );
  });

  it('does not depend on the order of keys, not even of keys that look like numbers', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => digestOf(withKeysReversed(value)) === digestOf(value)));
    expect(canonicalJson({ b: 1, 10: 2, 9: 3 })).toBe('{"10":2,"9":3,"b":1}');
  });

  it('leaves undefined fields out, so that an absent and an undefined field have one digest', () => {
    expect(canonicalJson({ a: undefined, b: [undefined, 1] })).toBe('{"b":[null,1]}');
    expect(Object.keys(canonical({ a: undefined, b: 1 }))).toEqual(['b']);
  });
});
