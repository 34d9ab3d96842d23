import { describe, expect, it } from '@jest/globals';
import { billedActions, billedText, dailyActions, waitingActions } from '../../../core/rollout/plan/billed.ts';
import { testPlan } from '../../support/plans.ts';

const DAY = 24 * 3_600_000;
const plan = testPlan({ service: 'billed' });

describe('what a rollout costs on Temporal', () => {
  it('is at most 80 billed actions for 3 clusters, 2 waves and 3 steps, beside its bakes', () => {
    const short = {
      ...plan,
      waves: plan.waves.map((wave) => ({ ...wave, steps: wave.steps.map((step) => ({ ...step, bakeMs: 0 })) })),
      warmUpMs: 0,
    };
    expect(billedActions(short)).toBeLessThanOrEqual(80);
  });

  it('is at most 400 for a bake of a day, and at most 100 for a day at a gate', () => {
    expect(waitingActions('bake', DAY)).toBeLessThanOrEqual(400);
    expect(dailyActions('hold')).toBeLessThanOrEqual(100);
  });

  it('grows with the bake, and is told with the price of the mesh', () => {
    expect(waitingActions('bake', 60_000)).toBe(6);
    expect(waitingActions('bake', 3_600_000)).toBeLessThan(waitingActions('bake', 2 * 3_600_000));
    expect(billedText(80, plan)).toBe('80 billed actions ($0.0040)');
    expect(billedText(80, { ...plan, dollarsPerMillionActions: 25 })).toBe('80 billed actions ($0.0020)');
    expect(billedText(60_000, plan)).toBe('60000 billed actions ($3.00)');
  });
});
