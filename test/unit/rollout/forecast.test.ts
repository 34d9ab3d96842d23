import { describe, expect, it } from '@jest/globals';
import type { MeasuredTraffic } from '../../../core/judge/look/watch.ts';
import { forecastSteps, forecastText, forecastWarnings } from '../../../core/rollout/plan/forecast.ts';
import type { Plan } from '../../../core/rollout/plan/plan.ts';
import { testPlan } from '../../support/plans.ts';

const judge = {
  type: 'sequential',
  pollMs: 2_000,
  alpha: 0.01,
  beta: 0.05,
  minRequests: 30,
  healthyBy: 'either',
} as const;
const plan = (more: Partial<Plan> = {}): Plan => ({
  ...testPlan({ bakeMs: 120_000 }),
  maxUnknownMs: 1_800_000,
  judge,
  ...more,
});
const traffic = (perSecond: number, badRatio: number): MeasuredTraffic[] =>
  ['aws-us-east-1', 'gcp-europe-west1', 'onprem-fra1'].map((cluster) => {
    const total = perSecond * 300;
    return { slo: 'errors', source: 'server', cluster, perSecond, total, bad: Math.round(total * badRatio) };
  });

describe('the forecast of a plan', () => {
  it('says for each step what it finds and when it is healthy: more traffic and larger shares see more', () => {
    const [first, second, whole] = forecastSteps(plan(), traffic(1_000, 0.001));
    // 5x at 1 000 requests/s, 5 % and 0.1 %: Wald's bound is 25 s, the judge takes at most 1.5 times as long.
    expect(first?.findsRatio).toBeLessThan(5);
    expect(second?.findsRatio).toBeLessThan(first?.findsRatio ?? 0);
    expect(whole?.findsRatio).toBeNull();
    expect(forecastText(first === undefined ? [] : [first])).toMatch(
      /^healthy after about \d+m? ?\d*s?; finds .* errors\)$/,
    );
  });

  it('warns of a bake that ends before anything is shown, and names the remedy', () => {
    const forecasts = forecastSteps(plan(), traffic(20, 0));
    expect(forecastWarnings(plan(), forecasts)).toEqual(
      expect.arrayContaining([expect.stringMatching(/wave 1 canary step 1 .* too short to mean anything.*bake: auto/)]),
    );
  });

  it('says that a person will be asked where traffic is too thin, or the running version breaks the objective', () => {
    expect(forecastWarnings(plan(), forecastSteps(plan(), traffic(1, 0)))[0]).toContain('a person will be asked');
    const broken = forecastSteps(plan(), traffic(20, 0.02));
    expect(
      forecastWarnings(plan(), broken).some((line) => line.includes('at this traffic') || line.includes('person')),
    ).toBe(true);
  });

  it('forecasts nothing for judges of the objective alone, and nothing without traffic', () => {
    expect(forecastSteps(testPlan(), traffic(100, 0))).toEqual([]);
    expect(forecastSteps(plan(), [])).toEqual([]);
  });
});
