/** Freeze windows and approvals through a real Temporal server. */
import { describe, expect, it } from '@jest/globals';
import type { Plan } from '../../core/rollout/plan/plan.ts';
import type { WindowsRead } from '../../core/rollout/windows.ts';
import { assertEventually } from '../support/eventually.ts';
import { fakeWorld } from '../support/fake-activities.ts';
import { testPlan } from '../support/plans.ts';
import { runRollout, statusOf } from '../support/run-rollout.ts';
import { temporalOfFile } from '../support/temporal-of-file.ts';

const temporal = temporalOfFile();

const open = (): WindowsRead => ({ closed: [], untilMs: Date.now() + 3_600_000 });
const closed = (forMs: number): WindowsRead => ({
  closed: [{ fromMs: Date.now() - 1_000, untilMs: Date.now() + forMs, why: 'deny window night (mesh shop)' }],
  untilMs: Date.now() + 3_600_000,
});

const windowed = (service: string): Plan => ({
  ...testPlan({ service, shares: [50_000, 1_000_000] }),
  windows: { closed: [], untilMs: 0 },
});

/** Open until the share of the first cluster is there, then closed. */
const closing = (service: string, forMs: number) => {
  let shuts = 0;
  const world = fakeWorld(
    {
      readWindows: async () => {
        if ((world.share['aws-us-east-1'] ?? 0) === 0 || shuts > 0) return open();
        shuts += 1;
        return closed(forMs);
      },
    },
    service,
  );
  return world;
};

describe('a window that closes in mid-rollout', () => {
  it('holds the next step, and lets it go by itself when it opens', async () => {
    const world = closing('freeze-holds', 4_000);
    await runRollout(temporal, { plan: windowed('freeze-holds'), world }, async (handle) => {
      await assertEventually(async () => expect((await statusOf(handle)).phase).toBe('frozen'));
      expect(world.share['aws-us-east-1']).toBe(50_000);
      const { outcome, log } = await handle.result();
      expect(outcome).toBe('promoted');
      expect(log.map(({ text }) => text).join('\n')).toContain('frozen: deny window night (mesh shop)');
    });
  }, 60_000);

  it('holds no way back: an abort in it restores at once', async () => {
    const world = closing('freeze-abort', 3_600_000);
    await runRollout(temporal, { plan: windowed('freeze-abort'), world }, async (handle) => {
      await assertEventually(async () => expect((await statusOf(handle)).phase).toBe('frozen'));
      await handle.executeUpdate('abort', { args: [{ reason: 'x' }] });
      expect((await handle.result()).outcome).toBe('restored');
      expect(world.share['aws-us-east-1']).toBe(0);
    });
  }, 60_000);

  it('is passed by who breaks the glass, and the timer is forgotten', async () => {
    const world = closing('freeze-glass', 3_600_000);
    await runRollout(temporal, { plan: windowed('freeze-glass'), world }, async (handle) => {
      await assertEventually(async () => expect((await statusOf(handle)).phase).toBe('frozen'));
      await expect(handle.executeUpdate('promote', { args: [{ reason: 'x', full: false }] })).rejects.toThrow();
      const by = { name: 'alice', how: 'oidc' };
      await handle.executeUpdate('promote', { args: [{ reason: 'outage', full: false, breakGlass: true, by }] });
      const { outcome, log } = await handle.result();
      expect(outcome).toBe('promoted');
      expect(log.map(({ text }) => text).join('\n')).toContain('GLASS BROKEN by alice (oidc): outage');
    });
  }, 60_000);
});

describe('an approval that names its run and step', () => {
  it('acts once however often it comes, and is refused of another run or step', async () => {
    const service = 'freeze-approve';
    const plan = testPlan({ service, shares: [50_000, 1_000_000], approveAt: 0 });
    await runRollout(temporal, { plan, world: fakeWorld({}, service) }, async (handle) => {
      await assertEventually(async () => expect((await statusOf(handle)).phase).toBe('gated'));
      const { runId } = await handle.describe();
      const of = { workflowId: handle.workflowId, runId, wave: 0, step: 0 };
      const by = { name: 'alice', how: 'signed-link' };
      const approve = (step: object, updateId: string) =>
        handle.executeUpdate('approve', { args: [{ reason: 'x', by, of: step }], updateId });
      await expect(approve({ ...of, runId: 'another' }, 'a')).rejects.toMatchObject({
        cause: { message: expect.stringContaining('another run') },
      });
      await expect(approve({ ...of, step: 1 }, 'b')).rejects.toMatchObject({
        cause: { message: expect.stringContaining('wave 1 step 2') },
      });
      await approve(of, 'steer:1');
      await assertEventually(async () => expect((await statusOf(handle)).wave).toBe(2));
      await assertEventually(async () => expect((await statusOf(handle)).phase).toBe('gated'));
      // The same once more is the same update: it does not open the second gate.
      await approve(of, 'steer:1');
      expect(await statusOf(handle)).toMatchObject({
        phase: 'gated',
        acted: [{ id: 'steer:1', type: 'approve', by: 'alice (signed-link)' }],
      });
      await handle.executeUpdate('abort', { args: [{ reason: 'done' }] });
      await handle.result();
    });
  }, 60_000);
});
