/** The way back with one cluster that does not answer, through a real Temporal server. */
import { describe, expect, it } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import type { RolloutStatus } from '../../core/rollout/machine/status.ts';
import { assertEventually } from '../support/eventually.ts';
import { fakeWorld, type FakeWorld } from '../support/fake-activities.ts';
import { testPlan } from '../support/plans.ts';
import { runRollout, statusOf, type Handle } from '../support/run-rollout.ts';
import { temporalOfFile } from '../support/temporal-of-file.ts';

const temporal = temporalOfFile();

const dead = 'gcp-europe-west1';

/** A world in which one cluster's API server is down for ever. */
const worldWithout = (cluster: string): FakeWorld =>
  fakeWorld({
    restore: async (input: { cluster: { name: string } }) => {
      if (input.cluster.name === cluster) throw ApplicationFailure.retryable('connect ECONNREFUSED', 'Unavailable');
      return { cluster: input.cluster.name, changes: [], weights: {}, writtenAtMs: Date.now(), withdrawn: [] };
    },
  });

const restoreOf = (service: string, world: FakeWorld, body: (handle: Handle) => Promise<void>): Promise<number> =>
  runRollout(temporal, { plan: testPlan({ service, kind: 'restore', shares: [] }), world }, body);

const give = (handle: Handle, cluster: string): Promise<RolloutStatus> =>
  handle.executeUpdate<RolloutStatus, [unknown]>('giveUp', { args: [{ cluster, reason: 'its cloud is down' }] });

describe('a restore with one dead cluster', () => {
  it('writes and proves the others at once, and ends without it when a person gives it up', async () => {
    const world = worldWithout(dead);
    await restoreOf('give-up', world, async (handle) => {
      await assertEventually(async () => {
        const { back = {}, outstanding, phase } = await statusOf(handle);
        expect([phase, outstanding]).toEqual(['restoring', [dead]]);
        expect(Object.values(back).map(({ state }) => state)).toEqual(['verified', 'writing', 'verified']);
      });
      await expect(handle.executeUpdate('abort', { args: [{ reason: 'x' }] })).rejects.toMatchObject({
        cause: { message: expect.stringMatching(/still to write: gcp-europe-west1.*give-up/) },
      });
      await expect(give(handle, 'aws-us-east-1')).rejects.toMatchObject({
        cause: { message: expect.stringContaining('is written already') },
      });
      await give(handle, dead);
      const { outcome, reason, status } = await handle.result();
      expect([outcome, Object.keys(status.absent ?? {})]).toEqual(['restored', [dead]]);
      expect(reason).toContain(`without ${dead} (its cloud is down)`);
    });
    expect(world.calls.filter((call) => call.startsWith('verifyRestored'))).toHaveLength(2);
    expect(world.calls.some((call) => call.startsWith('verifyRouting'))).toBe(false);
  }, 60_000);

  it('hears a cancellation, tells what it waits for, and ends when that is given up', async () => {
    await restoreOf('cancelled', worldWithout(dead), async (handle) => {
      await assertEventually(async () => expect((await statusOf(handle)).outstanding).toEqual([dead]));
      await handle.cancel();
      await assertEventually(async () => {
        const log = await handle.query<{ text: string }[]>('log');
        // Proofs of the other clusters may come after it.
        const told = log.filter(({ text }) => /^cancel .* changes nothing: .*give-up/.test(text));
        expect(told).toHaveLength(1);
      });
      await give(handle, dead);
      expect((await handle.result()).outcome).toBe('restored');
    });
  }, 60_000);

  it('leaves a cluster that the plan left out alone', async () => {
    const world = fakeWorld();
    const whole = testPlan({ service: 'left-out', kind: 'restore', shares: [] });
    const clients = ['aws-us-east-1', 'onprem-fra1'];
    const plan = {
      ...whole,
      waves: [{ name: 'all', serving: clients, clients, enter: {}, steps: [], skipped: [] }],
      absent: { [dead]: 'left out by --without' },
    };
    await runRollout(temporal, { plan, world }, async (handle) => {
      expect((await handle.result()).reason).toContain(`without ${dead} (left out by --without)`);
    });
    expect(world.calls.some((call) => call.includes(dead))).toBe(false);
  }, 60_000);
});

describe('a breach with one dead cluster, and then another breach', () => {
  it('the second way back is not held up by what the first one still tries', async () => {
    const breach = (breached: string[]) => ({
      ...{ verdict: 'breach', breached, reason: 'bad', readings: [], firstBadAtMs: 1, decidedAtMs: 2 },
    });
    let restores = 0;
    const dying = worldWithout(dead);
    const world = fakeWorld({
      restore: async (input: never) => {
        restores += 1;
        return dying.activities.restore(input);
      },
      watchSlo: async (input: { mode: string; strata: unknown[] }) => {
        // The second wave breaches in one cluster; the one that keeps the version breaches once that goes back.
        if (restores > 0) return breach(['aws-us-east-1']);
        if (input.strata.length > 1 && input.mode === 'bake') return breach(['gcp-europe-west1', 'onprem-fra1']);
        return input.mode === 'bake' ? { ...breach([]), verdict: 'healthy' } : untilRestore(() => restores > 0, breach);
      },
    });
    const plan = testPlan({ service: 'twice', onBreach: 'cluster' });
    await runRollout(temporal, { plan, world }, async (handle) => {
      await assertEventually(async () => {
        const { outstanding, shares } = await statusOf(handle);
        expect([outstanding, Object.values(shares).some((share) => share > 0)]).toEqual([[dead], false]);
      });
      await give(handle, dead);
      expect((await handle.result()).outcome).toBe('restored');
    });
  }, 90_000);
});

/** A watch in the mode hold: it ends with a breach once that came true. */
async function untilRestore<T>(came: () => boolean, breach: (breached: string[]) => T): Promise<T> {
  await assertEventually(async () => expect(came()).toBe(true));
  return breach(['aws-us-east-1']);
}
