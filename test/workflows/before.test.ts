/** Jobs before the first share, through a real Temporal server. */
import { describe, expect, it } from '@jest/globals';
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { RunBeforeInput } from '../../core/contract/activities.ts';
import type { Plan } from '../../core/rollout/plan/plan.ts';
import { assertEventually } from '../support/eventually.ts';
import { fakeWorld, untilCancelled } from '../support/fake-activities.ts';
import { testPlan } from '../support/plans.ts';
import { runRollout, statusOf } from '../support/run-rollout.ts';
import { temporalOfFile } from '../support/temporal-of-file.ts';

const temporal = temporalOfFile();

const [aws, gcp, onprem] = ['aws-us-east-1', 'gcp-europe-west1', 'onprem-fra1'] as const;

const planned = (service: string): Plan => ({
  ...testPlan({ service, shares: [1_000_000] }),
  before: [{ name: 'smoke', timeoutMs: 60_000, image: 'smoke:1' }],
});

interface Asked {
  readonly cluster: { readonly name: string };
  readonly headerRoute?: string;
}

/** Which client was asked for a header route, and which for none, in order. */
function routedWorld(overrides: Parameters<typeof fakeWorld>[0] = {}) {
  const routes: string[] = [];
  const world = fakeWorld({
    applyRouting: async ({ cluster: { name }, headerRoute = 'none' }: Asked) => {
      routes.push(`${name}: ${headerRoute}`);
      return { cluster: name, changes: [], weights: { a: 1_000_000 }, writtenAtMs: Date.now() };
    },
    ...overrides,
  });
  return { routes, world };
}

describe('Jobs before the first share', () => {
  it('run in every serving cluster of a wave, behind a header route that the first share closes', async () => {
    const inputs: RunBeforeInput[] = [];
    const { routes, world } = routedWorld({
      runBefore: async (input: RunBeforeInput) => {
        inputs.push(input);
        return { jobs: ['smoke'] };
      },
    });
    await runRollout(temporal, { plan: planned('before-good'), world }, async (handle) => {
      expect((await handle.result()).outcome).toBe('promoted');
    });
    expect(world.calls.filter((call) => call.startsWith('runBefore')).sort()).toEqual([
      `runBefore ${aws}`,
      `runBefore ${gcp}`,
      `runBefore ${onprem}`,
    ]);
    expect(inputs[0]).toMatchObject({ version: 'v2', epoch: 1_000, throughEnvoy: true, jobs: [{ name: 'smoke' }] });
    expect(routes.slice(0, 2)).toEqual([`${aws}: v2`, `${aws}: none`]);
    expect(routes.filter((route) => route.endsWith('v2'))).toHaveLength(3);
    const order = world.calls.filter((call) => call.endsWith(aws)).slice(0, 4);
    expect(order).toEqual([`prepareVersion ${aws}`, `applyRouting ${aws}`, `runBefore ${aws}`, `applyRouting ${aws}`]);
  }, 60_000);

  it('that fail take back what entered, and the end of the log is the reason', async () => {
    const { routes, world } = routedWorld({
      runBefore: async () => {
        throw ApplicationFailure.nonRetryable('Job smoke has failed: the end of its log:\ngot 500', 'BeforeFailed');
      },
    });
    await runRollout(temporal, { plan: planned('before-bad'), world }, async (handle) => {
      await expect(handle.result()).rejects.toMatchObject({
        cause: { type: 'BeforeFailed', message: expect.stringContaining('got 500') },
      });
    });
    expect(world.calls.filter((call) => call.startsWith('restore'))).toEqual([`restore ${aws}`]);
    expect(routes).toEqual([`${aws}: v2`]);
  }, 60_000);

  it('are told to stop where another cluster of the wave has failed, and by an abort', async () => {
    const stopped: string[] = [];
    const untilStopped = async ({ cluster }: RunBeforeInput): Promise<never> => {
      try {
        return await untilCancelled();
      } finally {
        if (Context.current().cancellationSignal.aborted) stopped.push(cluster.name);
      }
    };
    const { world } = routedWorld({
      runBefore: async (input: RunBeforeInput) => {
        if (input.cluster.name === aws) return { jobs: ['smoke'] };
        if (input.cluster.name === gcp) throw ApplicationFailure.nonRetryable('no', 'BeforeFailed');
        return untilStopped(input);
      },
    });
    await runRollout(temporal, { plan: planned('before-sibling'), world }, async (handle) => {
      await expect(handle.result()).rejects.toThrow();
      await assertEventually(async () => expect(stopped).toEqual([onprem]));
    });
    const hanging = routedWorld({ runBefore: untilStopped });
    await runRollout(temporal, { plan: planned('before-abort'), world: hanging.world }, async (handle) => {
      await assertEventually(async () => expect((await statusOf(handle)).phase).toBe('testing'));
      await handle.executeUpdate('abort', { args: [{ reason: 'enough' }] });
      expect((await handle.result()).outcome).toBe('restored');
      await assertEventually(async () => expect(stopped).toEqual([onprem, aws]));
    });
  }, 120_000);

  it('of many clusters are run by few activities', async () => {
    const plan = planned('before-many');
    const { world } = routedWorld();
    const many = { ...plan, waves: plan.waves.map((wave) => ({ ...wave, atOnce: 10 })) };
    await runRollout(temporal, { plan: many, world }, async (handle) => {
      expect((await handle.result()).outcome).toBe('promoted');
    });
    expect(world.calls.filter((call) => call.startsWith('runBefore'))).toHaveLength(3);
  }, 60_000);

  it('are unknown to the run of an older plan, which goes on as it began', async () => {
    const { before: _, ...older } = planned('before-older');
    const { routes, world } = routedWorld();
    await runRollout(temporal, { plan: older, world }, async (handle) => {
      expect((await handle.result()).outcome).toBe('promoted');
    });
    expect(world.calls.filter((call) => call.startsWith('runBefore'))).toEqual([]);
    expect(routes.filter((route) => !route.endsWith('none'))).toEqual([]);
  }, 60_000);
});
