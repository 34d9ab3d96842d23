import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Worker } from '@temporalio/worker';
import type { ClusterWrite } from '../../core/contract/many-clusters.ts';
import type { WriteClustersInput } from '../../core/contract/activities.ts';
import { fannedOut } from '../../core/rollout/plan/fan-out.ts';
import { unpacked } from '../../core/values/packed.ts';
import type { WatchSloInput, WatchSloResult } from '../../core/judge/look/watch.ts';
import { WHOLE } from '../../core/values/share.ts';
import { assertEventually } from '../support/eventually.ts';
import { fakeWorld, untilCancelled, type FakeWorld } from '../support/fake-activities.ts';
import { startFleet, type Fleet, type Played } from '../support/fleet.ts';
import { fleetNames, fleetPlan } from '../support/fleet-plan.ts';
import { runRollout, statusOf } from '../support/run-rollout.ts';
import { temporalOfFile } from '../support/temporal-of-file.ts';

const temporal = temporalOfFile();
const count = 25;
const names = fleetNames(count);

/** What the next bakes say; healthy when nothing is said. */
let breachAtShare = 0;
const verdict = (kind: 'healthy' | 'breach'): WatchSloResult => ({
  ...{ verdict: kind, breached: [], reason: `${kind} by the test`, readings: [], firstBadAtMs: null, decidedAtMs: 1 },
});
const watchSlo = async ({ mode, strata }: WatchSloInput): Promise<WatchSloResult> => {
  if (mode === 'hold') return untilCancelled();
  return verdict(strata.length === count && strata.some(({ share }) => share === breachAtShare) ? 'breach' : 'healthy');
};

const replayed = async ({ handle }: Played): Promise<number> => {
  const history = await handle.fetchHistory();
  await Worker.runReplayHistory({ workflowBundle: temporal.workflowBundle }, history, handle.workflowId);
  return history.events?.length ?? 0;
};

describe('a rollout over 25 clusters, with API servers in memory', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await startFleet(temporal, { count, watchSlo });
  }, 120_000);
  afterAll(() => fleet.stop());

  it('leaves nothing half moved when it is aborted while a write of many clusters is under way: a late one comes before the way back', async () => {
    const [first = '', second = ''] = names;
    const [reached, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const late = fleet.clusters[second];
    if (late === undefined) throw new Error('no second cluster');
    late.before = async (method, path) => {
      if (method !== 'PATCH' || !path.includes('ciliumenvoyconfigs') || path.includes('dryRun')) return;
      reached.resolve();
      await released.promise;
    };
    const { result } = await fleet.play({ kind: 'adopt' }, async (handle) => {
      await reached.promise;
      await assertEventually(async () => expect(fleet.record(first)).not.toBeNull());
      await handle.executeUpdate('abort', { args: [{ reason: 'enough' }] });
      // The record of the second is about to be made: a way back that came first would find nothing to take back.
      const { pendingActivities = [] } = (await handle.describe()).raw;
      expect(pendingActivities?.map(({ activityType }) => activityType?.name)).not.toContain('restore');
      expect((await statusOf(handle)).back?.[second]?.state).toBe('writing');
      late.before = () => Promise.resolve();
      released.resolve();
    });
    expect(result.outcome).toBe('restored');
    for (const name of names) {
      const versions = fleet.record(name)?.versions;
      expect([name, versions?.current ?? null, versions?.proven ?? null]).toEqual([name, null, null]);
    }
  }, 120_000);

  it('adopts them all, and its history grows with the steps and not with the clusters', async () => {
    const played = await fleet.play({ kind: 'adopt' });
    expect(played.result.outcome).toBe('promoted');
    expect(names.map((name) => fleet.record(name)?.versions.proven)).toEqual(
      names.map((name) => ({ [name]: { v1: WHOLE } })),
    );
    expect(await replayed(played)).toBeLessThanOrEqual(250);
  }, 120_000);

  it('deploys to them all', async () => {
    const played = await fleet.play({ kind: 'deploy', version: 'v2', image: 'registry.example.com/shop/checkout:v2' });
    expect(played.result.outcome).toBe('promoted');
    expect(names.map((name) => fleet.record(name)?.versions.proven?.[name])).toEqual(names.map(() => ({ v2: WHOLE })));
    // Its pins included, a step more in each wave, and the pods for each step.
    expect(await replayed(played)).toBeLessThanOrEqual(500);
  }, 120_000);

  it('takes them all back on a breach at the third step of the last wave, each by itself', async () => {
    breachAtShare = 250_000;
    const played = await fleet.play({ kind: 'deploy', version: 'v3', image: 'registry.example.com/shop/checkout:v3' });
    expect(played.result.outcome).toBe('restored');
    expect(Object.keys(played.result.status.back ?? {}).sort()).toEqual([...names].sort());
    for (const name of names) {
      const versions = fleet.record(name)?.versions;
      expect(versions?.current?.[name]).toMatchObject({ v2: WHOLE, v3: 0 });
      expect(versions?.proven?.[name]).toMatchObject({ v2: WHOLE });
    }
    await replayed(played);
  }, 120_000);
});

describe('a step of many clusters', () => {
  it('is watched as soon as a batch may write: callers of the first may have the new version while the last hangs', async () => {
    const plan = fannedOut(fleetPlan(12));
    const world: FakeWorld = fakeWorld({
      writeClusters: async ({ write, inputs }: WriteClustersInput<'applyRouting'>) => {
        const all = unpacked(inputs);
        const isStep = all.some(({ versions }) => Object.values(versions ?? {}).some(({ v2 = 0 }) => v2 > 0));
        if (write === 'applyRouting' && isStep)
          await assertEventually(() => expect(world.calls).toContain('watchSlo'), 20_000);
        const byName = world.activities as unknown as Record<ClusterWrite, (input: object) => Promise<object>>;
        const told = all.map(async (input) => ({ ...(await byName[write](input)), cluster: input.cluster.name }));
        return { each: await Promise.all(told) };
      },
    });
    await runRollout(temporal, { plan, world }, async (handle) => {
      expect((await handle.result()).outcome).toBe('promoted');
    });
  }, 120_000);
});
