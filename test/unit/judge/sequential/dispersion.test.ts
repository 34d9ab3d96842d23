import { describe, expect, it } from '@jest/globals';
import { noDispersion, phiOf, priorOf } from '../../../../core/judge/sequential/dispersion.ts';
import type { Total } from '../../../../core/judge/arms/arms.ts';

/** What two pods of 1 000 requests each saw in one stretch of time. */
const step = (a: number, b: number): readonly Total[] => [
  { total: 1_000, bad: a },
  { total: 1_000, bad: b },
];
const steps = (count: number, a: number, b: number): (readonly Total[])[] =>
  Array.from({ length: count }, () => step(a, b));

describe('phi', () => {
  it('is 1 of counts that differ as chance has it, and grows with bursts up to 20', () => {
    expect(phiOf(noDispersion)).toBe(1);
    expect(phiOf(priorOf(steps(20, 105, 95)))).toBe(1);
    // Differences of 100 where chance makes 14.
    expect(phiOf(priorOf(steps(20, 150, 50)))).toBe(20);
    expect(phiOf(priorOf(steps(20, 120, 80)))).toBeGreaterThan(5);
  });
});

describe('the past', () => {
  it('counts in full while it has few events', () => {
    expect(priorOf(steps(10, 3, 2))).toMatchObject({ events: 50 });
    expect(priorOf([])).toEqual(noDispersion);
  });

  it('is not blinded by one old incident: it weighs 60 events at most where few requests fail', () => {
    const quiet = steps(300, 0, 0);
    expect(priorOf([...quiet, step(900, 0)]).events).toBeCloseTo(60, 6);
    expect(priorOf([...steps(29, 2, 3), step(900, 0)]).events).toBeCloseTo(150, 6);
  });

  it('keeps up to 30 usual steps where many fail: a step has few pairs, however many its events', () => {
    expect(priorOf(steps(15, 120, 80))).toMatchObject({ events: 3_000 });
    expect(priorOf(steps(300, 120, 80)).events).toBeCloseTo(6_000, 6);
  });
});
