/** Callers past Envoy follow wave by wave, watched; an undo brings them back first. */
import { describe, expect, it } from '@jest/globals';
import { pinNotes } from '../../../core/rollout/plan/pinned.ts';
import type { Plan } from '../../../core/rollout/plan/plan.ts';
import { testPlan } from '../../support/plans.ts';
import { answer, feed, runToEnd, types, watched, world, type World } from './played.ts';

/** Answers well until a phase begins for the nth time. */
function until(plan: Plan, phase: string, nth = 1): World {
  const w = world(plan);
  let seen = 0;
  let last = '';
  for (let i = 0; i < 100; i += 1) {
    if (w.state.phase === phase && last !== phase) seen += 1;
    last = w.state.phase;
    if (seen === nth) return w;
    if (!answer(plan, w)) break;
  }
  throw new Error(`${phase} never began (${w.state.phase})`);
}

const work = (w: World): string[] => types(w).filter((type) => !['watch', 'stopWatch'].includes(type));

describe('callers past Envoy', () => {
  it('follow in a wave after its last bake, are watched as long once more, and only then comes the next wave', () => {
    const plan = testPlan();
    const w = until(plan, 'pinning');
    expect([w.state.wave, w.state.step, w.state.watching > 0]).toEqual([0, 2, true]);
    answer(plan, w);
    expect(w.state).toMatchObject({ phase: 'baking', pinnedWaves: 1, wave: 0 });
    expect(w.state.reason).toMatch(/callers past Envoy get v2, too; watching for 1 s/);
    expect(work(w).filter((type) => type === 'prepare')).toHaveLength(1);
    answer(plan, w);
    expect(w.state).toMatchObject({ phase: 'preparing', wave: 1 });
  });

  it('that suffer by the new version take the wave back, with all clients of it, and no other wave has begun', () => {
    const plan = testPlan();
    const w = until(plan, 'pinning');
    answer(plan, w);
    answer(plan, w, { watch: watched('breach', ['aws-us-east-1']) });
    expect(w.issued.at(-1)).toMatchObject({ type: 'restore', clients: ['aws-us-east-1'], serving: [] });
    runToEnd(plan, w);
    expect(w.state.outcome).toBe('restored');
  });

  it('that cannot be moved are an error, and lead back', () => {
    const plan = testPlan();
    const w = until(plan, 'pinning');
    feed(plan, w, { type: 'failed', seq: w.state.awaiting, atMs: 1, reason: 'no ready endpoint', code: 'NotYet' });
    expect(w.state).toMatchObject({ phase: 'restoring', cause: 'error' });
  });

  it('follow after the approval of the last step, which is asked for once', () => {
    const plan = testPlan({ approveAt: 2 });
    const w = until(plan, 'gated');
    expect(work(w)).not.toContain('pin');
    feed(plan, w, { type: 'approve', reason: 'fine', atMs: 1 });
    expect(w.state.phase).toBe('pinning');
    answer(plan, w);
    answer(plan, w);
    expect(w.state).toMatchObject({ phase: 'preparing', wave: 1 });
  });

  it('are not baked where a person promotes in full, and are where one promotes the last step only', () => {
    const plan = testPlan();
    const full = until(plan, 'pinning');
    feed(plan, full, { type: 'promote', reason: 'now', full: true, atMs: 1 });
    answer(plan, full);
    expect(full.state).toMatchObject({ phase: 'preparing', wave: 1 });
    const one = until(plan, 'baking', 3);
    feed(plan, one, { type: 'promote', reason: 'now', full: false, atMs: 1 });
    expect(one.state.phase).toBe('pinning');
    answer(plan, one);
    expect(one.state.phase).toBe('baking');
  });

  it('hold a cluster of onBreach: cluster back from what is kept until they are watched, too', () => {
    const plan = testPlan({ onBreach: 'cluster' });
    const w = until(plan, 'pinning');
    const result = watched('breach', ['onprem-fra1']);
    feed(plan, w, { type: 'watched', seq: w.state.watching, result, atMs: 1 });
    expect(w.state.takenBack).toEqual(['aws-us-east-1']);
  });

  it('go back first in an undo, before any share', () => {
    const plan = testPlan({ kind: 'undo', shares: [1_000_000], bakeMs: 0 });
    const w = world(plan);
    runToEnd(plan, w);
    const wave = ['prepare', 'enter', 'pin', 'apply', 'verify'];
    expect(work(w)).toEqual([...wave, ...wave, 'confirm', 'commit', 'retire']);
    expect(pinNotes(plan)).toEqual(['callers past Envoy go back first: v2 was proven before']);
  });

  it('of a cluster whose record is no client of the run follow at the commit, and the plan says so', () => {
    const { waves, ...rest } = testPlan();
    const plan = { ...rest, waves: waves.map((wave) => ({ ...wave, clients: ['elsewhere'] })) };
    const w = world(plan);
    runToEnd(plan, w);
    expect(work(w)).not.toContain('pin');
    expect(pinNotes(plan)).toEqual([
      'callers past Envoy follow at the commit in aws-us-east-1, gcp-europe-west1, onprem-fra1: nobody there calls its own pods through Envoy',
    ]);
  });

  it('follow at the commit in the run of an older plan', () => {
    const { pins: _pins, ...plan } = testPlan();
    const w = world(plan);
    runToEnd(plan, w);
    expect(work(w)).not.toContain('pin');
    expect(w.state.outcome).toBe('promoted');
  });
});
