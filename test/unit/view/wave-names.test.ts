import { describe, expect, it } from '@jest/globals';
import { next } from '../../../core/rollout/machine/next.ts';
import { initialState } from '../../../core/rollout/machine/state.ts';
import { statusOf } from '../../../core/rollout/machine/status.ts';
import { forecastWarnings } from '../../../core/rollout/plan/forecast.ts';
import { planDetails, rolloutDetails } from '../../../core/view/temporal-details.ts';
import { planText } from '../../../core/view/plan-text.ts';
import { statusLines } from '../../../core/view/status-text.ts';
import type { Plan } from '../../../core/rollout/plan/plan.ts';
import { testPlan } from '../../support/plans.ts';

/** Everything that people read of a plan and of its first moments. */
function allTexts(plan: Plan): string {
  const { state } = next(plan, initialState, { type: 'started', atMs: 0 });
  const topology = Object.fromEntries(Object.keys(plan.clusters).map((name) => [name, { [name]: 1_000_000 }]));
  const forecast = { step: 1, slo: 'errors', tolerance: 2, clearedS: null, findsRatio: null, findsBad: null };
  const forecasts = plan.waves.map(({ name }) => ({
    ...{ ...forecast, wave: name, healthyS: null, badRatio: 0.5, allowed: 0.01 },
  }));
  const live = { plan, status: statusOf(plan, state), readings: [], run: 'running', nowMs: 0, ranMs: 0, link: '' };
  return [
    planText({ plan: { ...plan, forecasts }, topology }),
    ...statusLines(live),
    planDetails(plan),
    rolloutDetails(plan, state, { namespace: 'default', startedAtMs: 0 }),
    ...state.log.map(({ text }) => text),
    ...forecastWarnings(plan, forecasts),
  ].join('\n');
}

const named = (...names: string[]): Plan => {
  const plan = testPlan();
  return { ...plan, waves: plan.waves.map((wave, i) => ({ ...wave, name: names[i] ?? '' })) };
};

describe('the name of a wave', () => {
  it('is its place where it has none of its own, said once', () => {
    const text = allTexts(named('wave 1', 'wave 2'));
    expect(text).not.toMatch(/wave \d+ wave|wave wave/i);
    expect(text).toMatch(/^Wave 1: aws-us-east-1$/m);
    expect(text).toMatch(/^ {2}▶ wave 1 · step/m);
    expect(text).toContain('wave 1: making v2 ready');
    expect(text).toContain('wave 2 step 1 (5 %');
  });

  it('is the place in the plan, not in the document, when an earlier wave has nothing to do', () => {
    const plan = named('wave 2', 'wave 3');
    expect(allTexts(plan)).not.toMatch(/wave 3/i);
  });

  it('stands beside its place where it has one', () => {
    const text = allTexts(named('canary', 'rest'));
    expect(text).toMatch(/^Wave 1 canary: aws-us-east-1$/m);
    expect(text).toContain('wave 2 rest step 1');
  });
});
