import { describe, expect, it } from '@jest/globals';
import type { SloReading } from '../../../core/judge/slo-reading.ts';
import { initialState, type Outcome } from '../../../core/rollout/machine/state.ts';
import { statusOf } from '../../../core/rollout/machine/status.ts';
import { statusLines } from '../../../core/view/status-text.ts';
import type { Plan } from '../../../core/rollout/plan/plan.ts';
import { testPlan } from '../../support/plans.ts';

const reading = (change: Partial<SloReading>): SloReading => ({
  ...{ slo: 'errors', source: 'server', cluster: 'aws-us-east-1', verdict: 'unknown', reason: 'because' },
  ...{ newTotal: 0, newBad: 0, oldTotal: 0, oldBad: 0 },
  ...change,
});

const lines = (one: SloReading, reason = 'watching'): string[] => {
  const plan = testPlan();
  const status = statusOf(plan, { ...initialState, reason });
  return statusLines({ plan, status, readings: [one], run: 'running', nowMs: 0, ranMs: 0, link: 'x' });
};
const ended = (run: string, outcome: Outcome | null, kind: Plan['kind'] = 'deploy'): string => {
  const plan = testPlan({ kind });
  const status = statusOf(plan, {
    ...initialState,
    phase: outcome === null ? 'baking' : 'ended',
    outcome,
    reason: 'x',
  });
  return statusLines({ plan, status, readings: [], run, nowMs: 0, ranMs: 0, link: 'x' }).slice(0, 4).join('\n');
};
const lineOf = (one: SloReading): string => lines(one).find((line) => line.includes('errors')) ?? '';

describe('the status of a rollout', () => {
  it('says why nothing was counted, where it would show dashes', () => {
    const line = lineOf(reading({ reason: 'no request of v2 in aws-us-east-1 in 40 s seen by its pods: untested' }));
    expect(line).toMatch(/^ {2}\? errors +aws-us-east-1 +no request of v2 in aws-us-east-1 in 40 s/);
    expect(line).not.toMatch(/new -|old -/);
  });

  it('says why counts give no verdict, when no outlook does', () => {
    const text = lines(reading({ newTotal: 10, oldTotal: 90, reason: '10 requests are too few, 20 are needed' }));
    expect(text.join('\n')).toMatch(/new 0.00 % of 10 .*old 0.00 % of 90\n {6}10 requests are too few, 20 are needed/);
    const evidence = { log10E: 0, log10Needed: 2, low: 0, high: null, phi: 1, healthyInS: 30 };
    expect(lines(reading({ newTotal: 10, reason: 'a long sentence', evidence })).join('\n')).not.toContain('sentence');
  });

  it('does not say the same twice', () => {
    const text = lines(reading({ newTotal: 5, reason: 'too few' }), 'no verdict: too few. Promote or abort.').join(
      '\n',
    );
    expect(text.match(/too few/g)).toHaveLength(1);
  });
});

describe('the status of a run that has ended', () => {
  it.each([
    ['terminated', 'TERMINATED', 'somebody terminated it'],
    ['timed_out', 'TIMED OUT', 'a workflow timeout ended it'],
    ['failed', 'FAILED', 'the workflow failed before'],
    ['cancelled', 'CANCELLED', 'cancelled before'],
  ])('as %s without an outcome says so, and how the traffic comes back', (run, state, why) => {
    const text = ended(run, null);
    expect(text).toMatch(new RegExp(`→ v2 {3}${state}\n`));
    expect(text).toContain(why);
    expect(text).toContain('→ tidegate restore checkout takes it back');
    expect(text).toContain('its last word (baking): x');
    expect(text).not.toContain(' for ');
  });

  it('sends a cut release on: a restore would take it back half way', () => {
    expect(ended('terminated', null, 'release')).toContain('→ tidegate release checkout goes on where it ended');
  });

  it('says how to go on after one that failed or was cancelled and put the traffic back', () => {
    expect(ended('failed', 'restored')).toMatch(/RESTORED[^]*the run failed, and the traffic is back[^]*rollout retry/);
    expect(ended('cancelled', 'restored')).toMatch(/the run was cancelled[^]*rollout retry checkout/);
    expect(ended('completed', 'restored')).not.toContain('→ tidegate');
  });
});
