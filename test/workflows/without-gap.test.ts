/** The way forward with a client cluster that hangs, and an entry that nobody proves, through a real Temporal server. */
import { describe, expect, it } from '@jest/globals';
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { Plan } from '../../core/rollout/plan/plan.ts';
import type { WatchSloResult } from '../../core/judge/look/watch.ts';
import type { VerifyRoutingResult } from '../../core/judge/proof/proof.ts';
import { assertEventually } from '../support/eventually.ts';
import { fakeWorld, untilCancelled } from '../support/fake-activities.ts';
import { testPlan } from '../support/plans.ts';
import { runRollout, statusOf } from '../support/run-rollout.ts';
import { temporalOfFile } from '../support/temporal-of-file.ts';

const temporal = temporalOfFile();

const [quick, hanging] = ['gcp-europe-west1', 'onprem-fra1'] as const;

/** Both clusters are of one wave: the share of both waits for the slower one. */
function together(service: string): Plan {
  const plan = testPlan({ service });
  return { ...plan, waves: plan.waves.slice(1) };
}

interface Asked {
  readonly cluster: { readonly name: string };
  readonly versions?: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

const hasShare = ({ cluster, versions }: Asked): boolean => (versions?.[cluster.name]?.['v2'] ?? 0) > 0;

const written = (cluster: string) => ({ cluster, changes: [], weights: { a: 1 }, writtenAtMs: Date.now() });

describe('the first share of a wave', () => {
  it('is watched from the first client on: a breach takes it back while another one still hangs', async () => {
    const world = fakeWorld({
      applyRouting: async (asked: Asked) => {
        if (asked.cluster.name === hanging && hasShare(asked)) await untilCancelled();
        return written(asked.cluster.name);
      },
      watchSlo: async (): Promise<WatchSloResult> => ({
        ...{ verdict: 'breach', breached: [quick], reason: 'too many errors', readings: [] },
        ...{ firstBadAtMs: Date.now(), decidedAtMs: Date.now() },
      }),
    });
    await runRollout(temporal, { plan: together('first-share'), world }, async (handle) => {
      const { outcome, status } = await handle.result();
      expect([outcome, status.reason]).toEqual(['restored', expect.stringContaining('too many errors')]);
    });
    expect(world.calls.filter((call) => call.startsWith('restore'))).toHaveLength(2);
  }, 60_000);

  it('that one client refuses goes back at once, and does not wait for the client that hangs', async () => {
    const world = fakeWorld({
      applyRouting: async (asked: Asked) => {
        if (!hasShare(asked)) return written(asked.cluster.name);
        if (asked.cluster.name === hanging) await untilCancelled();
        throw ApplicationFailure.nonRetryable('another run owns it', 'FencedOut');
      },
    });
    await runRollout(temporal, { plan: together('refused-share'), world }, async (handle) => {
      await expect(handle.result()).rejects.toMatchObject({
        cause: { message: expect.stringContaining('another run owns it') },
      });
    });
    expect(world.calls.filter((call) => call.startsWith('restore'))).toHaveLength(2);
  }, 60_000);
});

describe('an entry that no Envoy tells of', () => {
  const untested: VerifyRoutingResult = {
    ...{ result: 'untested', verifiedAtMs: 0 },
    proofs: [{ cluster: quick, instance: '*', result: 'untested', reason: 'no metrics came', requests: 0 }],
  };
  const worldUntil = (proven: () => boolean) =>
    fakeWorld({
      verifyRouting: async ({ mode, untilTested }: { mode: string; untilTested?: true }) => {
        if (mode !== 'entered' || proven()) return { result: 'verified', proofs: [], verifiedAtMs: Date.now() };
        if (untilTested !== true) return untested;
        while (!proven()) {
          Context.current().heartbeat();
          await Context.current().sleep(50);
        }
        return { result: 'verified', proofs: [], verifiedAtMs: Date.now() };
      },
    });
  const shares = (calls: readonly string[]): number => calls.filter((call) => call === `applyRouting ${quick}`).length;

  it('gets no share, says why, and goes on by itself when they tell', async () => {
    let told = false;
    const world = worldUntil(() => told);
    await runRollout(temporal, { plan: together('entry-held'), world }, async (handle) => {
      await assertEventually(async () => {
        const { phase, reason } = await statusOf(handle);
        expect([phase, reason]).toEqual(['needs-person', expect.stringContaining('no metrics came')]);
      });
      expect(shares(world.calls)).toBe(1);
      await handle.executeUpdate('pause', { args: [{ reason: 'look first' }] });
      await handle.executeUpdate('resume', { args: [{ reason: 'go' }] });
      told = true;
      expect((await handle.result()).outcome).toBe('promoted');
    });
  }, 60_000);

  it('goes on without when a person says promote', async () => {
    const world = worldUntil(() => false);
    await runRollout(temporal, { plan: together('entry-promoted'), world }, async (handle) => {
      await assertEventually(async () => expect((await statusOf(handle)).phase).toBe('needs-person'));
      await handle.executeUpdate('promote', { args: [{ reason: 'it is known there', full: false }] });
      expect((await handle.result()).outcome).toBe('promoted');
    });
  }, 60_000);

  it('passes in a run of an older plan, as it did when that began', async () => {
    const { withoutGap: _, ...older } = together('entry-older');
    await runRollout(temporal, { plan: older, world: worldUntil(() => false) }, async (handle) => {
      expect((await handle.result()).outcome).toBe('promoted');
    });
  }, 60_000);
});
