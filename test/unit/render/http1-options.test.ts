import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { everyWordBut } from '../../../core/render/cilium-envoy/http1-options.ts';

/** Envoy's regexes match whole values. */
const matches = (word: string, value: string): boolean => new RegExp(`^(?:${everyWordBut(word)})$`).test(value);

describe('everyWordBut', () => {
  it('matches all but the word in any case: its upgrade alone reaches the app', () => {
    for (const value of ['websocket', 'WebSocket', 'WEBSOCKET']) expect(matches('websocket', value)).toBe(false);
    for (const value of ['TLS/1.2', 'h2c', 'w', 'websocke', 'websockets', 'websocket/2', 'xwebsocket', 'tls'])
      expect(matches('websocket', value)).toBe(true);
  });

  it('agrees with a comparison, whatever the word and the value', () => {
    const text = fc.stringMatching(/^[abAB]{0,5}$/);
    const property = fc.property(fc.stringMatching(/^[ab]{1,4}$/), text, (word, value) => {
      expect(matches(word, value)).toBe(value.toLowerCase() !== word);
    });
    fc.assert(property, { numRuns: 500 });
  });
});
