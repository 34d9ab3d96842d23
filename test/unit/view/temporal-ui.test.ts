/** What the Temporal UI shows of 200 clusters: it must fit, and still say what a person has to see. */
import { describe, expect, it } from '@jest/globals';
import type { SloReading } from '../../../core/judge/slo-reading.ts';
import { initialState, type RolloutState } from '../../../core/rollout/machine/state.ts';
import type { Plan } from '../../../core/rollout/plan/plan.ts';
import type { Need } from '../../../core/rollout/settled.ts';
import { WHOLE } from '../../../core/values/share.ts';
import { settleDetails } from '../../../core/view/settle-details.ts';
import { planDetails, planSummary, rolloutDetails } from '../../../core/view/temporal-details.ts';
import { keyword, keywords, listed, summaryText } from '../../../core/view/temporal-limits.ts';
import { shortened } from '../../../core/values/shortened.ts';
import { testPlan } from '../../support/plans.ts';

const LIMIT = 4_096;
const bytes = (text: string): number => Buffer.byteLength(text, 'utf8');
const names = Array.from({ length: 200 }, (_, i) => `${'région'.repeat(9)}-${String(i).padStart(3, '0')}`);
const version = 'v'.repeat(63);

/** 5 waves of 40 clusters, with names as long as they may be. */
function wide(): Plan {
  const [wave] = testPlan().waves;
  if (wave === undefined) throw new RangeError('no wave');
  const waves = [0, 1, 2, 3, 4].map((i) => {
    const serving = names.slice(i * 40, i * 40 + 40);
    return { ...wave, name: `wave-${'n'.repeat(60)}-${i}`, serving, clients: serving };
  });
  const notes = names.map((name) => `${name}: `.padEnd(500, 'a note '));
  return { ...testPlan({ service: 's'.repeat(63) }), version, waves, notes };
}

const reading = (cluster: string, verdict: SloReading['verdict']): SloReading => ({
  ...{ slo: 'errors', source: 'server', cluster, verdict, reason: 'r', newBad: 1, newTotal: 9, oldBad: 0, oldTotal: 9 },
});

function baking(change: Partial<RolloutState> = {}): RolloutState {
  const shares = Object.fromEntries(names.slice(0, 80).map((name, i) => [name, i < 40 ? WHOLE : 500_000]));
  const readings = names
    .slice(0, 80)
    .map((name, i) => reading(name, i === 41 ? 'breach' : i < 60 ? 'healthy' : 'unknown'));
  const reason = `wave 2: 50 % of ${names.join(', ')} to ${version}`;
  const log = names.map((name, i) => ({ atMs: i * 1_000, text: `${name} ${reason}` }));
  return { ...initialState, phase: 'baking', wave: 1, step: 1, shares, readings, reason, log, ...change };
}

const details = (plan: Plan, state: RolloutState): string =>
  rolloutDetails(plan, state, { namespace: 'default', startedAtMs: 0 });

describe('the details of a rollout of 200 clusters in 5 waves', () => {
  it('fit, and say how far each wave is and which cluster breaches', () => {
    const text = details(wide(), baking());
    expect(bytes(text)).toBeLessThanOrEqual(LIMIT);
    expect(text).toMatch(/\| 40 clusters.*\| 100 % ✓.*\| 40 healthy/);
    expect(text).toMatch(/\| 40 clusters.*\| 50 %.*\| 1 breach, 19 healthy, 20 unknown/);
    expect(text.match(/errors: breach \(1\/9\)/g)).toHaveLength(1);
    expect(text).toContain('Stop it at any time with the update `abort`.');
    expect(text).toContain('in this phase since');
  });

  it('fit when all 200 go back and fail at it, and say what a person can do', () => {
    const back = Object.fromEntries(
      names.map((name) => [name, { state: 'failed', atMs: 0, reason: 'no answer'.repeat(50) } as const]),
    );
    const text = details(wide(), baking({ phase: 'restoring', outstanding: names, back, takenBack: names }));
    expect(bytes(text)).toBeLessThanOrEqual(LIMIT);
    expect(text).toContain('and 192 more. One that will not answer: the update `giveUp`');
    expect(text).toContain('194 more to look at');
    expect(text.match(/40 failed/g)).toHaveLength(5);
  });

  it('show the waves around the present one when there are hundreds of them', () => {
    const plan = wide();
    const [wave] = plan.waves;
    if (wave === undefined) throw new RangeError('no wave');
    const waves = names.map((name) => ({ ...wave, name, serving: [name], clients: [name] }));
    const text = details({ ...plan, waves }, baking({ wave: 100 }));
    expect(bytes(text)).toBeLessThanOrEqual(LIMIT);
    expect(text).toMatch(/\| 97 earlier.*\| 97 clusters/);
    expect(text).toMatch(/\| 97 later.*\| 97 clusters/);
  });

  it('have a row for each cluster while they are few, with what each SLO counts', () => {
    const text = details(testPlan(), { ...baking(), readings: [reading('aws-us-east-1', 'healthy')] });
    expect(text.match(/^\| (canary|rest)/gm)).toHaveLength(3);
    expect(text).toContain('errors: healthy (1/9)');
  });

  it('never break a line in the middle: half a table row is rubble on the page', () => {
    const text = planDetails(wide());
    expect(text.split('\n').filter((line) => line.startsWith('|') && !line.endsWith('|'))).toEqual([]);
  });
});

describe('the plan of 200 clusters', () => {
  it('fits into the static details and into a summary of one line', () => {
    const text = planDetails(wide());
    expect(bytes(text)).toBeLessThanOrEqual(LIMIT);
    expect(text).toMatch(/\| 40: régionrégion[^|]* and 37 more/);
    expect(text).toContain('and 192 more');
    expect([...planSummary(wide())].length).toBeLessThanOrEqual(120);
  });
});

describe('the page of a settler of 200 clusters', () => {
  it('fits, however much there is to do', () => {
    const objects = names.map((name) => `${name}: Deployment/${name}`);
    const needs = names.map((name): Need => ({
      kind: 'retire',
      version: name,
      dueMs: 0,
      objects,
      keptIn: [],
      reason: 'nothing serves it',
    }));
    const log = names.map((name) => ({ atMs: 0, text: `${name} `.repeat(20) }));
    const text = settleDetails(testPlan().service, {
      phase: 'waiting',
      reason: names.join(', '),
      needs,
      log,
      looks: 3,
    });
    expect(bytes(text)).toBeLessThanOrEqual(LIMIT);
    expect(text).toContain('and 188 more');
    expect(text).toContain('It goes on by itself');
  });
});

describe('what is too long for Temporal', () => {
  it('is cut where it is told: a summary above 400 bytes would fail the task of a workflow for ever', () => {
    expect([...summaryText(names.join(', '))]).toHaveLength(120);
    expect(bytes(summaryText('😀'.repeat(500)))).toBeLessThanOrEqual(500);
    expect(shortened('one\n  two', 20)).toBe('one two');
    expect(keyword('x'.repeat(500))).toHaveLength(200);
  });

  it('is counted where it is a list', () => {
    expect(keywords(['aws', 'gcp'])).toEqual(['aws', 'gcp']);
    const clouds = keywords(names);
    expect([clouds.length, clouds.at(-1)]).toEqual([20, 'and 181 more']);
    expect(listed(['a', 'b', 'c', 'd'])).toBe('a, b, c, d');
    expect(listed(['a', 'b', 'c', 'd', 'e'])).toBe('a, b, c and 2 more');
  });
});
