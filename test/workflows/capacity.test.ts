/** Pods before shares, through a real Temporal server. */
import { describe, expect, it } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import type { HoldCapacityInput, KeepCapacityInput } from '../../core/contract/activities.ts';
import type { Plan } from '../../core/rollout/plan/plan.ts';
import { assertEventually } from '../support/eventually.ts';
import { fakeWorld, untilCancelled } from '../support/fake-activities.ts';
import { testPlan } from '../support/plans.ts';
import { runRollout } from '../support/run-rollout.ts';
import { temporalOfFile } from '../support/temporal-of-file.ts';

const temporal = temporalOfFile();

const aws = 'aws-us-east-1';

/** In one cluster, by share. */
function planOf(service: string, change: Partial<Plan> = {}): Plan {
  const plan = testPlan({ service });
  const capacity = { mode: 'byShare' as const, pods: { [aws]: 30 } };
  return { ...plan, waves: plan.waves.slice(0, 1), capacity, ...change };
}

const ofAws = (calls: readonly string[]): string[] =>
  calls
    .filter((call) => /^(prepareVersion|keepCapacity|applyRouting) /.test(call))
    .map((call) => call.split(' ')[0] ?? '');

describe('the pods for a share', () => {
  it('are there before each share: made ready with the version for the first, asked for before the others', async () => {
    const asked: unknown[] = [];
    const world = fakeWorld({
      prepareVersion: async ({ forShare }: { forShare: unknown }) => {
        asked.push(forShare);
        return { deployment: 'd', replicas: 2, ready: 2, templateDigest: 'x' };
      },
      keepCapacity: async ({ forShare }: KeepCapacityInput) => {
        asked.push(forShare);
        return { pods: {} };
      },
    });
    await runRollout(temporal, { plan: planOf('capacity-steps'), world }, async (handle) => {
      expect((await handle.result()).outcome).toBe('promoted');
    });
    expect(asked).toEqual([50_000, 500_000, 1_000_000].map((share) => ({ mode: 'byShare', share })));
    const steps = ['keepCapacity', 'applyRouting'];
    // Enters, then a share each.
    const expected = ['prepareVersion', 'applyRouting', 'applyRouting', ...steps, ...steps];
    expect(ofAws(world.calls)).toEqual(expected);
  }, 60_000);

  it('rise with the traffic from the first share to the end, by one activity for the wave', async () => {
    const held: unknown[] = [];
    const ends: string[] = [];
    const world = fakeWorld({
      holdCapacity: async ({ of }: HoldCapacityInput) => {
        held.push(of.map(({ cluster, replaces }) => [cluster.name, replaces]));
        await untilCancelled().finally(() => ends.push('cancelled'));
      },
    });
    await runRollout(temporal, { plan: planOf('capacity-held'), world }, async (handle) => {
      expect((await handle.result()).outcome).toBe('promoted');
      await assertEventually(async () => expect(ends).toEqual(['cancelled']));
    });
    expect(held).toEqual([[[aws, 'v1']]]);
  }, 60_000);

  it('that can no longer be kept end nothing: the next step asks anew', async () => {
    const world = fakeWorld({
      holdCapacity: async () => {
        throw ApplicationFailure.nonRetryable('bug in an activity', 'Bug');
      },
    });
    await runRollout(temporal, { plan: planOf('capacity-unheld'), world }, async (handle) => {
      expect((await handle.result()).outcome).toBe('promoted');
    });
  }, 60_000);

  it('that do not come end the run where it is: no larger share is given, and it goes back', async () => {
    const reason = 'Deployment/checkout-v1: 30 of 150 pods are ready, after 600 s';
    const world = fakeWorld({
      keepCapacity: async () => {
        throw ApplicationFailure.nonRetryable(reason, 'DeadlineExceeded');
      },
    });
    await runRollout(temporal, { plan: planOf('capacity-lacks'), world }, async (handle) => {
      await expect(handle.result()).rejects.toMatchObject({ cause: { message: expect.stringContaining(reason) } });
    });
    expect(ofAws(world.calls)).toEqual(['prepareVersion', 'applyRouting', 'applyRouting', 'keepCapacity']);
    expect(world.calls).toContain(`restore ${aws}`);
    expect(world.share[aws]).toBe(0);
  }, 60_000);

  it('are not asked for by the run of an older plan, which goes on as it began', async () => {
    const { capacity: _, ...older } = planOf('capacity-older');
    const world = fakeWorld();
    await runRollout(temporal, { plan: older, world }, async (handle) => {
      expect((await handle.result()).outcome).toBe('promoted');
    });
    expect(world.calls.filter((call) => call.startsWith('keepCapacity'))).toEqual([]);
  }, 60_000);
});
