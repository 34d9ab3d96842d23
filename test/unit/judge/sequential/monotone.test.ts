/** More bad requests of the new version are never less evidence against it; of the old one, never more. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { namesByEvidence } from '../../../../core/judge/sequential/e-bh.ts';
import { logEvidence, noStratumEvidence, withBake } from '../../../../core/judge/sequential/evidence.ts';
import { likelihoodOf, logBetter, logWorse } from '../../../../core/judge/sequential/profile.ts';
import { createGrid } from '../../../../core/judge/sequential/tilts.ts';
import { objectiveOf, plusPoll, type Outcome } from './enumerate.ts';

const grid = createGrid({ margin: 1, tolerance: 1.5, expected: [{ part: 1, tilt: 1.6, sd: 1.1 }], points: 36 });
const objective = objectiveOf({ grid, allowed: 0.01, clusters: 1, alpha: 0.01 });
const ROUNDING = 1e-4;

/** Room for one more bad request on either side. */
const table = fc
  .record({ newTotal: fc.integer({ min: 2, max: 400 }), oldTotal: fc.integer({ min: 2, max: 4000 }) })
  .chain(({ newTotal, oldTotal }) =>
    fc.record({
      newTotal: fc.constant(newTotal),
      oldTotal: fc.constant(oldTotal),
      newBad: fc.integer({ min: 0, max: Math.min(60, newTotal - 1) }),
      oldBad: fc.integer({ min: 0, max: Math.min(60, oldTotal - 1) }),
    }),
  );

const strataOf = (one: Outcome) => ({ a: plusPoll(noStratumEvidence, objective, one, 1) });

const allOf = (one: Outcome): number =>
  logEvidence({ ...withBake(null, objective, 0), strata: strataOf(one) }, objective).all;

describe('evidence', () => {
  it('does not fall with one more bad request of the new version', () => {
    fc.assert(
      fc.property(table, (one) => {
        const more = { ...one, newBad: one.newBad + 1 };
        expect(logWorse(likelihoodOf(more, grid), grid, 1)).toBeGreaterThanOrEqual(
          logWorse(likelihoodOf(one, grid), grid, 1) - ROUNDING,
        );
        expect(logBetter(likelihoodOf(more, grid), grid, 1)).toBeLessThanOrEqual(
          logBetter(likelihoodOf(one, grid), grid, 1) + ROUNDING,
        );
        expect(allOf(more)).toBeGreaterThanOrEqual(allOf(one) - ROUNDING);
      }),
    );
  });

  it('does not grow with one more bad request of the old version', () => {
    fc.assert(
      fc.property(table, (one) => {
        const more = { ...one, oldBad: one.oldBad + 1 };
        expect(logWorse(likelihoodOf(more, grid), grid, 1)).toBeLessThanOrEqual(
          logWorse(likelihoodOf(one, grid), grid, 1) + ROUNDING,
        );
        // Where the old version then breaks the objective, good requests of the new one no longer speak for it.
        expect(allOf(more)).toBeLessThanOrEqual(Math.max(0, allOf(one)) + ROUNDING);
      }),
    );
  });

  it('changes no comparison where nothing failed, however many requests there were', () => {
    fc.assert(
      fc.property(table, (one) => {
        const { comparisons } = strataOf({ ...one, newBad: 0, oldBad: 0 }).a;
        expect(comparisons['']?.whole).toEqual([]);
      }),
    );
  });
});

describe('names of many clusters', () => {
  const logs = fc.dictionary(fc.string({ minLength: 1, maxLength: 3 }), fc.double({ min: -3, max: 12, noNaN: true }), {
    maxKeys: 9,
  });

  it('are the k largest e-values for the largest k that e-BH allows, tried one by one', () => {
    fc.assert(
      fc.property(logs, fc.integer({ min: 0, max: 5 }), (evidence, waiting) => {
        const sorted = Object.entries(evidence).sort(([, a], [, b]) => b - a);
        const of = sorted.length + waiting;
        let most = 0;
        for (let k = 1; k <= sorted.length; k++) if (Math.exp(sorted[k - 1]?.[1] ?? 0) >= of / (0.01 * k)) most = k;
        const named = namesByEvidence(evidence, { of, alpha: 0.01 });
        expect(named).toHaveLength(most);
        named.forEach((name) => expect(evidence[name]).toBeGreaterThanOrEqual(sorted[most - 1]?.[1] ?? 0));
      }),
    );
  });
});
