import { describe, expect, it } from '@jest/globals';
import { Context } from '@temporalio/activity';
import type { WatchSloInput, WatchSloResult } from '../../core/judge/look/watch.ts';
import { runActions } from '../../core/rollout/plan/billed.ts';
import { assertEventually } from '../support/eventually.ts';
import { fakeWorld, untilCancelled } from '../support/fake-activities.ts';
import { testPlan } from '../support/plans.ts';
import { billedIn, runRollout, statusOf } from '../support/run-rollout.ts';
import { temporalOfFile } from '../support/temporal-of-file.ts';

const temporal = temporalOfFile();

const healthy: WatchSloResult = {
  verdict: 'healthy',
  breached: [],
  reason: 'fake',
  readings: [],
  firstBadAtMs: null,
  decidedAtMs: 0,
};

describe('a watch that waits', () => {
  it('is another activity once the share is young no more: with its state, a longer heartbeat timeout and a longer window', async () => {
    const asked: { input: WatchSloInput; heartbeatTimeoutMs: number | undefined }[] = [];
    const watchSlo = (input: WatchSloInput): Promise<unknown> => {
      if (input.mode === 'hold') return untilCancelled();
      asked.push({ input, heartbeatTimeoutMs: Context.current().info.heartbeatTimeoutMs });
      if (asked.length > 1) return untilCancelled();
      // As if the time until then had passed.
      const decidedAtMs = input.handOverAtMs ?? 0;
      return Promise.resolve({ ...healthy, verdict: 'unknown', decidedAtMs, carried: { seen: 42 } });
    };
    const world = fakeWorld({ watchSlo });
    const plan = testPlan({ service: 'waits' });
    const waves = plan.waves.map((wave) => ({
      ...wave,
      steps: wave.steps.map((step) => ({ ...step, bakeMs: 24 * 3_600_000 })),
    }));
    await runRollout(temporal, { plan: { ...plan, waves }, world }, async (handle) => {
      await assertEventually(() => expect(asked).toHaveLength(2));
      expect((await statusOf(handle)).phase).toBe('baking');
      expect(asked.map(({ heartbeatTimeoutMs }) => heartbeatTimeoutMs)).toEqual([20_000, 600_000]);
      const [first, second] = asked.map(({ input }) => input);
      expect(first?.carried).toBeUndefined();
      expect(second).toMatchObject({ carried: { seen: 42 }, windowMs: 525_000, strata: first?.strata });
      expect(second?.handOverAtMs).toBeUndefined();
      await handle.executeUpdate('abort', { args: [{ reason: 'enough' }] });
      await handle.result();
    });
  }, 60_000);

  it('costs what the plan says, beside its heartbeats: counted from the history', async () => {
    const plan = testPlan({ service: 'costs' });
    await runRollout(temporal, { plan, world: fakeWorld() }, async (handle) => {
      await handle.result();
      expect(Math.abs((await billedIn(handle)) - runActions(plan))).toBeLessThanOrEqual(3);
    });
  }, 60_000);
});
