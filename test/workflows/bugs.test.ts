/** A bug of ours must never leave a run frozen half moved, in a workflow task that fails for ever. */
import { describe, expect, it } from '@jest/globals';
import type { WatchSloResult } from '../../core/judge/look/watch.ts';
import { assertEventually } from '../support/eventually.ts';
import { fakeWorld, untilCancelled } from '../support/fake-activities.ts';
import { limits } from '../support/limits.ts';
import { testPlan } from '../support/plans.ts';
import { runRollout, statusOf } from '../support/run-rollout.ts';
import { temporalOfFile } from '../support/temporal-of-file.ts';

const temporal = temporalOfFile();

const healthy: WatchSloResult = {
  ...{ verdict: 'healthy', breached: [], reason: 'fake', readings: [], firstBadAtMs: null, decidedAtMs: 0 },
};

describe('a bug', () => {
  it(
    'in the view leaves the view out: the run ends as if there were none',
    async () => {
      // Neither the details nor the search attributes can be made of this.
      const unreadable = [null] as unknown as WatchSloResult['readings'];
      const plan = { ...testPlan({ service: 'unseen', shares: [50_000] }), clouds: null as unknown as string[] };
      const world = fakeWorld({
        watchSlo: async ({ mode }: { mode: string }) =>
          mode === 'bake' ? { ...healthy, readings: unreadable } : untilCancelled(),
      });
      await runRollout(temporal, { plan, world }, async (handle) => {
        expect(await handle.result()).toMatchObject({ outcome: 'promoted' });
      });
    },
    limits.phase,
  );

  it(
    'on the way back ends the run as failed, so that its guard wakes the settler; the task does not fail for ever',
    async () => {
      const unread = { result: 'untested', proofs: null, verifiedAtMs: 0 };
      const world = fakeWorld({ verifyRestored: async () => unread, watchSlo: () => untilCancelled() });
      await runRollout(temporal, { plan: testPlan({ service: 'no-way-back' }), world }, async (handle) => {
        await assertEventually(async () => expect((await statusOf(handle)).phase).toBe('baking'), limits.phase);
        // As somebody may write it by hand.
        await handle.signal('alert', { reason: { what: 'pager' } });
        await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'Bug' } });
        expect((await handle.describe()).status.name).toBe('FAILED');
      });
      expect(world.share).toMatchObject({ 'aws-us-east-1': 0 });
    },
    limits.phase,
  );
});
