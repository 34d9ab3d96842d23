import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isForward } from '../../../core/rollout/machine/next.ts';
import type { Plan } from '../../../core/rollout/plan/plan.ts';
import { WHOLE } from '../../../core/values/share.ts';
import { testPlan } from '../../support/plans.ts';
import { answer, drop, feed, proof, runToEnd, types, watched, world, type World } from './played.ts';

describe('a healthy rollout', () => {
  it('prepares, enters, then applies, proves and bakes every step of every wave, its pin last, and commits at the end', () => {
    const plan = testPlan();
    const w = world(plan);
    runToEnd(plan, w);
    expect(w.state.outcome).toBe('promoted');
    const main = types(w).filter((type) => !['watch', 'stopWatch'].includes(type));
    const wave = ['prepare', 'enter', 'apply', 'verify', 'apply', 'verify', 'apply', 'verify', 'pin'];
    expect(main).toEqual([...wave, ...wave, 'confirm', 'commit', 'retire']);
  });

  it('never moves a share without a watch over everything that has moved before', () => {
    const plan = testPlan();
    const w = world(plan);
    while (w.state.phase !== 'ended') {
      const exposed = Object.values(w.state.shares).some((share) => share > 0);
      const newest = w.issued.at(-1)?.type;
      if (exposed && isForward(w.state.phase) && w.state.wave + w.state.step > 0) {
        expect({ newest, watching: w.state.watching }).toMatchObject({ watching: expect.any(Number) });
        expect(w.state.watching).toBeGreaterThan(0);
      }
      if (!answer(plan, w)) break;
    }
    expect(w.state.outcome).toBe('promoted');
  });
});

/** Runs `steps` good answers, then does something, then answers well until the end. */
function interrupted(plan: Plan, steps: number, act: (w: World) => void): World {
  const w = world(plan);
  for (let i = 0; i < steps && w.state.phase !== 'ended'; i++) answer(plan, w);
  act(w);
  runToEnd(plan, w);
  return w;
}

const wayOut = fc.constantFrom<'abort' | 'alert' | 'cancel'>('abort', 'alert', 'cancel');
const point = fc.integer({ min: 0, max: 24 });

describe('every way out ends with the traffic back', () => {
  it('abort, alert and cancellation at every point before the commit end in restored', () => {
    fc.assert(
      fc.property(point, wayOut, fc.boolean(), (steps, type, paused) => {
        const plan = testPlan();
        let forward = false;
        const w = interrupted(plan, steps, (at) => {
          if (paused) feed(plan, at, { type: 'pause', reason: 'x', atMs: at.at });
          forward = isForward(at.state.phase);
          feed(plan, at, { type, reason: 'test', atMs: at.at });
        });
        expect(w.state.outcome).toBe(forward ? 'restored' : 'promoted');
        if (forward && w.issued.some((command) => command.type === 'enter')) expect(types(w)).toContain('restore');
      }),
      { seed: 7, numRuns: 300 },
    );
  });

  it('a breach at every watched point ends in restored, at once', () => {
    fc.assert(
      fc.property(point, (steps) => {
        const plan = testPlan();
        let breached = false;
        const w = interrupted(plan, steps, (at) => {
          const watch = at.open.find((command) => command.type === 'watch');
          if (watch === undefined || watch.type !== 'watch' || !isForward(at.state.phase)) return;
          breached = true;
          drop(at, 'watch');
          feed(plan, at, { type: 'watched', seq: watch.seq, atMs: at.at, result: watched('breach') });
          expect(at.state.phase).toBe('restoring');
          expect(Object.values(at.state.shares).every((share) => share === 0)).toBe(true);
        });
        expect(w.state.outcome).toBe(breached ? 'restored' : 'promoted');
      }),
      { seed: 7, numRuns: 100 },
    );
  });

  it('a failure of any forward command ends in restored', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 40 }), (steps) => {
        const plan = testPlan();
        let failed = false;
        const w = interrupted(plan, steps, (at) => {
          const command = at.open.at(-1);
          if (command === undefined || !('seq' in command) || !isForward(at.state.phase)) return;
          failed = true;
          at.open.pop();
          feed(plan, at, { type: 'failed', seq: command.seq, reason: 'test', code: 'Invalid', atMs: at.at });
        });
        expect(w.state.outcome).toBe(failed ? 'restored' : 'promoted');
        if (failed) expect(w.state.cause).toBe('error');
      }),
      { seed: 7, numRuns: 200 },
    );
  });

  it('says of the way back only what was shown: records that are back are not yet traffic that is', () => {
    const ends = (['verified', 'untested'] as const).map((result) => {
      const plan = testPlan();
      const w = world(plan);
      for (let i = 0; i < 4; i++) answer(plan, w);
      feed(plan, w, { type: 'abort', reason: 'x', atMs: w.at });
      while (w.state.phase !== 'ended') if (!answer(plan, w, { proof: proof(result) })) break;
      expect(w.state.outcome).toBe('restored');
      return w.state.reason;
    });
    expect(ends).toEqual([
      'abort: x; traffic is verified back',
      'abort: x; the proven weights are written, untested by traffic: test',
    ]);
  });

  it('a restore covers every client cluster that may have been written, and none of a wave that has not begun', () => {
    const plan = testPlan();
    const w = interrupted(plan, 3, (at) => feed(plan, at, { type: 'abort', reason: 'x', atMs: at.at }));
    const restore = w.issued.find((command) => command.type === 'restore');
    expect(restore).toMatchObject({ clients: ['aws-us-east-1'], serving: [] });
  });

  it('late answers of superseded commands change nothing', () => {
    const plan = testPlan();
    const w = world(plan);
    answer(plan, w);
    const entering = w.open[0];
    feed(plan, w, { type: 'abort', reason: 'x', atMs: 1 });
    const { state } = w;
    if (entering !== undefined && 'seq' in entering) feed(plan, w, { type: 'done', seq: entering.seq, atMs: 2 });
    expect(w.state).toEqual(state);
  });
});

describe('holding', () => {
  it('an unknown bake needs a person and never counts as a breach; resume bakes again', () => {
    const plan = testPlan();
    const w = world(plan);
    for (let i = 0; i < 4; i++) answer(plan, w);
    answer(plan, w, { watch: watched('unknown') });
    expect(w.state.phase).toBe('needs-person');
    expect(w.state.shares['aws-us-east-1']).toBe(50_000);
    feed(plan, w, { type: 'resume', reason: 'x', atMs: 1 });
    expect(w.state.phase).toBe('baking');
    runToEnd(plan, w);
    expect(w.state.outcome).toBe('promoted');
  });

  it('a gate waits for approve, a pause for resume, and both keep a guard', () => {
    const plan = testPlan({ approveAt: 0 });
    const w = world(plan);
    for (let i = 0; i < 5; i++) answer(plan, w);
    expect(w.state.phase).toBe('gated');
    expect(w.open).toMatchObject([{ type: 'watch', mode: 'hold' }]);
    feed(plan, w, { type: 'pause', reason: 'x', atMs: 1 });
    feed(plan, w, { type: 'approve', reason: 'x', atMs: 2 });
    expect(w.state.phase).toBe('paused');
    feed(plan, w, { type: 'resume', reason: 'x', atMs: 3 });
    expect(w.state.phase).toBe('applying');
  });

  it('promote --full skips the remaining bakes and gates, but proves every step', () => {
    const plan = testPlan({ approveAt: 1 });
    const w = world(plan);
    for (let i = 0; i < 4; i++) answer(plan, w);
    feed(plan, w, { type: 'promote', reason: 'x', full: true, atMs: 1 });
    const before = w.issued.length;
    runToEnd(plan, w);
    const after = w.issued.slice(before - 1).map((command) => command.type);
    expect(w.state.outcome).toBe('promoted');
    expect(after.filter((type) => type === 'apply')).toHaveLength(2);
    expect(after.filter((type) => type === 'verify')).toHaveLength(2);
    expect(w.issued.slice(before).some((command) => command.type === 'watch' && command.mode === 'bake')).toBe(false);
  });
});

describe('contradicted traffic', () => {
  it('leads back, and an Envoy that contradicts the restore leaves the run to a person', () => {
    const plan = testPlan();
    const w = world(plan);
    for (let i = 0; i < 3; i++) answer(plan, w);
    answer(plan, w, { proof: proof('contradicted') });
    expect(w.state.phase).toBe('restoring');
    answer(plan, w);
    answer(plan, w, { proof: proof('contradicted') });
    expect(w.state.outcome).toBe('unproven');
    expect(w.state.reason).toContain('node-1');
  });
});

describe('onBreach: cluster', () => {
  it('takes back the breaching cluster and those on their way, keeps the whole ones, and ends partial', () => {
    const plan = testPlan({ onBreach: 'cluster' });
    const w = world(plan);
    while (!(w.state.wave === 1 && w.state.phase === 'baking')) answer(plan, w);
    answer(plan, w, { watch: watched('breach', ['gcp-europe-west1']) });
    const restore = w.issued.find((command) => command.type === 'restore');
    expect(restore).toMatchObject({ serving: ['gcp-europe-west1', 'onprem-fra1'] });
    runToEnd(plan, w);
    expect(w.state.outcome).toBe('partial');
    expect(w.issued.findLast((command) => command.type === 'commit')).toMatchObject({ serving: ['aws-us-east-1'] });
    expect(w.state.shares['aws-us-east-1']).toBe(WHOLE);
  });

  it('never keeps a cluster whose whole share is not proven and baked yet, even when another one breaches', () => {
    const plan = testPlan({ onBreach: 'cluster' });
    const w = world(plan);
    while (!(w.state.wave === 1 && w.state.step === 2 && w.state.phase === 'verifying')) answer(plan, w);
    const seq = w.state.watching;
    drop(w, 'watch');
    feed(plan, w, { type: 'watched', seq, atMs: w.at, result: watched('breach', ['aws-us-east-1']) });
    runToEnd(plan, w);
    expect(w.state.outcome).toBe('restored');
    expect(w.issued.some((command) => command.type === 'commit')).toBe(false);
    expect(w.state.takenBack).toEqual(['aws-us-east-1', 'gcp-europe-west1', 'onprem-fra1']);
  });

  it('watches the clusters that keep the version while others go back, and takes all back when they breach too', () => {
    const plan = testPlan({ onBreach: 'cluster' });
    const w = world(plan);
    while (!(w.state.wave === 1 && w.state.phase === 'baking')) answer(plan, w);
    answer(plan, w, { watch: watched('breach', ['gcp-europe-west1']) });
    expect(w.state.phase).toBe('restoring');
    expect(w.open.at(-1)).toMatchObject({ type: 'watch', mode: 'hold' });
    const seq = w.state.watching;
    drop(w, 'watch');
    feed(plan, w, { type: 'watched', seq, atMs: w.at, result: watched('breach', ['aws-us-east-1']) });
    expect(w.issued.findLast((command) => command.type === 'restore')).toMatchObject({
      serving: [],
      clients: ['aws-us-east-1', 'gcp-europe-west1', 'onprem-fra1'],
    });
    runToEnd(plan, w);
    expect(w.state.outcome).toBe('restored');
  });
});

describe('messages at inconvenient moments', () => {
  it('a breach counts even when a promote has just replaced the watch that saw it', () => {
    const plan = testPlan();
    const w = world(plan);
    for (let i = 0; i < 4; i++) answer(plan, w);
    const seq = w.state.watching;
    feed(plan, w, { type: 'promote', reason: 'x', full: false, atMs: 1 });
    feed(plan, w, { type: 'watched', seq, atMs: 2, result: watched('breach') });
    expect(w.state.phase).toBe('restoring');
  });

  it('a pause before the first share holds it', () => {
    const plan = testPlan();
    const w = world(plan);
    feed(plan, w, { type: 'pause', reason: 'x', atMs: 1 });
    answer(plan, w);
    answer(plan, w);
    expect(w.state.phase).toBe('paused');
    expect(w.state.shares).toEqual({});
    feed(plan, w, { type: 'resume', reason: 'x', atMs: 2 });
    expect(w.state.shares).toEqual({ 'aws-us-east-1': 50_000 });
  });

  it('a wave is watched from its first share on, before that share is proven', () => {
    const plan = testPlan();
    const w = world(plan);
    while (w.state.phase !== 'verifying') answer(plan, w);
    expect(w.open).toContainEqual(expect.objectContaining({ type: 'watch', mode: 'hold' }));
    while (!(w.state.wave === 1 && w.state.phase === 'verifying')) answer(plan, w);
    expect(w.state.watchedWave).toBe(1);
  });
});
