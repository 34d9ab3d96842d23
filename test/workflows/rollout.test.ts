import { describe, expect, it } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import type { RestoreInput } from '../../core/contract/activities.ts';
import type { WatchSloResult } from '../../core/judge/look/watch.ts';
import type { VerifyRoutingInput } from '../../core/judge/proof/proof.ts';
import type { RolloutStatus } from '../../core/rollout/machine/status.ts';
import type { Plan } from '../../core/rollout/plan/plan.ts';
import type { ApplyRoutingInput, Writer } from '../../core/routing/changes.ts';
import { WHOLE } from '../../core/values/share.ts';
import { assertEventually } from '../support/eventually.ts';
import { fakeWorld, untilCancelled, type FakeWorld } from '../support/fake-activities.ts';
import { testPlan } from '../support/plans.ts';
import { runRollout, statusOf as status, type Handle } from '../support/run-rollout.ts';
import { temporalOfFile } from '../support/temporal-of-file.ts';

const temporal = temporalOfFile();

const withRollout = (plan: Plan, world: FakeWorld, body: (handle: Handle) => Promise<void>): Promise<number> =>
  runRollout(temporal, { plan, world }, body);

describe('rollout', () => {
  it('promotes through 2 waves × 3 steps within 400 history events', async () => {
    const world = fakeWorld();
    const events = await withRollout(testPlan({ service: 'happy' }), world, async (handle) => {
      const result = await handle.result();
      expect(result.outcome).toBe('promoted');
    });
    expect(world.proven).toEqual({ 'aws-us-east-1': 'v2', 'gcp-europe-west1': 'v2', 'onprem-fra1': 'v2' });
    expect(world.share).toEqual({ 'aws-us-east-1': WHOLE, 'gcp-europe-west1': WHOLE, 'onprem-fra1': WHOLE });
    expect(events).toBeLessThanOrEqual(400);
  }, 60_000);

  it('restores on a breach, with the reason in its result', async () => {
    const breach: WatchSloResult = {
      verdict: 'breach',
      breached: ['aws-us-east-1'],
      reason: '9 of 40 failed',
      readings: [],
      firstBadAtMs: 1,
      decidedAtMs: 2,
    };
    const world = fakeWorld({ watchSlo: async () => breach });
    await withRollout(testPlan({ service: 'breach' }), world, async (handle) => {
      const result = await handle.result();
      expect(result.outcome).toBe('restored');
      expect(result.reason).toContain('9 of 40 failed');
    });
    expect(world.share['aws-us-east-1']).toBe(0);
  }, 60_000);

  it('asks for the proof of the way back with the step that it comes from: a frozen Envoy would still be there', async () => {
    const proofs: VerifyRoutingInput[] = [];
    const verified = async (input: VerifyRoutingInput) => {
      proofs.push(input);
      return { result: 'verified', proofs: [], verifiedAtMs: Date.now() };
    };
    const world = fakeWorld({
      watchSlo: () => untilCancelled(),
      verifyRouting: verified,
      verifyRestored: verified,
    });
    await withRollout(testPlan({ service: 'proof' }), world, async (handle) => {
      await assertEventually(async () => expect((await status(handle)).phase).toBe('baking'));
      await handle.executeUpdate('abort', { args: [{ reason: 'enough' }] });
      await handle.result();
    });
    const [forward, back] = proofs.slice(-2);
    const step = forward?.targets[0];
    expect([forward?.mode, back?.mode]).toEqual(['forward', 'restored']);
    expect(back?.targets[0]?.before).toEqual({ weights: step?.weights, writtenAtMs: step?.writtenAtMs });
  }, 60_000);

  it('every write says whose record it may replace, and each command has a turn of its own', async () => {
    const owner = { epoch: 7, run: 'before' };
    const names = ['aws-us-east-1', 'gcp-europe-west1', 'onprem-fra1'];
    const plan = { ...testPlan({ service: 'owners' }), owners: Object.fromEntries(names.map((one) => [one, owner])) };
    const writers: unknown[] = [];
    const seen = ({ turn, replaces }: Writer): void => void writers.push({ turn, replaces });
    const world = fakeWorld({
      watchSlo: () => untilCancelled(),
      applyRouting: async (input: ApplyRoutingInput) => {
        seen(input);
        return { cluster: input.cluster.name, changes: [], weights: { a: WHOLE }, writtenAtMs: Date.now() };
      },
      restore: async (input: RestoreInput) => {
        seen(input);
        return { cluster: input.cluster.name, changes: [], weights: {}, writtenAtMs: Date.now(), withdrawn: [] };
      },
    });
    await withRollout(plan, world, async (handle) => {
      await assertEventually(async () => expect((await status(handle)).phase).toBe('baking'));
      await handle.executeUpdate('abort', { args: [{ reason: 'enough' }] });
      await handle.result();
    });
    expect(writers).toEqual([1, 2, 3].map(() => ({ turn: expect.any(Number), replaces: owner })));
    const turns = (writers as Writer[]).map(({ turn = 0 }) => turn);
    expect(turns).toEqual([...new Set(turns)].sort((a, b) => a - b));
  }, 60_000);

  it('restores at once on abort while a version is still being made ready', async () => {
    const world = fakeWorld({ prepareVersion: () => untilCancelled() });
    await withRollout(testPlan({ service: 'abort' }), world, async (handle) => {
      await assertEventually(async () => expect((await status(handle)).phase).toBe('preparing'));
      const said = await handle.executeUpdate<RolloutStatus, [{ reason: string }]>('abort', {
        args: [{ reason: 'changed my mind' }],
      });
      expect(said.phase).toBe('ended');
      const result = await handle.result();
      expect(result.outcome).toBe('restored');
      expect(result.reason).toContain('changed my mind');
    });
  }, 60_000);

  it('restores on cancellation, and only then ends as cancelled', async () => {
    const world = fakeWorld({ watchSlo: () => untilCancelled() });
    await withRollout(testPlan({ service: 'cancel' }), world, async (handle) => {
      await assertEventually(async () => expect((await status(handle)).phase).toBe('baking'));
      await handle.cancel();
      await expect(handle.result()).rejects.toThrow(/cancel/i);
    });
    expect(world.calls).toContain('restore aws-us-east-1');
    expect(world.share['aws-us-east-1']).toBe(0);
  }, 60_000);

  it('restores when an activity refuses for good, then fails with its type', async () => {
    const refuse = (): Promise<never> => Promise.reject(ApplicationFailure.nonRetryable('another CEC', 'Foreign'));
    const world = fakeWorld({ applyRouting: refuse });
    await withRollout(testPlan({ service: 'refused' }), world, async (handle) => {
      await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'Foreign' } });
    });
    expect(world.calls).toContain('restore aws-us-east-1');
  }, 60_000);

  it('a release writes nothing when a topology move has begun since it was planned: both write the routes', async () => {
    const topology = async ({ workflowId }: { workflowId: string }) =>
      workflowId.endsWith('/topology') ? 'mover' : '';
    const world = fakeWorld({ findRun: topology });
    const plan = { ...testPlan({ service: 'released', kind: 'release' }), beside: { topology: '' } };
    await withRollout(plan, world, async (handle) => {
      await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'Conflict' } });
    });
    expect(world.calls.filter((call) => call.startsWith('releaseService'))).toEqual([]);
  }, 60_000);

  it('a restore goes on past a failing cluster and retries it without limit', async () => {
    const breach: WatchSloResult = {
      verdict: 'breach',
      breached: [],
      reason: 'bad',
      readings: [],
      firstBadAtMs: 1,
      decidedAtMs: 2,
    };
    let wave2 = false;
    const tries: Record<string, number> = {};
    const world = fakeWorld({
      watchSlo: async (input: { mode: string; strata: { serving: string }[] }) => {
        wave2 = input.strata.length > 1;
        if (wave2 && input.mode === 'bake') return breach;
        return input.mode === 'bake' ? { ...breach, verdict: 'healthy' } : untilCancelled();
      },
      restore: async ({ cluster }: { cluster: { name: string } }) => {
        const n = (tries[cluster.name] = (tries[cluster.name] ?? 0) + 1);
        if (cluster.name === 'gcp-europe-west1' && n < 4) throw ApplicationFailure.retryable('down', 'Unavailable');
        return { cluster: cluster.name, changes: [], weights: {}, writtenAtMs: Date.now(), withdrawn: [] };
      },
    });
    await withRollout(testPlan({ service: 'past' }), world, async (handle) => {
      expect((await handle.result()).outcome).toBe('restored');
    });
    expect(tries).toEqual({ 'aws-us-east-1': 1, 'gcp-europe-west1': 4, 'onprem-fra1': 1 });
  }, 60_000);

  it('takes approve, pause, resume and promote, and refuses what makes no sense before it is written', async () => {
    const world = fakeWorld();
    await withRollout(testPlan({ service: 'gate', approveAt: 0, shares: [50_000, WHOLE] }), world, async (handle) => {
      await assertEventually(async () => expect((await status(handle)).phase).toBe('gated'));
      await expect(handle.executeUpdate('resume', { args: [{ reason: 'x' }] })).rejects.toMatchObject({
        cause: { message: 'it is not paused' },
      });
      await handle.executeUpdate('pause', { args: [{ reason: 'lunch' }] });
      await handle.executeUpdate('approve', { args: [{ reason: 'fine' }] });
      expect((await status(handle)).phase).toBe('paused');
      await handle.executeUpdate('resume', { args: [{ reason: 'back' }] });
      await assertEventually(async () => expect((await status(handle)).phase).toBe('gated'));
      await handle.executeUpdate('promote', { args: [{ reason: 'go', full: true }] });
      expect((await handle.result()).outcome).toBe('promoted');
    });
  }, 60_000);
});
