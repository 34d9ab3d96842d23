/** Changes that wait for each other: one waits, the newest wins, and what goes back comes first. */
import { describe, expect, it } from '@jest/globals';
import { followWaiting, dropWaiting, findWaiting } from '../../cli/rollouts/waiting.ts';
import { listRollouts, rowsText } from '../../cli/rollouts/list.ts';
import type { Plan } from '../../core/rollout/plan/plan.ts';
import type { RolloutStatus } from '../../core/rollout/machine/status.ts';
import { assertEventually } from '../support/eventually.ts';
import { clusterNames } from '../support/facts.ts';
import { limits } from '../support/limits.ts';
import { onQueueingStage, queuedOf, type QueueingStage } from '../support/queueing-stage.ts';
import { temporalOfFile } from '../support/temporal-of-file.ts';
import { textIo } from '../support/text-io.ts';

const temporal = temporalOfFile();

const [aws] = clusterNames;
const queue = { onConflict: 'queue' } as const;
const supersede = { onConflict: 'supersede' } as const;

const onStage = (service: string, body: (stage: QueueingStage) => Promise<void>): Promise<void> =>
  onQueueingStage(temporal, { service, body });

/** Which version the running plan replaces in the first cluster. */
const replaced = async ({ run }: QueueingStage): Promise<string | undefined> =>
  (await run.query<Plan>('plan')).replaces[aws];

/** The version that has not started yet: it waits, or a look plans it just then and is about to be refused. */
const unstarted = async ({ waits }: QueueingStage): Promise<string | undefined> => {
  const status = await waits();
  const { change } = status.waits ?? status.turn ?? {};
  return change !== undefined && 'version' in change ? change.version : undefined;
};

const waitsBehind = ({ waits }: QueueingStage, text: string): Promise<void> =>
  assertEventually(async () => expect((await waits()).reason).toContain(text), limits.phase);

describe('a change that is queued', () => {
  it(
    'starts when the run before it was promoted, and is planned from what is proven then',
    async () => {
      await onStage('healthy', async (stage) => {
        await stage.deploy('v2');
        await stage.until('v2', 'baking');
        const queued = queuedOf(await stage.deploy('v3', queue));
        expect(queued.text).toMatch(/^deploy of v3 waits for its turn behind .*deploy of v2, baking/);
        await waitsBehind(stage, 'behind deploy of v2, baking (wave 1 of 2, step 1 of 2)');
        const { client } = temporal.env;
        await assertEventually(async () => {
          const rows = (await listRollouts(client, 'default', 50)).filter(({ service }) => service === 'shop/healthy');
          expect(rows.map(({ state, version }) => [state, version])).toEqual([
            ['waiting', 'v3'],
            ['baking', 'v2'],
          ]);
          expect(rowsText(rows)).toMatch(/deploy of v3, asked for by ann, waits since .*: behind deploy of v2, baking/);
        });
        expect(await findWaiting(client, stage.of)).toMatchObject({ waits: { by: 'ann' } });
        await stage.promote();
        await stage.until('v3', 'baking');
        expect(await replaced(stage)).toBe('v2');
        expect(await stage.next.result()).toMatchObject({
          waits: null,
          ended: [{ id: queued.id, end: 'started', workflowId: stage.run.workflowId }],
        });
        expect(await findWaiting(client, stage.of)).toBeNull();
      });
    },
    limits.rollout,
  );

  it(
    'starts when a run that breached is back where it was, and not before',
    async () => {
      await onStage('breach', async (stage) => {
        await stage.deploy('v2');
        await stage.until('v2', 'baking');
        await stage.deploy('v3', queue);
        stage.world.held.add('restore');
        stage.world.breach();
        await stage.until('v2', 'restoring');
        await stage.next.signal('wake');
        expect(await unstarted(stage)).toBe('v3');
        stage.world.held.clear();
        await stage.until('v3', 'baking');
        expect(await replaced(stage)).toBe('v1');
      });
    },
    limits.rollout,
  );

  it(
    'waits for the restore of a run that was terminated: the settler comes first',
    async () => {
      await onStage('terminated', async (stage) => {
        await stage.deploy('v2');
        await stage.until('v2', 'baking');
        await stage.deploy('v3', queue);
        stage.world.held.add('restore');
        await stage.run.terminate('a test');
        await assertEventually(
          async () => expect((await stage.run.query<RolloutStatus>('status')).kind).toBe('restore'),
          limits.phase,
        );
        expect(await unstarted(stage)).toBe('v3');
        stage.world.held.clear();
        await stage.until('v3', 'baking');
        expect(await replaced(stage)).toBe('v1');
      });
    },
    limits.rollout,
  );

  it(
    'waits for the restore after a way back that ended unproven',
    async () => {
      await onStage('unproven', async (stage) => {
        await stage.deploy('v2');
        await stage.until('v2', 'baking');
        await stage.deploy('v3', queue);
        stage.world.proofs.push('contradicted');
        stage.world.breach();
        await stage.until('v3', 'baking');
        const { client, namespace = 'default' } = temporal.env;
        const query = `WorkflowId = '${stage.run.workflowId}'`;
        await assertEventually(async () => {
          const { count } = await client.workflowService.countWorkflowExecutions({ namespace, query });
          // The restore of the settler came between.
          expect(Number(count)).toBe(3);
        });
      });
    },
    limits.rollout,
  );

  it(
    'gives its place to a newer one, and who asked for it is told; the same twice is one',
    async () => {
      await onStage('newest', async (stage) => {
        await stage.deploy('v2');
        await stage.until('v2', 'baking');
        const queued = queuedOf(await stage.deploy('v3', queue));
        const again = queuedOf(await stage.deploy('v3', { ...queue, by: 'eve' }));
        expect([again.id, again.runId]).toEqual([queued.id, queued.runId]);
        expect(await stage.waits()).toMatchObject({ waits: { by: 'ann' }, ended: [] });
        const { client } = temporal.env;
        const io = textIo();
        const told = followWaiting({ client, io, queued, detach: false });
        const refused = expect(told).rejects.toMatchObject({
          code: 'Invalid',
          message: 'deploy of v3 does not run: superseded by deploy of v4 (bob)',
        });
        await stage.deploy('v4', { ...queue, by: 'bob' });
        await refused;
        await stage.promote();
        await stage.until('v4', 'baking');
      });
    },
    limits.rollout,
  );

  it(
    'outlives its workers, and looks by itself every ten minutes should a guard be lost',
    async () => {
      await onStage('workers', async (stage) => {
        await stage.deploy('v2');
        await stage.until('v2', 'baking');
        await stage.deploy('v3', queue);
        await waitsBehind(stage, 'behind deploy of v2');
        await stage.replaceWorkers();
        await stage.until('v2', 'baking');
        const { events } = await stage.next.fetchHistory();
        const timer = events?.findLast((event) => event.timerStartedEventAttributes)?.timerStartedEventAttributes;
        expect(Number(timer?.startToFireTimeout?.seconds)).toBe(600);
        await stage.promote();
        await stage.until('v3', 'baking');
      });
    },
    limits.rollout,
  );

  it(
    'that is refused at its turn ends so, with the words of the refusal, and is not tried again',
    async () => {
      await onStage('refused', async (stage) => {
        await stage.deploy('v2');
        await stage.until('v2', 'baking');
        const queued = queuedOf(await stage.deploy('v3', queue));
        const { client } = temporal.env;
        const told = followWaiting({ client, io: textIo(), queued, detach: false });
        const refused = expect(told).rejects.toThrow(/deploy of v3 was refused at its turn: .*paused .*a freeze/s);
        const paused = { of: 'service', reason: 'a freeze', by: 'ann', atMs: 1_000 } as const;
        for (const cluster of Object.values(stage.world.clusters)) cluster.pauses = [paused];
        await stage.promote();
        await refused;
        expect(await stage.next.result()).toMatchObject({ waits: null, ended: [{ end: 'refused' }] });
        expect((await stage.run.query<RolloutStatus>('status')).version).toBe('v2');
      });
    },
    limits.rollout,
  );

  it(
    'is gone when somebody terminates `next`, and nothing else is',
    async () => {
      await onStage('gone', async (stage) => {
        await stage.deploy('v2');
        await stage.until('v2', 'baking');
        const queued = queuedOf(await stage.deploy('v3', queue));
        const { client } = temporal.env;
        const told = followWaiting({ client, io: textIo(), queued, detach: false });
        const refused = expect(told).rejects.toThrow(/has ended \(terminated\), and what waited there is dropped/);
        await stage.next.terminate('a test');
        await refused;
        expect(await findWaiting(client, stage.of)).toBeNull();
        await stage.promote();
        await stage.until('v2', 'promoted');
        await stage.deploy('v4');
        await stage.until('v4', 'baking');
      });
    },
    limits.rollout,
  );
});

describe('a change that supersedes', () => {
  it(
    'aborts the run before it, which is back everywhere before the new version is made',
    async () => {
      await onStage('supersedes', async (stage) => {
        await stage.deploy('v2');
        await stage.until('v2', 'baking');
        const { runId } = await stage.run.describe();
        await stage.deploy('v3', supersede);
        await stage.until('v3', 'baking');
        const before = temporal.env.client.workflow.getHandle(stage.run.workflowId, runId);
        expect(await before.result()).toMatchObject({
          outcome: 'restored',
          reason: expect.stringContaining('superseded by deploy of v3 (ann)'),
        });
        const { calls } = stage.world;
        const made = calls.lastIndexOf(`prepareVersion ${aws}`);
        expect(calls.slice(made).filter((call) => call.startsWith('restore'))).toEqual([]);
        expect(await replaced(stage)).toBe('v1');
      });
    },
    limits.rollout,
  );

  it(
    'aborts nothing that goes back already, and waits for its end',
    async () => {
      await onStage('restoring', async (stage) => {
        await stage.deploy('v2');
        await stage.until('v2', 'baking');
        stage.world.held.add('restore');
        await stage.run.executeUpdate('abort', { args: [{ reason: 'a test' }] });
        await stage.deploy('v3', supersede);
        await assertEventually(
          async () => expect((await stage.waits()).behind?.note).toContain('it goes back already'),
          limits.phase,
        );
        expect(stage.world.calls).not.toContain('abortRun');
        stage.world.held.clear();
        await stage.until('v3', 'baking');
      });
    },
    limits.rollout,
  );

  it(
    'aborts no commit and no restore: it waits for their end',
    async () => {
      await onStage('commits', async (stage) => {
        await stage.deploy('v2');
        await stage.until('v2', 'baking');
        stage.world.held.add('commit');
        await stage.promote();
        await stage.until('v2', 'committing');
        await stage.deploy('v3', supersede);
        await assertEventually(
          async () => expect((await stage.waits()).behind?.note).toContain('committing'),
          limits.phase,
        );
        stage.world.held.delete('commit');
        await stage.until('v3', 'baking');
        stage.world.held.add('restore');
        await stage.run.terminate('a test');
        await assertEventually(
          async () => expect((await stage.run.query<RolloutStatus>('status')).kind).toBe('restore'),
          limits.phase,
        );
        await stage.deploy('v4', supersede);
        await assertEventually(
          async () => expect((await stage.waits()).behind?.note).toContain('a way back'),
          limits.phase,
        );
        expect(stage.world.calls).not.toContain('abortRun');
        stage.world.held.clear();
        await stage.until('v4', 'baking');
        expect(await replaced(stage)).toBe('v2');
      });
    },
    limits.rollout,
  );
});

describe('while a change waits', () => {
  it(
    'and nothing runs, other changes are refused or take its place, ways back go on, and it can be dropped',
    async () => {
      await onStage('half', async (stage) => {
        const { client } = temporal.env;
        await stage.deploy('v2');
        await stage.until('v2', 'baking');
        // The settler cannot see what the dead run has left.
        stage.world.held.add('surveyService');
        await stage.run.terminate('a test');
        await stage.deploy('v3', queue);
        await waitsBehind(stage, 'it is not settled yet');
        await expect(stage.deploy('v4')).rejects.toMatchObject({
          code: 'Conflict',
          message: expect.stringMatching(/waits for its turn.*--on-conflict queue.*rollout drop half/),
        });
        await stage.deploy('v4', queue);
        expect(await stage.waits()).toMatchObject({ waits: { change: { version: 'v4' } } });
        const drop = 'not today';
        expect(await dropWaiting(client, stage.of, drop)).toMatchObject({ end: 'dropped', text: 'dropped: not today' });
        expect(await stage.next.result()).toMatchObject({ waits: null });
        await expect(dropWaiting(client, stage.of, drop)).rejects.toThrow('nothing of half waits for its turn');
        await stage.deploy('v5', queue);
        await stage.deploy('', { change: { kind: 'restore' } });
        await stage.until('v5', 'baking');
      });
    },
    limits.rollout,
  );
});

describe('what no turn can make right', () => {
  it(
    'is refused at once, and never waits',
    async () => {
      await onStage('wrong', async (stage) => {
        await stage.deploy('v2');
        await stage.until('v2', 'baking');
        const refusals: [Parameters<QueueingStage['deploy']>, RegExp][] = [
          [['v 3', queue], /cannot be a label value/],
          [['v1', { ...queue, change: { kind: 'deploy', version: 'v1', image: 'other' } }], /v1/],
          [['v3', { ...queue, change: { kind: 'deploy', version: 'v3' } }], /nothing says what wrong v3 is made of/],
          [['v3', { ...queue, change: { kind: 'deploy', version: 'v3', image: 'i', without: ['x'] } }], /no cluster x/],
          [['', { ...queue, change: { kind: 'undo' } }], /undo is a way back, and waits behind nothing/],
          [['v3', { onConflict: 'later' as never }], /"onConflict" is one of reject, queue, supersede/],
          [['v3'], /--on-conflict queue; take its place: --on-conflict supersede/],
        ];
        for (const [asked, why] of refusals) await expect(stage.deploy(...asked)).rejects.toThrow(why);
        expect(await findWaiting(temporal.env.client, stage.of)).toBeNull();
      });
    },
    limits.rollout,
  );
});
