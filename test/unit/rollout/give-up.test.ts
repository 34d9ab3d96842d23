/** Each cluster goes back by itself, and a person's word ends the wait for one that will not answer. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { VerifyRoutingResult } from '../../../core/judge/proof/proof.ts';
import { next } from '../../../core/rollout/machine/next.ts';
import { refuseMessage, type MessageType } from '../../../core/rollout/machine/refuse.ts';
import {
  initialState,
  type Command,
  type RolloutEvent,
  type RolloutState,
} from '../../../core/rollout/machine/state.ts';
import type { Plan } from '../../../core/rollout/plan/plan.ts';
import { WHOLE } from '../../../core/values/share.ts';
import { testPlan } from '../../support/plans.ts';

const [aws, gcp, onprem] = ['aws-us-east-1', 'gcp-europe-west1', 'onprem-fra1'] as const;

const proofOf = (cluster: string, result: VerifyRoutingResult['result'] = 'verified'): VerifyRoutingResult => ({
  result,
  proofs: [{ cluster, instance: 'node-1', result, reason: `${result} by test`, requests: 100 }],
  verifiedAtMs: 50,
});

const run = (plan: Plan, state: RolloutState, ...events: RolloutEvent[]) =>
  events.reduce<{ state: RolloutState; commands: readonly Command[] }>(
    (at, event) => {
      const after = next(plan, at.state, event);
      return { state: after.state, commands: [...at.commands, ...after.commands] };
    },
    { state, commands: [] },
  );

/** A restore of all three clusters, as a person starts it after a run was terminated. */
function restoring(change: Partial<Plan> = {}) {
  const plan: Plan = { ...testPlan({ kind: 'restore', shares: [] }), ...change };
  const { state, commands } = run(plan, initialState, { type: 'started', atMs: 1 });
  const restore = commands.find((command) => command.type === 'restore');
  if (restore?.type !== 'restore') throw new Error('nothing is restored');
  const { seq } = restore;
  const written = (cluster: string): RolloutEvent => ({ type: 'restoredOne', seq, cluster, atMs: 10 });
  const proved = (cluster: string, result: VerifyRoutingResult['result'] = 'verified'): RolloutEvent => ({
    ...{ type: 'provedOne', seq, cluster, atMs: 20, proof: proofOf(cluster, result) },
  });
  const done: RolloutEvent = { type: 'done', seq, atMs: 30 };
  return { plan, state, restore, seq, written, proved, done };
}

const giveUp = (cluster: string): RolloutEvent => ({ type: 'giveUp', cluster, reason: 'its cloud is down', atMs: 15 });

describe('a restore', () => {
  it('tells of each cluster as it is written and proven, while another one does not answer', () => {
    const { plan, state, written, proved } = restoring();
    const after = run(plan, state, written(aws), proved(aws), written(onprem)).state;
    expect(after.phase).toBe('restoring');
    expect(after.outstanding).toEqual([gcp]);
    expect(after.back).toMatchObject({
      [aws]: { state: 'verified', reason: '' },
      [gcp]: { state: 'writing' },
      [onprem]: { state: 'written' },
    });
    expect(after.proof?.proofs.map(({ cluster }) => cluster)).toEqual([aws]);
  });

  it('ends with the proofs of all its clusters, without asking anew', () => {
    const { plan, state, written, proved, done } = restoring();
    const all = [aws, gcp, onprem];
    const { state: after, commands } = run(plan, state, ...all.map(written), ...all.map((name) => proved(name)), done);
    expect(after.outcome).toBe('restored');
    expect(after.reason).toMatch(/traffic is verified back$/);
    expect(after.moments).toMatchObject({ written: 10, proven: 50 });
    expect(commands.map(({ type }) => type)).toEqual(['retire']);
  });

  it('asks for one proof of all where the clusters were not proven one by one: a run of an older worker', () => {
    const { plan, state, written, done } = restoring();
    const { state: after, commands } = run(plan, state, ...[aws, gcp, onprem].map(written), done);
    expect(after.phase).toBe('proving-restore');
    expect(commands).toMatchObject([{ type: 'proveRestore' }]);
  });

  it('is unproven when one Envoy contradicts, whatever the others show', () => {
    const { plan, state, written, proved, done } = restoring();
    const all = [aws, gcp, onprem];
    const proofs = [proved(aws), proved(gcp, 'contradicted'), proved(onprem, 'untested')];
    const after = run(plan, state, ...all.map(written), ...proofs, done).state;
    expect(after.outcome).toBe('unproven');
    expect(after.reason).toContain(`${gcp}/node-1`);
  });

  it('says what is where when one cluster refuses for good', () => {
    const { plan, state, seq, written, proved } = restoring();
    const refused: RolloutEvent = { type: 'failedOne', seq, cluster: gcp, reason: 'a newer run owns it', atMs: 12 };
    const failed: RolloutEvent = { type: 'failed', seq, reason: 'a newer run owns it', code: 'FencedOut', atMs: 30 };
    const after = run(plan, state, refused, written(aws), proved(aws), written(onprem), proved(onprem), failed).state;
    expect(after.outcome).toBe('unproven');
    expect(after.reason).toContain(`${aws}: verified, ${gcp}: failed, ${onprem}: verified`);
  });
});

describe('giving a cluster up', () => {
  it('ends the run without it: restored, and the absent one is named in reason and status', () => {
    const { plan, state, written, proved, done } = restoring();
    const given = run(plan, state, written(aws), proved(aws), written(onprem), giveUp(gcp));
    expect(given.commands).toMatchObject([
      { type: 'giveUp', cluster: gcp, absence: { atMs: 15, reason: 'its cloud is down' } },
    ]);
    expect(given.state).toMatchObject({ outstanding: [], phase: 'proving-restore' });
    const after = run(plan, given.state, proved(onprem), done).state;
    expect(after.outcome).toBe('restored');
    expect(after.reason).toMatch(/traffic is verified back; without gcp-europe-west1 \(its cloud is down\): absent/);
    expect(after.absent).toEqual({ [gcp]: { atMs: 15, reason: 'its cloud is down' } });
  });

  it('of all of them restores nothing, and says so', () => {
    const { plan, state, done } = restoring();
    const after = run(plan, state, ...[aws, gcp, onprem].map(giveUp), done).state;
    expect(after.outcome).toBe('unproven');
    expect(after.reason).toMatch(/no cluster was restored/);
  });

  it('stands, whatever comes of the cluster in that moment', () => {
    const { plan, state, seq, written, proved, done } = restoring();
    const late: RolloutEvent[] = [
      written(gcp),
      { type: 'failedOne', seq, cluster: gcp, reason: 'cancelled', atMs: 16 },
    ];
    const given = run(plan, state, giveUp(gcp), ...late).state;
    expect(given.back[gcp]?.state).toBe('absent');
    const rest = [aws, onprem].flatMap((name) => [written(name), proved(name)]);
    expect(run(plan, given, ...rest, done).state.outcome).toBe('restored');
  });

  it('keeps it out of what comes after: a second way back, and the commit of clusters that keep the version', () => {
    const plan = testPlan({ onBreach: 'cluster' });
    const kept: RolloutState = {
      ...initialState,
      ...{ phase: 'restoring', wave: 1, step: 2, touchedWaves: 2, awaiting: 9, lastSeq: 9, takenBack: [gcp] },
      ...{ shares: { [aws]: WHOLE, [gcp]: 0 }, outstanding: [gcp], back: { [gcp]: back('writing') } },
    };
    const given = run(plan, kept, giveUp(gcp)).state;
    const { commands } = run(plan, given, { type: 'abort', reason: 'all back', atMs: 20 });
    expect(commands.find(({ type }) => type === 'restore')).toMatchObject({ clients: [aws, onprem] });
  });

  it('is for what is still to be written only, and each refusal says what to do', () => {
    const { state, plan, written } = restoring();
    const after = run(plan, state, written(aws), giveUp(gcp)).state;
    expect(refuseMessage('giveUp', after, { cluster: onprem })).toBe('');
    expect(refuseMessage('giveUp', after, { cluster: aws })).toMatch(/is written already; still to write: onprem-fra1/);
    expect(refuseMessage('giveUp', after, { cluster: gcp })).toMatch(/is given up already: its cloud is down/);
    expect(refuseMessage('giveUp', after, { cluster: 'elsewhere' })).toMatch(/no client cluster of this way back/);
    expect(refuseMessage('giveUp', after)).toMatch(/name the cluster/);
    const forward = run(testPlan(), initialState, { type: 'started', atMs: 1 }).state;
    expect(refuseMessage('giveUp', forward, { cluster: gcp })).toMatch(/Abort it first/);
  });
});

const back = (state: 'writing' | 'written') => ({ state, atMs: 1, reason: '' });

describe('a plan that leaves a cluster out', () => {
  it('names it in the outcome', () => {
    const { plan, state, written, proved, done, restore } = restoring({
      waves: [{ ...testPlan().waves[0]!, clients: [aws, onprem], serving: [aws], steps: [] }],
      absent: { [gcp]: 'left out by --without' },
    });
    expect(restore.clients).toEqual([aws, onprem]);
    const rest = [aws, onprem].flatMap((name) => [written(name), proved(name)]);
    const after = run(plan, state, ...rest, done).state;
    expect(after.reason).toMatch(/without gcp-europe-west1 \(left out by --without\)/);
    expect(after.absent[gcp]).toEqual({ atMs: 1, reason: 'left out by --without' });
  });

  it('ends partial when nobody asked for it: an undo whose cluster did not answer is not done', () => {
    const ends = [{}, { unreached: [gcp] }].map((more) => {
      const plan: Plan = { ...testPlan({ kind: 'undo' }), absent: { [gcp]: 'no answer' }, ...more };
      const committing: RolloutState = { ...initialState, phase: 'committing', awaiting: 5, lastSeq: 5 };
      return next(plan, committing, { type: 'done', seq: 5, atMs: 1 }).state.outcome;
    });
    expect(ends).toEqual(['promoted', 'partial']);
  });
});

describe('messages while everything goes back', () => {
  it('are refused with advice, and those that cannot be refused leave it in the log', () => {
    const { plan, state } = restoring();
    expect(refuseMessage('abort', state)).toMatch(/Everything goes back already; still to write: .*give-up/);
    for (const type of ['alert', 'cancel'] as const) {
      const after = run(plan, state, { type, reason: 'again', atMs: 9 });
      expect(after.commands).toEqual([]);
      expect(after.state.log.at(-1)?.text).toMatch(new RegExp(`^${type} \\(again\\) changes nothing: .*give-up`));
      expect({ ...after.state, log: [] }).toEqual({ ...state, log: [] });
    }
  });

  it('abort, alert and cancel take back what clusters kept while others went back', () => {
    const plan = testPlan({ onBreach: 'cluster' });
    const kept: RolloutState = {
      ...initialState,
      ...{ phase: 'restoring', wave: 1, touchedWaves: 2, awaiting: 9, lastSeq: 9, takenBack: [gcp] },
      ...{ shares: { [aws]: WHOLE, [gcp]: 0 }, outstanding: [gcp], back: { [gcp]: back('writing') } },
    };
    expect(refuseMessage('abort', kept)).toBe('');
    for (const type of ['abort', 'alert', 'cancel'] as const) {
      const { state } = run(plan, kept, { type, reason: 'all back', atMs: 9 });
      expect(Object.values(state.shares).every((share) => share === 0)).toBe(true);
    }
  });
});

describe('the validator and the reducer', () => {
  it('agree in every phase: what is welcome does something, what is refused changes nothing', () => {
    const phases: readonly RolloutState['phase'][] = [
      ...([
        'preparing',
        'entering',
        'applying',
        'verifying',
        'baking',
        'gated',
        'paused',
        'needs-person',
        'confirming',
      ] as const),
      ...(['committing', 'releasing', 'restoring', 'proving-restore', 'ended'] as const),
    ];
    const types: readonly MessageType[] = ['approve', 'pause', 'resume', 'abort', 'promote', 'giveUp'];
    fc.assert(
      fc.property(
        fc.constantFrom(...phases),
        fc.constantFrom(...types),
        fc.record({ paused: fc.boolean(), kept: fc.boolean(), outstanding: fc.boolean(), absent: fc.boolean() }),
        fc.constantFrom(aws, gcp, ''),
        (phase, type, { paused, kept, outstanding, absent }, cluster) => {
          const plan = testPlan();
          const state: RolloutState = {
            ...initialState,
            ...{
              phase,
              paused,
              step: 0,
              touchedWaves: 1,
              awaiting: 3,
              lastSeq: 3,
              outcome: phase === 'ended' ? 'restored' : null,
            },
            shares: kept ? { [onprem]: WHOLE } : {},
            outstanding: outstanding ? [gcp] : [],
            back: { [aws]: back('written'), [gcp]: back('writing') },
            absent: absent ? { [gcp]: { atMs: 1, reason: 'gone' } } : {},
          };
          const said = { reason: 'x', atMs: 2 };
          const event: RolloutEvent =
            type === 'giveUp'
              ? { type, cluster, ...said }
              : type === 'promote'
                ? { type, full: false, ...said }
                : { type, ...said };
          const refused = refuseMessage(type, state, { cluster }) !== '';
          const after = next(plan, state, event);
          if (refused) expect(after).toEqual({ state, commands: [] });
          else expect(after.state).not.toEqual(state);
        },
      ),
      { seed: 5, numRuns: 2_000 },
    );
  });
});
