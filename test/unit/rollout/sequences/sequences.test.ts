/** Up to twelve operations on a service, in any order: from wherever they lead, a change is possible again. */
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { isFull } from '../../../support/full.ts';
import { known } from './known.ts';
import { mended } from './mended.ts';
import { calmSteps, someSteps } from './operations.ts';
import { findings } from './settle.ts';

const titleOf = (fault: number, what: string): string => (fault === 0 ? what : `fault ${String(fault)}: ${what}`);

describe('sequences of operations', () => {
  it('break no rule but those that are known to be broken', () => {
    const broken = new Set(known.map(({ rule }) => rule));
    fc.assert(
      fc.property(fc.boolean(), fc.boolean(), someSteps, (adopted, stays, steps) => {
        const found = [...findings({ adopted, stays, steps })].filter((rule) => !broken.has(rule));
        if (found.length > 0) throw new Error(found.join('; '));
      }),
      { numRuns: isFull ? 20_000 : 6_000 },
    );
  });
});

describe('sequences of a calm life', () => {
  it('break no rule at all', () => {
    fc.assert(
      fc.property(fc.boolean(), calmSteps, (stays, steps) => {
        expect([...findings({ stays, steps })]).toEqual([]);
      }),
      { numRuns: 3_000 },
    );
  });
});

describe('rules that are known to be broken', () => {
  // One that is kept now fails here: move it to `mended`.
  it.failing.each(known.map((one) => [titleOf(one.fault, one.what), one] as const))(
    '%s',
    (_, { rule, ...sequence }) => {
      expect([...findings(sequence)]).not.toContain(rule);
    },
  );
});

describe('rules that were broken once', () => {
  it('are kept', () => {
    expect(mended.filter(({ rule, ...sequence }) => findings(sequence).has(rule))).toEqual([]);
  });
});
