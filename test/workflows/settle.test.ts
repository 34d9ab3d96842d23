import { describe, expect, it } from '@jest/globals';
import { Context } from '@temporalio/activity';
import type { PrepareVersionInput, PrepareVersionResult } from '../../core/contract/activities.ts';
import type { SettleInput, SettleStatus } from '../../core/contract/messages.ts';
import { taskQueue } from '../../core/contract/queues.ts';
import type { WatchSloInput, WatchSloResult } from '../../core/judge/look/watch.ts';
import type { RolloutStatus } from '../../core/rollout/machine/status.ts';
import type { Plan } from '../../core/rollout/plan/plan.ts';
import { assertEventually } from '../support/eventually.ts';
import { untilCancelled } from '../support/fake-activities.ts';
import { limits } from '../support/limits.ts';
import { clusterIn, leaveHalfMoved, settlingWorld, type SettlingWorld } from '../support/settling-world.ts';
import { onSettlerStage, type SettlerStage } from '../support/settler-stage.ts';
import { temporalOfFile } from '../support/temporal-of-file.ts';
import { resetRun } from '../support/temporal.ts';
import { DEFAULT_INSTALLATION } from '../../core/contract/installation.ts';

const temporal = temporalOfFile();
const control = taskQueue(DEFAULT_INSTALLATION, 'control');

const onStage = (world: SettlingWorld, body: (stage: SettlerStage) => Promise<void>): Promise<void> =>
  onSettlerStage(temporal, world, body);

/** So many guards have been started for the plan's runs. */
async function guards({ service }: Plan, wanted: number): Promise<void> {
  const { client, namespace = 'default' } = temporal.env;
  const query = `WorkflowId STARTS_WITH 'guard:${DEFAULT_INSTALLATION}:shop:shop:${service.service}:'`;
  await assertEventually(async () => {
    const { count } = await client.workflowService.countWorkflowExecutions({ namespace, query });
    expect(Number(count)).toBe(wanted);
  }, limits.phase);
}

const nothingMade: PrepareVersionResult = { deployment: '', replicas: 0, ready: 0, templateDigest: '' };

const nothingSeen: WatchSloResult = {
  ...{ verdict: 'unknown', breached: [], reason: '', readings: [], firstBadAtMs: null, decidedAtMs: 0 },
};

/** A watch that finds nothing: the rollout bakes until something else ends it. */
const baking = { watchSlo: () => untilCancelled() };

describe('the guard', () => {
  it(
    'has the traffic restored when its run is terminated in mid-step, without a person',
    async () => {
      await onStage(settlingWorld('cut', baking), async (stage) => {
        const run = await stage.start();
        await stage.until('baking');
        expect(stage.world.isWhole()).toBe(false);
        await run.terminate('a test');
        await assertEventually(() => expect(stage.world.isWhole()).toBe(true), limits.phase);
        await stage.settled();
        const [restored] = [await stage.rollout.query<RolloutStatus>('status')];
        expect(restored).toMatchObject({ kind: 'restore', outcome: 'restored' });
        // The version that failed was new: it goes at once, and everywhere.
        expect(stage.world.clusters['aws-us-east-1']?.versions).toEqual({ v1: null });
      });
    },
    limits.rollout,
  );

  it(
    'does the same when its run is deleted',
    async () => {
      await onStage(settlingWorld('deleted', baking), async (stage) => {
        const run = await stage.start();
        await stage.until('baking');
        await temporal.env.client.workflowService.deleteWorkflowExecution({
          namespace: temporal.env.namespace ?? 'default',
          workflowExecution: { workflowId: run.workflowId },
        });
        await assertEventually(() => expect(stage.world.isWhole()).toBe(true), limits.phase);
        await stage.settled();
      });
    },
    limits.rollout,
  );

  it(
    'wakes the settler after a run that went well, too: what it replaced is kept for its warm time, and then goes',
    async () => {
      await onStage(settlingWorld('well', {}, 2_500), async (stage) => {
        const run = await stage.start();
        await run.result();
        await stage.settled();
        expect(stage.world.clusters['aws-us-east-1']?.versions).toEqual({ v2: null });
        const { log } = await stage.settler.query<SettleStatus>('status');
        const texts = log.map(({ text }) => text);
        // The clusters are done side by side.
        expect(texts.slice(0, -1).sort()).toEqual(
          Object.keys(stage.world.clusters)
            .sort()
            .map((name) => `done: ${name}: v1 stays ready for its warm time`),
        );
        expect(texts.at(-1)).toBe('done: nothing serves v1, and its warm time ends');
        expect(stage.world.calls).not.toContain('restore aws-us-east-1');
      });
    },
    limits.rollout,
  );

  it(
    'outlives the workers: a run that is terminated while none lives is settled by the next one',
    async () => {
      await onStage(settlingWorld('dead', baking), async (stage) => {
        const run = await stage.start();
        await stage.until('baking');
        await stage.replaceWorkers(() => run.terminate('nobody works').then(() => undefined));
        await assertEventually(() => expect(stage.world.isWhole()).toBe(true), limits.phase);
        await stage.settled();
      });
    },
    limits.rollout,
  );

  it.each(['first', 'last'] as const)(
    'still guards a run that was reset to its %s task: what its new self leaves half moved is put back, too',
    async (which) => {
      const watchSlo = async ({ run }: WatchSloInput): Promise<WatchSloResult> => {
        const { runId = '' } = Context.current().info.workflowExecution ?? {};
        return run === undefined || run === runId ? untilCancelled() : { ...nothingSeen, resetTo: runId };
      };
      await onStage(settlingWorld(`reset-${which}`, { watchSlo }), async (stage) => {
        const run = await stage.start();
        await stage.until('baking');
        const { events } = await run.fetchHistory();
        const tasks = (events ?? []).filter((event) => event.workflowTaskCompletedEventAttributes);
        await resetRun(temporal.env, run, tasks.at(which === 'first' ? 0 : -1)?.eventId);
        await guards(stage.plan, 2);
        await stage.until('baking');
        await stage.rollout.terminate('a test');
        await assertEventually(() => expect(stage.world.isWhole()).toBe(true), limits.phase);
        await stage.settled();
      });
    },
    limits.rollout,
  );

  it(
    'guards a run that is reset while it makes the version ready: nothing has been written yet that could tell',
    async () => {
      const prepareVersion = async ({ ranAs }: PrepareVersionInput): Promise<PrepareVersionResult> => {
        const { runId = '' } = Context.current().info.workflowExecution ?? {};
        return ranAs === runId ? untilCancelled() : { ...nothingMade, resetTo: runId };
      };
      await onStage(settlingWorld('reset-early', { prepareVersion }), async (stage) => {
        const run = await stage.start();
        await assertEventually(() => expect(stage.world.calls).toContain('prepareVersion aws-us-east-1'), limits.phase);
        const { events } = await run.fetchHistory();
        const tasks = (events ?? []).filter((event) => event.workflowTaskCompletedEventAttributes);
        await resetRun(temporal.env, run, tasks.at(-1)?.eventId);
        await guards(stage.plan, 2);
        await stage.rollout.terminate('a test');
        await stage.settled();
      });
    },
    limits.rollout,
  );

  it.each(['first', 'second'] as const)(
    'a run that is reset to its %s wave takes back at once what its former self has moved beyond it',
    async (which) => {
      let former = '';
      const watchSlo = async ({ mode, run, strata }: WatchSloInput): Promise<WatchSloResult> => {
        const { runId = '' } = Context.current().info.workflowExecution ?? {};
        if (run !== undefined && run !== runId) return { ...nothingSeen, resetTo: runId };
        const isFirst = strata.every(({ serving }) => serving === 'aws-us-east-1');
        const passes = mode === 'bake' && isFirst && (former === '' || former === runId);
        return passes ? { ...nothingSeen, verdict: 'healthy' } : untilCancelled();
      };
      const prepareVersion = async ({ cluster }: PrepareVersionInput): Promise<PrepareVersionResult> => {
        const { runId = '' } = Context.current().info.workflowExecution ?? {};
        if (former !== '' && former !== runId && cluster.name === 'aws-us-east-1') return untilCancelled();
        return { deployment: 'd', replicas: 2, ready: 2, templateDigest: 'x' };
      };
      await onStage(settlingWorld(`beyond-${which}`, { watchSlo, prepareVersion }), async (stage) => {
        const run = await stage.start();
        const { clusters } = stage.world;
        const shareIn = (name: string) => clusters[name]?.record.versions.current?.[name]?.['v2'] ?? 0;
        await assertEventually(() => expect(shareIn('onprem-fra1')).toBeGreaterThan(0), limits.phase);
        former = (await run.describe()).runId;
        const { events } = await run.fetchHistory();
        const bake = (events ?? []).find((event) => {
          return event.activityTaskScheduledEventAttributes?.activityType?.name === 'watchSlo';
        });
        const first = (events ?? []).find((event) => event.workflowTaskCompletedEventAttributes);
        const at = bake?.activityTaskScheduledEventAttributes?.workflowTaskCompletedEventId;
        await resetRun(temporal.env, run, which === 'first' ? first?.eventId : at);
        // What it watches keeps its share; what it has not come to yet does not. Each cluster is written by itself.
        await assertEventually(() => {
          const others = [shareIn('gcp-europe-west1'), shareIn('onprem-fra1')];
          expect([...others, shareIn('aws-us-east-1') > 0]).toEqual([0, 0, which === 'second']);
        }, limits.phase);
        await stage.rollout.executeUpdate('abort', { args: [{ reason: 'a test' }] });
        await assertEventually(() => expect(stage.world.isWhole()).toBe(true), limits.phase);
      });
    },
    limits.rollout,
  );

  it(
    'of an earlier run does not disturb a later one: the settler looks, sees that a run owns the service, and ends',
    async () => {
      await onStage(settlingWorld('two', baking), async (stage) => {
        const first = await stage.start();
        await stage.until('baking');
        await first.executeUpdate('abort', { args: [{ reason: 'a test' }] });
        await first.result();
        const second = await stage.start({ ...stage.plan, epoch: stage.plan.epoch + 1 });
        await stage.until('baking');
        await assertEventually(async () => expect((await stage.settler.describe()).status.name).not.toBe('RUNNING'));
        expect((await second.describe()).status.name).toBe('RUNNING');
        expect(stage.world.isWhole()).toBe(false);
        await second.terminate('a test');
        await assertEventually(() => expect(stage.world.isWhole()).toBe(true), limits.phase);
      });
    },
    limits.rollout,
  );
});

/** As a guard or an audit would. */
async function startSettler({ plan, settler }: SettlerStage, past: Pick<SettleInput, 'carried'> = {}): Promise<void> {
  const input: SettleInput = { service: plan.service, known: null, ...past };
  await temporal.env.client.workflow.start('settle', {
    ...{ workflowId: settler.workflowId, taskQueue: control, args: [input] },
  });
}

describe('the settler', () => {
  it(
    'puts back what somebody has edited of a route while no run owns it',
    async () => {
      await onStage(settlingWorld('edited'), async (stage) => {
        clusterIn(stage.world, 'aws-us-east-1').edited = { text: 'its weights', by: 'kubectl-edit' };
        await startSettler(stage);
        await stage.settled();
        expect(clusterIn(stage.world, 'aws-us-east-1').edited).toBeUndefined();
        const { log } = await stage.settler.query<SettleStatus>('status');
        expect(log.map(({ text }) => text)).toEqual([
          'done: aws-us-east-1: what Tidegate wrote was changed by kubectl-edit: its weights',
        ]);
      });
    },
    limits.rollout,
  );

  it(
    'starts another restore when somebody terminates the one that it has started',
    async () => {
      let hung = true;
      const world = settlingWorld('again', {
        ...baking,
        // The first restore gets nowhere.
        verifyRouting: async ({ mode }: { mode: string }) =>
          mode === 'restored' && hung ? untilCancelled() : { result: 'verified', proofs: [], verifiedAtMs: Date.now() },
        restore: async (input: Parameters<SettlingWorld['activities']['restore']>[0]) =>
          hung ? untilCancelled() : settlingRestore(world, input),
      });
      const plain = settlingWorld('again');
      const settlingRestore = (
        of: SettlingWorld,
        input: Parameters<SettlingWorld['activities']['restore']>[0],
      ): ReturnType<SettlingWorld['activities']['restore']> => {
        const one = of.clusters[input.cluster.name];
        if (one !== undefined)
          one.record = { ...one.record, versions: { ...one.record.versions, current: one.record.versions.proven } };
        return plain.activities.restore(input);
      };
      await onStage(world, async (stage) => {
        const run = await stage.start();
        await stage.until('baking');
        await run.terminate('a test');
        await stage.until('restoring');
        expect(stage.world.isWhole()).toBe(false);
        await stage.rollout.terminate('a test');
        hung = false;
        await assertEventually(() => expect(stage.world.isWhole()).toBe(true), limits.phase);
        await stage.settled();
      });
    },
    limits.rollout,
  );

  it(
    'waits for a cluster that cannot be read without giving up, and is woken by whoever knows better',
    async () => {
      const world = settlingWorld('away', baking);
      await onStage(world, async (stage) => {
        const one = clusterIn(world, 'onprem-fra1');
        one.unreachable = 'timeout';
        const run = await stage.start();
        await stage.until('baking');
        await run.terminate('a test');
        await assertEventually(() => expect(world.isWhole()).toBe(true), limits.phase);
        await assertEventually(async () =>
          expect(await stage.settler.query<SettleStatus>('status')).toMatchObject({
            phase: 'waiting',
            needs: [{ kind: 'reach', cluster: 'onprem-fra1' }],
          }),
        );
        // What may still be sent to from there is not taken away.
        expect(Object.keys(world.clusters['aws-us-east-1']?.versions ?? {})).toContain('v2');
        one.unreachable = '';
        await stage.settler.signal('wake');
        await stage.settled();
        expect(Object.keys(world.clusters['aws-us-east-1']?.versions ?? {})).toEqual(['v1']);
      });
    },
    limits.rollout,
  );

  it(
    'leaves it to a person after three restores, with a page that says exactly what is where, and takes no more',
    async () => {
      const world = settlingWorld('spent');
      leaveHalfMoved(world, 'aws-us-east-1');
      const other = clusterIn(world, 'gcp-europe-west1');
      other.pinned = '';
      await onStage(world, async (stage) => {
        const carried = { rounds: 3, restoreRun: '', restoreAfterMs: 0, idleLooks: 0, log: [] };
        await startSettler(stage, { carried });
        await assertEventually(async () =>
          expect(await stage.settler.query<SettleStatus>('status')).toMatchObject({
            phase: 'needs-person',
            reason: expect.stringContaining('aws-us-east-1: current traffic differs'),
          }),
        );
        // The page is written once the round is over, and others are mended in it.
        await assertEventually(async () => {
          const page = await stage.settler.query<{ currentDetails?: string }>('__temporal_workflow_metadata');
          expect(page.currentDetails).toContain('tidegate restore spent');
        }, limits.phase);
        expect(world.calls).not.toContain('restore aws-us-east-1');
        // What has no part in it is mended all the same.
        await assertEventually(() => expect(other.pinned).toBe('v1'), limits.phase);
      });
    },
    limits.rollout,
  );

  it(
    'mends the pins of other clusters while its restore waits for a person in one',
    async () => {
      const world = settlingWorld('beside', { restore: () => untilCancelled() });
      leaveHalfMoved(world, 'aws-us-east-1');
      const other = clusterIn(world, 'gcp-europe-west1');
      other.pinned = '';
      await onStage(world, async (stage) => {
        await startSettler(stage);
        await assertEventually(() => expect(other.pinned).toBe('v1'), limits.phase);
        expect(await stage.settler.query<SettleStatus>('status')).toMatchObject({ phase: 'restoring' });
        // Also what is taken while the restore is under way.
        other.pinned = '';
        await stage.settler.signal('wake');
        await assertEventually(() => expect(other.pinned).toBe('v1'), limits.phase);
        expect((await stage.rollout.query<RolloutStatus>('status')).phase).toBe('restoring');
        await stage.rollout.terminate('a test');
      });
    },
    limits.rollout,
  );

  it(
    'is stopped by a run that goes forward, and keeps what it knew: the warm time lies with the version',
    async () => {
      await onStage(settlingWorld('forward', {}, 600_000), async (stage) => {
        const dues = (): unknown => stage.world.clusters['aws-us-east-1']?.versions['v1'];
        await (await stage.start()).result();
        await assertEventually(() => expect(typeof dues()).toBe('number'));
        const before = dues();
        await assertEventually(async () =>
          expect((await stage.settler.query<SettleStatus>('status')).phase).toBe('waiting'),
        );
        const { runId } = await stage.settler.describe();
        const next = await stage.start({ ...stage.plan, version: 'v2', epoch: stage.plan.epoch + 1 });
        await next.result();
        await assertEventually(async () => expect((await stage.settler.describe()).runId).not.toBe(runId));
        const { client } = temporal.env;
        const cut = await client.workflow.getHandle(stage.settler.workflowId, runId).describe();
        expect(cut.status.name).toBe('CANCELLED');
        expect(dues()).toBe(before);
      });
    },
    limits.rollout,
  );
});
