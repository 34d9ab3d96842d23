import { describe, expect, it } from '@jest/globals';
import type { VerifyRoutingResult } from '../../../core/judge/proof/proof.ts';
import { next } from '../../../core/rollout/machine/next.ts';
import { initialState } from '../../../core/rollout/machine/state.ts';
import { statusOf } from '../../../core/rollout/machine/status.ts';
import { assertFits, atOnceOf, batchesOf, fannedOut } from '../../../core/rollout/plan/fan-out.ts';
import { patchFor } from '../../../core/rollout/plan/patch.ts';
import { strataOf } from '../../../core/rollout/plan/strata.ts';
import { WHOLE } from '../../../core/values/share.ts';
import { fleetNames, fleetPlan } from '../../support/fleet-plan.ts';
import { testPlan } from '../../support/plans.ts';

const sizeOf = (value: unknown): number => JSON.stringify(value).length;
const KIB = 1024;

describe('a plan over many clusters', () => {
  it('says how many are written at a time above 10 clusters, whatever the size of a wave', () => {
    expect(fannedOut(fleetPlan(10)).waves.map(({ atOnce }) => atOnce)).toEqual([undefined, undefined]);
    expect(fannedOut(fleetPlan(11)).waves.map(({ atOnce }) => atOnce)).toEqual([50, 50]);
  });

  it('keeps what the config says, below 10 clusters too, and never more than 50', () => {
    const plan = fleetPlan(200);
    const [first, last] = plan.waves;
    if (first === undefined || last === undefined) throw new Error('two waves');
    const asked = {
      ...plan,
      waves: [
        { ...first, atOnce: 3 },
        { ...last, atOnce: 180 },
      ],
    };
    expect(fannedOut(asked).waves.map(({ atOnce }) => atOnce)).toEqual([3, 50]);
    const small = testPlan();
    const waves = small.waves.map((wave, i) => (i === 1 ? { ...wave, atOnce: 1 } : wave));
    expect(fannedOut({ ...small, waves }).waves.map(({ atOnce }) => atOnce)).toEqual([undefined, 1]);
    expect(atOnceOf(fannedOut({ ...small, waves }))).toBe(1);
    expect(atOnceOf(small)).toBeUndefined();
  });

  it('is written in batches of at most 50 clusters and 1000 weights, so that no payload comes near 256 KiB', () => {
    const names = fleetNames(200);
    expect(batchesOf(names, () => 2).map((batch) => batch.length)).toEqual([50, 50, 50, 50]);
    expect(batchesOf(names, () => 100).map((batch) => batch.length)).toEqual(Array(20).fill(10));
    expect(batchesOf(names, () => 4_000).map((batch) => batch.length)).toEqual(Array(200).fill(1));
    expect(batchesOf(names, () => 100).flat()).toEqual(names);
    expect(batchesOf([], () => 1)).toEqual([]);
  });

  it('writes to a client only what it calls: 200 clusters would else be told of 200 each', () => {
    const plan = fleetPlan(200);
    const [name = ''] = fleetNames(200);
    const step = plan.waves[0]?.steps[0];
    if (step === undefined) throw new Error('a step');
    const patch = patchFor(step, { client: name, routes: plan.routes });
    expect(patch).toEqual({ versions: { [name]: { v1: WHOLE - 50_000, v2: 50_000 } } });
  });

  it('stays below 256 KiB at 200 clusters, and so does what its watch is asked', () => {
    const plan = fannedOut(fleetPlan(200));
    expect(sizeOf(plan)).toBeLessThan(256 * KIB);
    const shares = Object.fromEntries(fleetNames(200).map((name) => [name, 500_000]));
    expect(sizeOf(strataOf(plan, { shares, wave: 1 }, {}))).toBeLessThan(256 * KIB);
  });

  it('… and at 50 clusters that call each other', () => {
    const names = fleetNames(50);
    const plan = fleetPlan(50, { routes: Object.fromEntries(names.map((name) => [name, names])) });
    const shares = Object.fromEntries(names.map((name) => [name, 500_000]));
    expect(sizeOf(strataOf(plan, { shares, wave: 1 }, {}))).toBeLessThan(256 * KIB);
    expect(sizeOf(plan)).toBeLessThan(256 * KIB);
  });
});

describe('a plan that no history would take', () => {
  it('is refused with the reason; a way back from there is not', () => {
    const names = fleetNames(200);
    const plan = fleetPlan(200, { routes: Object.fromEntries(names.map((name) => [name, names])) });
    expect(() => assertFits(plan)).toThrow(/too large for a history \(200 clusters, 40000 pairs/);
    expect(() => assertFits({ ...plan, kind: 'restore' })).not.toThrow();
    expect(() => assertFits(fleetPlan(200))).not.toThrow();
  });
});

describe('what a run of 200 clusters keeps and answers', () => {
  it('stays below 128 KiB, with a log line for every cluster that goes back', () => {
    const plan = fannedOut(fleetPlan(200));
    const names = fleetNames(200);
    let state = next(plan, initialState, { type: 'started', atMs: 1 }).state;
    const answer = (event: Answered): void => {
      state = next(plan, state, { ...event, seq: state.awaiting, atMs: 2 }).state;
    };
    const proofs = names.map((cluster) => ({
      ...{ cluster, instance: 'envoy-1', result: 'contradicted' as const, requests: 1_000 },
      reason: '120 of 1000 requests went to v2 since the write, and 5 % were asked for',
    }));
    answer({ type: 'done' });
    answer({ type: 'proved', proof: { result: 'verified', proofs: [], verifiedAtMs: 1 } });
    answer({ type: 'done' });
    expect(state.reason.length).toBeLessThan(200);
    answer({ type: 'proved', proof: { result: 'contradicted', proofs, verifiedAtMs: 1 } });
    expect(state.phase).toBe('restoring');
    for (const cluster of state.outstanding) answer({ type: 'restoredOne', cluster });
    expect(state.leftBecause).toContain('and 190 more');
    expect(sizeOf([state.log, statusOf(plan, state)])).toBeLessThan(128 * KIB);
  });
});

type Answered =
  | { readonly type: 'done' }
  | { readonly type: 'proved'; readonly proof: VerifyRoutingResult }
  | { readonly type: 'restoredOne'; readonly cluster: string };
