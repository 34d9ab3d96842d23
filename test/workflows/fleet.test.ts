import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Worker } from '@temporalio/worker';
import type { WatchSloInput, WatchSloResult } from '../../core/judge/look/watch.ts';
import { WHOLE } from '../../core/values/share.ts';
import { assertEventually } from '../support/eventually.ts';
import { untilCancelled } from '../support/fake-activities.ts';
import { startFleet, type Fleet, type Played } from '../support/fleet.ts';
import { fleetNames } from '../support/fleet-plan.ts';
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
    expect(await replayed(played)).toBeLessThanOrEqual(400);
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
