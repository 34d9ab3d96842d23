import { describe, expect, it } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import { Worker } from '@temporalio/worker';
import { systemClock } from '../../activities/ports.ts';
import { auditNow, scheduleAudit } from '../../cli/rollouts/audit.ts';
import { forgetNow } from '../../cli/rollouts/forget-cluster.ts';
import { pauseNow } from '../../cli/rollouts/pause.ts';
import { exitCodes, type Io } from '../../cli/io.ts';
import type { FindStuckInput } from '../../core/contract/activities.ts';
import type { SettleStatus } from '../../core/contract/messages.ts';
import { taskQueue } from '../../core/contract/queues.ts';
import { auditWorkflowId, rolloutWorkflowId, settleWorkflowId } from '../../core/contract/workflow-ids.ts';
import { ensureAudit } from '../../platform/temporal/audit-schedule.ts';
import { startWorkers } from '../../worker/workers.ts';
import { assertEventually } from '../support/eventually.ts';
import { untilCancelled } from '../support/fake-activities.ts';
import { limits } from '../support/limits.ts';
import { testPlan } from '../support/plans.ts';
import { settlingWorld, type SettlingWorld } from '../support/settling-world.ts';
import { temporalOfFile } from '../support/temporal-of-file.ts';
import { textIo, type TextIo } from '../support/text-io.ts';
import { DEFAULT_INSTALLATION } from '../../core/contract/installation.ts';

const temporal = temporalOfFile();

/** A terminal with a clock that goes. */
const terminal = (): TextIo =>
  Object.assign(textIo({ USER: 'ann' }), {
    now: () => Date.now(),
    sleep: (ms: number) => systemClock.sleep(ms, new AbortController().signal),
  } satisfies Pick<Io, 'now' | 'sleep'>);

const [aws, gcp, onprem] = ['aws-us-east-1', 'gcp-europe-west1', 'onprem-fra1'];

/** Plays with one service, and replays afterwards what was started by hand. */
async function onStage(world: SettlingWorld, body: () => Promise<void>): Promise<void> {
  const { client } = temporal.env;
  const place = { connection: temporal.env.nativeConnection, namespace: temporal.env.namespace ?? 'default' };
  const workers = await startWorkers({
    ...place,
    activities: world.activities,
    workflowBundle: temporal.workflowBundle,
    graceMs: 500,
  });
  const { name } = world.config.service;
  try {
    await body();
    const kinds = `WorkflowType IN ('audit', 'pause', 'forgetCluster') AND ExecutionStatus = 'Completed'`;
    for await (const run of client.workflow.list({ query: kinds })) {
      const history = await client.workflow.getHandle(run.workflowId, run.runId).fetchHistory();
      await Worker.runReplayHistory({ workflowBundle: temporal.workflowBundle }, history, run.workflowId);
    }
  } finally {
    for (const id of [
      settleWorkflowId(DEFAULT_INSTALLATION, of(name)),
      rolloutWorkflowId(DEFAULT_INSTALLATION, { ...of(name), part: 'versions' }),
    ])
      await client.workflow
        .getHandle(id)
        .terminate()
        .catch(() => undefined);
    workers.shutdown();
    await workers.done;
  }
}

const of = (service: string) => ({ mesh: 'shop', namespace: 'shop', service });

const clusterOf = (world: SettlingWorld, name: string): SettlingWorld['clusters'][string] => {
  const found = world.clusters[name];
  if (found === undefined) throw new RangeError(`no cluster ${name}`);
  return found;
};

/** As a rollout that was deleted with its guard leaves it. */
function halfMove(world: SettlingWorld, name: string): void {
  const one = clusterOf(world, name);
  const current = { [name]: { v1: 950_000, v2: 50_000 } };
  one.record = { ...one.record, versions: { ...one.record.versions, current, epoch: 5_000 } };
  one.versions = { ...one.versions, v2: null };
}

describe('tidegate audit', () => {
  it(
    'says that all is settled, and starts nobody then',
    async () => {
      const world = settlingWorld('calm');
      await onStage(world, async () => {
        const io = terminal();
        expect(await auditNow(temporal.env.client, io, {})).toBe(exitCodes.ok);
        expect(io.out).toBe('1 service of shop: settled\n');
        await expect(
          temporal.env.client.workflow.getHandle(settleWorkflowId(DEFAULT_INSTALLATION, of('calm'))).describe(),
        ).rejects.toThrow();
      });
    },
    limits.rollout,
  );

  it(
    'has restored what a deleted run left half moved, and tells what was found and done',
    async () => {
      const world = settlingWorld('torn');
      halfMove(world, aws);
      await onStage(world, async () => {
        const io = terminal();
        expect(await auditNow(temporal.env.client, io, { service: 'torn' })).toBe(exitCodes.ok);
        expect(world.isWhole()).toBe(true);
        expect(io.out).toContain('1 service of shop: 1 not settled');
        expect(io.out).toContain(`found  restore: ${aws}: current traffic differs from the proven one`);
        expect(io.out).toContain('restore 1 started');
      });
    },
    limits.rollout,
  );

  it(
    'names a run that stands still, with what a person can do about it; without an answer it audits all the same',
    async () => {
      let asked = 0;
      const stands = {
        because: 'failing',
        build: 'A',
        sinceMs: Date.parse('2026-11-27T12:00:00Z'),
        detail: 'a bug',
      } as const;
      const run = { workflowId: 'rollout:still', runId: 'r', service: { ...of('still'), installation: 'default' } };
      const world = settlingWorld('still', {
        findStuck: async ({ forMs }: FindStuckInput) => {
          expect(forMs).toBe(5 * 60_000);
          if ((asked += 1) > 1) throw ApplicationFailure.nonRetryable('not allowed', 'Forbidden');
          return [{ ...stands, ...run, part: 'topology' }];
        },
      });
      await onStage(world, async () => {
        const io = terminal();
        expect(await auditNow(temporal.env.client, io, {})).toBe(exitCodes.needsPerson);
        expect(io.out).toBe(
          [
            '1 service of shop: settled',
            'rollout:still stands still since 2026-11-27T12:00:00Z: its workflow task fails in build A: a bug',
            '  → let another build go on: tidegate rollout move still --part topology --build-id BUILD; or end it, and have its traffic put back: tidegate rollout settle still --part topology',
            '',
          ].join('\n'),
        );
        const again = terminal();
        expect(await auditNow(temporal.env.client, again, {})).toBe(exitCodes.ok);
        expect(again.err).toBe('whether runs stand still could not be asked: not allowed\n');
      });
    },
    limits.rollout,
  );

  it(
    'wakes a settler that waits for its next look, since a person waits now',
    async () => {
      const world = settlingWorld('woken');
      clusterOf(world, aws).unreachable = 'timeout';
      await onStage(world, async () => {
        const { client } = temporal.env;
        await auditNow(client, terminal(), { service: 'woken' });
        const settler = client.workflow.getHandle(settleWorkflowId(DEFAULT_INSTALLATION, of('woken')));
        const looks = async (): Promise<number> => (await settler.query<SettleStatus>('status')).looks;
        await assertEventually(async () => expect(await looks()).toBe(1));
        await auditNow(client, terminal(), { service: 'woken' });
        // By itself it looks again after 15 seconds.
        await assertEventually(async () => expect(await looks()).toBe(2), 5_000);
      });
    },
    limits.rollout,
  );

  it(
    'is made by the schedule, too, which is there once however often it is asked for',
    async () => {
      const world = settlingWorld('scheduled');
      halfMove(world, gcp);
      await onStage(world, async () => {
        const { client } = temporal.env;
        const io = terminal();
        expect(await scheduleAudit(client, io, 'shop')).toBe(exitCodes.ok);
        expect(await scheduleAudit(client, io, 'shop')).toBe(exitCodes.ok);
        expect(io.out).toBe('shop is audited every 30 minutes\nshop has its schedule already\n');
        const schedule = client.schedule.getHandle(auditWorkflowId(DEFAULT_INSTALLATION, 'shop'));
        expect((await schedule.describe()).spec.intervals).toMatchObject([{ every: 30 * 60_000 }]);
        await schedule.delete();
        expect(
          await ensureAudit(client.schedule, { mesh: 'shop', installation: DEFAULT_INSTALLATION, everyMs: 1_000 }),
        ).toBe('created');
        try {
          await assertEventually(() => expect(world.isWhole()).toBe(true), limits.phase);
        } finally {
          await schedule.delete();
        }
      });
    },
    limits.rollout,
  );
});

describe('tidegate pause', () => {
  it(
    'of a service keeps the settler off a run that was terminated in mid-step; the audit lists it, and unpause has it restored',
    async () => {
      const world = settlingWorld('paused', { watchSlo: () => untilCancelled() });
      await onStage(world, async () => {
        const { client } = temporal.env;
        const seen = Object.fromEntries(Object.keys(world.clusters).map((name) => [name, 1]));
        const plan = { ...testPlan({ service: 'paused', bakeMs: 1_000 }), epoch: Date.now(), seen };
        const run = await client.workflow.start('rollout', {
          ...{
            workflowId: rolloutWorkflowId(DEFAULT_INSTALLATION, { ...of('paused'), part: 'versions' }),
            taskQueue: taskQueue(DEFAULT_INSTALLATION, 'control'),
          },
          args: [{ plan }],
        });
        await assertEventually(() => expect(world.isWhole()).toBe(false), limits.phase);
        const io = terminal();
        const pause = { reason: 'the bank moves', by: 'ann' };
        expect(await pauseNow(client, io, { service: 'paused', pause })).toBe(exitCodes.ok);
        expect(io.out).toBe([aws, gcp, onprem].map((name) => `${name}: paused\n`).join(''));
        await run.terminate('a test');
        const settler = client.workflow.getHandle(settleWorkflowId(DEFAULT_INSTALLATION, of('paused')));
        await assertEventually(async () => {
          expect((await settler.describe()).status.name).toBe('COMPLETED');
          expect(await settler.query('status')).toMatchObject({ phase: 'paused' });
        }, limits.phase);
        const audited = terminal();
        expect(await auditNow(client, audited, { service: 'paused' })).toBe(exitCodes.ok);
        expect(audited.out).toMatch(
          /shop\/paused: paused\n {2}found {2}paused: aws-us-east-1: paused since .* by ann: the bank moves; half moved since/,
        );
        expect(world.isWhole()).toBe(false);
        expect(await pauseNow(client, terminal(), { service: 'paused', pause: null })).toBe(exitCodes.ok);
        await assertEventually(() => expect(world.isWhole()).toBe(true), limits.phase);
      });
    },
    limits.rollout,
  );

  it(
    'of a cluster has the others restored without it, and it alone when the pause ends',
    async () => {
      const world = settlingWorld('apart');
      halfMove(world, aws);
      halfMove(world, gcp);
      await onStage(world, async () => {
        const { client } = temporal.env;
        const pause = { reason: 'an upgrade', by: 'ann' };
        expect(await pauseNow(client, terminal(), { cluster: gcp, pause })).toBe(exitCodes.ok);
        await auditNow(client, terminal(), {});
        const whole = (name: string): boolean => {
          const { current, proven } = clusterOf(world, name).record.versions;
          return JSON.stringify(current) === JSON.stringify(proven);
        };
        await assertEventually(() => expect(whole(aws)).toBe(true), limits.phase);
        expect(whole(gcp)).toBe(false);
        expect(Object.keys(clusterOf(world, aws).versions)).toContain('v2');
        await pauseNow(client, terminal(), { cluster: gcp, pause: null });
        await assertEventually(() => expect(world.isWhole()).toBe(true), limits.phase);
      });
    },
    limits.rollout,
  );

  it(
    'names what it cannot reach, and refuses what it does not know',
    async () => {
      const world = settlingWorld('partly');
      clusterOf(world, onprem).unreachable = 'timeout';
      await onStage(world, async () => {
        const { client } = temporal.env;
        const pause = { reason: 'x', by: 'ann' };
        const io = terminal();
        expect(await pauseNow(client, io, { service: 'partly', pause })).toBe(exitCodes.error);
        expect(io.err).toBe(`${onprem}: not paused: ${onprem}: timeout\n`);
        await expect(pauseNow(client, io, { cluster: 'mars', pause })).rejects.toThrow(
          'has no cluster mars; it has aws',
        );
        await expect(pauseNow(client, io, { service: 'mars', pause })).rejects.toThrow('has no service mars');
        await expect(pauseNow(client, io, { pause })).rejects.toThrow('name a service, or a cluster');
      });
    },
    limits.rollout,
  );
});

describe('tidegate cluster forget', () => {
  it(
    'refuses while the cluster answers; else takes the word out of the other records, and says what is left to do',
    async () => {
      const world = settlingWorld('forgotten');
      const one = clusterOf(world, aws);
      one.record = {
        ...one.record,
        absent: { [onprem]: { atMs: 7, reason: 'flooded' } },
        topology: { ...one.record.topology, current: { [aws]: 900_000, [onprem]: 100_000 } },
      };
      await onStage(world, async () => {
        const { client } = temporal.env;
        await expect(forgetNow(client, terminal(), { cluster: onprem })).rejects.toThrow('onprem-fra1 answers');
        clusterOf(world, onprem).unreachable = 'timeout';
        const io = terminal();
        expect(await forgetNow(client, io, { cluster: onprem })).toBe(exitCodes.ok);
        expect(clusterOf(world, aws).record.absent).toBeUndefined();
        expect(io.out).toContain(`forgotten by ${aws}/shop/forgotten\n`);
        expect(io.out).toContain(`${onprem} still has a share in the topology of ${aws}/shop/forgotten`);
        expect(io.out).toContain(`mesh shop still names ${onprem}`);
      });
    },
    limits.rollout,
  );
});
