/** The last look before a commit, which can be left; and what a run takes back that goes on in the place of another. */
import { describe, expect, it } from '@jest/globals';
import { next } from '../../../core/rollout/machine/next.ts';
import { refuseMessage } from '../../../core/rollout/machine/refuse.ts';
import { initialState, type Command, type RolloutState } from '../../../core/rollout/machine/state.ts';
import type { Plan } from '../../../core/rollout/plan/plan.ts';
import { testPlan } from '../../support/plans.ts';
import { answer, feed, runToEnd, types, watched, world, type World } from './played.ts';

/** Answers well until the phase begins in that wave. */
function until(plan: Plan, w: World, { phase, wave = 0 }: { phase: RolloutState['phase']; wave?: number }): void {
  for (let i = 0; i < 200 && !(w.state.phase === phase && w.state.wave === wave); i++) answer(plan, w);
  expect(w.state).toMatchObject({ phase, wave });
}

describe('the last look before the commit', () => {
  const plan = testPlan();

  it('is still a way forward: an abort, an alert, a breach and a cancellation lead back at once', () => {
    for (const type of ['abort', 'alert', 'cancel'] as const) {
      const w = world(plan);
      until(plan, w, { phase: 'confirming', wave: 1 });
      expect(refuseMessage('abort', w.state)).toBe('');
      feed(plan, w, { type, reason: 'a test', atMs: 9 });
      expect(w.state.phase).toBe('restoring');
      expect(types(w).slice(-2)).toEqual(['stopWatch', 'restore']);
    }
    const w = world(plan);
    until(plan, w, { phase: 'confirming', wave: 1 });
    feed(plan, w, { type: 'watched', seq: w.state.watching, result: watched('breach'), atMs: 9 });
    expect(w.state).toMatchObject({ phase: 'restoring', cause: 'breach' });
  });

  it('leads back when it fails, and waits for a person who has paused meanwhile', () => {
    const failing = world(plan);
    until(plan, failing, { phase: 'confirming', wave: 1 });
    feed(plan, failing, { type: 'failed', seq: failing.state.awaiting, reason: 'x', code: 'FencedOut', atMs: 9 });
    expect(failing.state.phase).toBe('restoring');
    const paused = world(plan);
    until(plan, paused, { phase: 'confirming', wave: 1 });
    feed(plan, paused, { type: 'pause', reason: 'x', atMs: 9 });
    answer(plan, paused);
    expect(paused.state.phase).toBe('paused');
    feed(plan, paused, { type: 'resume', reason: 'x', atMs: 9 });
    expect(paused.state.phase).toBe('confirming');
  });

  it('is part of the commit in a plan of an older release, whose histories know no other order', () => {
    const { confirms: _, ...older } = plan;
    const w = world(older);
    runToEnd(older, w);
    expect([w.state.outcome, types(w).includes('confirm')]).toEqual(['promoted', false]);
  });
});

describe('a run that was reset', () => {
  const plan = testPlan();
  const [first, second] = [['aws-us-east-1'], ['gcp-europe-west1', 'onprem-fra1']] as const;
  const reset = (w: World): Command | undefined => {
    feed(plan, w, { type: 'wasReset', atMs: 9 });
    return w.issued.find((command) => command.type === 'takeBack');
  };

  it('takes back the waves that it has not come to: its former self may have, and nobody watches them', () => {
    const w = world(plan);
    until(plan, w, { phase: 'baking' });
    expect(reset(w)).toMatchObject({ clients: second, serving: second, turn: w.state.lastSeq });
    expect(w.state.phase).toBe('baking');
    runToEnd(plan, w);
    expect(w.state.outcome).toBe('promoted');
  });

  it('takes back the wave that it prepares, too: the share of that is still on nobody’s list', () => {
    expect(reset(world(plan))).toMatchObject({ clients: [...first, ...second] });
    const w = world(plan);
    until(plan, w, { phase: 'preparing', wave: 1 });
    expect(reset(w)).toMatchObject({ clients: second });
  });

  it('restores everything when it is aborted, also what only its former self has touched', () => {
    const w = world(plan);
    until(plan, w, { phase: 'baking' });
    reset(w);
    feed(plan, w, { type: 'abort', reason: 'x', atMs: 9 });
    expect(w.issued.findLast(({ type }) => type === 'restore')).toMatchObject({ clients: [...first, ...second] });
  });

  it('and is reset again takes back once more', () => {
    const w = world(plan);
    until(plan, w, { phase: 'baking' });
    reset(w);
    feed(plan, w, { type: 'wasReset', atMs: 9 });
    expect(types(w).filter((type) => type === 'takeBack')).toHaveLength(2);
  });

  it('takes nothing more back on its way back, and in a restore or a release', () => {
    const w = world(plan);
    until(plan, w, { phase: 'baking' });
    feed(plan, w, { type: 'abort', reason: 'x', atMs: 9 });
    expect(reset(w)).toBeUndefined();
    for (const kind of ['restore', 'release'] as const) {
      const before = next(testPlan({ kind }), initialState, { type: 'wasReset', atMs: 0 });
      expect(before).toEqual({ state: initialState, commands: [] });
    }
  });

  it('of an adoption leaves a client alone whose calls it has moved: there is no half way back to no Envoy', () => {
    const adopt = testPlan({ kind: 'adopt' });
    const [wave, rest] = adopt.waves;
    if (wave === undefined || rest === undefined) throw new RangeError('two waves');
    const shared = { ...adopt, waves: [wave, { ...rest, clients: [...rest.clients, ...wave.clients] }] };
    const w = world(shared);
    until(shared, w, { phase: 'baking' });
    feed(shared, w, { type: 'wasReset', atMs: 9 });
    expect(w.issued.find(({ type }) => type === 'takeBack')).toMatchObject({ clients: second });
  });
});
