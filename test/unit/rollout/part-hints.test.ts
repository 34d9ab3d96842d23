/** What a run of the topology advises is about the topology: the commands speak of the versions by default. */
import { describe, expect, it } from '@jest/globals';
import type { WatchSloResult } from '../../../core/judge/look/watch.ts';
import { next } from '../../../core/rollout/machine/next.ts';
import { refuseMessage } from '../../../core/rollout/machine/refuse.ts';
import { initialState, type RolloutState } from '../../../core/rollout/machine/state.ts';
import { statusOf } from '../../../core/rollout/machine/status.ts';
import { planChange } from '../../../core/rollout/plan/plan-change.ts';
import type { Plan } from '../../../core/rollout/plan/plan.ts';
import type { Need } from '../../../core/rollout/settled.ts';
import type { Part } from '../../../core/routing/part.ts';
import { settleDetails } from '../../../core/view/settle-details.ts';
import { statusLines } from '../../../core/view/status-text.ts';
import { clusterNames, testConfig, testRead } from '../../support/facts.ts';
import { testPlan } from '../../support/plans.ts';

const [aws, gcp, onprem] = clusterNames;
const planOf = (part: Part, kind: Plan['kind'] = 'topology'): Plan => ({ ...testPlan({ kind }), part });
const committing: RolloutState = { ...initialState, phase: 'committing', awaiting: 5, watching: 4 };
const restoring: RolloutState = { ...initialState, phase: 'restoring', outstanding: [gcp] };

const breach: WatchSloResult = {
  ...{ verdict: 'breach', breached: [], reason: '9 of 40 failed', readings: [], firstBadAtMs: 1, decidedAtMs: 2 },
};

const cases: readonly (readonly [Part, string, string])[] = [
  ['versions', '', 'use undo'],
  ['topology', ' --part topology', 'apply the former topology'],
];

describe.each(cases)('a run of the %s advises', (part, flag, undo) => {
  it('how a commit that failed is taken back, and a breach beside it', () => {
    const failed = { type: 'failed', seq: 5, atMs: 1, reason: 'no answer', code: 'Unavailable' } as const;
    expect(next(planOf(part), committing, failed).state.reason).toBe(
      `committing failed: no answer; run: tidegate restore${flag}, then ${undo} or try again`,
    );
    const seen = next(planOf(part), committing, { type: 'watched', seq: 4, atMs: 1, result: breach });
    expect(seen.state.log.at(-1)?.text).toContain(`9 of 40 failed; ${undo}`);
    expect(refuseMessage('abort', committing, { part })).toContain(`Once it has ended, ${undo}.`);
  });

  it('how a way back ends without a cluster', () => {
    const giveUp = `tidegate rollout give-up SERVICE${flag} --cluster X`;
    expect(refuseMessage('abort', restoring, { part })).toContain(giveUp);
    const plan = planOf(part);
    const lines = statusLines({
      ...{ plan, status: statusOf(plan, restoring), readings: [], run: 'running', nowMs: 0, ranMs: 0, link: 'x' },
    });
    expect(lines.join('\n')).toContain(`tidegate rollout give-up checkout${flag} --cluster ${gcp}`);
  });

  it('how a restore that reached nobody is started again', () => {
    const absent = Object.fromEntries(clusterNames.map((name) => [name, 'its cloud is down']));
    const plan = { ...planOf(part, 'restore'), absent };
    expect(next(plan, initialState, { type: 'started', atMs: 1 }).state.reason).toContain(
      `when one answers again: tidegate restore${flag}`,
    );
    const { notes } = planChange({
      ...{ config: testConfig(), change: { kind: 'restore', part, without: [onprem] }, beside: {} },
      read: testRead({ [aws]: { unreachable: 'no answer' } }),
    });
    expect(notes.join('\n')).toContain(`tidegate rollout give-up checkout${flag} --cluster ${aws}`);
    expect(notes.join('\n')).toContain(`tidegate restore checkout${flag} (`);
  });

  it('a settler that needs a person, too', () => {
    const need: Need = { kind: 'restore', clusters: [aws], reason: 'half moved', ...(part !== 'versions' && { part }) };
    const view = { phase: 'needs-person', reason: 'x', needs: [need], log: [], looks: 1 };
    const text = settleDetails(testPlan().service, view);
    expect(text).toContain(`\`tidegate rollout status checkout${flag}\``);
    expect(text).toContain(`\`tidegate restore checkout${flag}\``);
  });
});
