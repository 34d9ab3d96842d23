/** What runs tell reaches the sinks, once, and no sink holds up a run. */
import { describe, expect, it } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/activity';
import { type WorkflowFailedError } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { DEFAULT_INSTALLATION } from '../../core/contract/installation.ts';
import type { DeliverEventsInput, Undelivered } from '../../core/contract/deliver.ts';
import { taskQueue } from '../../core/contract/queues.ts';
import { deliverWorkflowId, rolloutWorkflowId } from '../../core/contract/workflow-ids.ts';
import type { CloudEvent } from '../../core/events/cloud-event.ts';
import { newsIn, newsType, SETTLER_ENDED } from '../../core/events/out/news.ts';
import type { RolloutStatus } from '../../core/rollout/machine/status.ts';
import type { Plan } from '../../core/rollout/plan/plan.ts';
import { startChange } from '../../platform/temporal/start-change.ts';
import { findUndelivered, sendAgain } from '../../platform/temporal/undelivered.ts';
import { startWorkers } from '../../worker/workers.ts';
import { assertEventually } from '../support/eventually.ts';
import { clusterNames } from '../support/facts.ts';
import { untilCancelled } from '../support/fake-activities.ts';
import { limits } from '../support/limits.ts';
import { testPlan } from '../support/plans.ts';
import { settlingWorld } from '../support/settling-world.ts';
import { temporalOfFile } from '../support/temporal-of-file.ts';
import { quietly } from '../support/temporal.ts';

const temporal = temporalOfFile();

type World = ReturnType<typeof settlingWorld>;
type Overrides = Parameters<typeof settlingWorld>[1];
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

interface Heard {
  readonly sink: string;
  readonly event: CloudEvent;
}

/** A world whose sinks take everything, unless told otherwise. Activities of sinks name no service: they are heard here. */
function hearing(service: string, overrides: Overrides = {}, warmMs = 60_000): { world: World; heard: Heard[] } {
  const heard: Heard[] = [];
  const base = settlingWorld(service, overrides, warmMs);
  const deliverEvents =
    (overrides?.deliverEvents as World['activities']['deliverEvents'] | undefined) ??
    (async ({ sink, events }: DeliverEventsInput) => {
      heard.push(...events.map((event) => ({ sink, event })));
      return { sent: events.length, refused: [], retired: '' };
    });
  return {
    heard,
    world: { ...base, activities: { ...base.activities, listSinks: async () => ['ops'], deliverEvents } },
  };
}

async function withWorld(world: World, body: () => Promise<void>): Promise<void> {
  const workers = await startWorkers({
    ...{ connection: temporal.env.nativeConnection, namespace: temporal.env.namespace ?? 'default' },
    ...{ activities: world.activities, workflowBundle: temporal.workflowBundle, graceMs: 500 },
  });
  try {
    await body();
  } finally {
    workers.shutdown();
    await workers.done;
  }
}

const planOf = (service: string, sinks: readonly string[] = ['ops']): Plan => ({
  ...testPlan({ service, shares: [500_000, 1_000_000] }),
  epoch: Date.now(),
  seen: Object.fromEntries(clusterNames.map((name) => [name, 1])),
  ...(sinks.length > 0 && { sinks }),
});

const start = (plan: Plan) =>
  temporal.env.client.workflow.start('rollout', {
    workflowId: rolloutWorkflowId(DEFAULT_INSTALLATION, { ...plan.service, part: 'versions' }),
    taskQueue: taskQueue(DEFAULT_INSTALLATION, 'control'),
    args: [{ plan }],
    memo: { traceparent },
  });

const delivererOf = ({ service, epoch }: Plan) =>
  temporal.env.client.workflow.getHandle(
    deliverWorkflowId(DEFAULT_INSTALLATION, { ...service, part: 'versions', epoch }),
  );

const ends = (heard: readonly Heard[]): string[] =>
  heard.filter(({ event }) => event.type === newsType('ended')).map(({ event }) => newsIn(event).outcome);

const untilPhase = (run: { query<T>(name: string): Promise<T> }, phase: string) =>
  assertEventually(async () => expect((await run.query<RolloutStatus>('status')).phase).toBe(phase), limits.phase);

async function assertReplays(workflowId: string): Promise<void> {
  const history = await temporal.env.client.workflow.getHandle(workflowId).fetchHistory();
  await Worker.runReplayHistory({ workflowBundle: temporal.workflowBundle }, history, workflowId);
}

describe('what a run tells', () => {
  it(
    'a promoted run: one deliverer hears it all in its order, and its outcome once; few actions are billed',
    async () => {
      const { world, heard } = hearing('told-all');
      await withWorld(world, async () => {
        const plan = planOf('told-all');
        const run = await start(plan);
        await run.result();
        await delivererOf(plan).result();
        const wave = ['wave-started', 'step', 'step', 'wave-finished'];
        const told = heard.filter(({ event }) => event.type !== SETTLER_ENDED).map(({ event }) => event);
        expect(told.map(({ type }) => type)).toEqual(
          ['started', ...wave, ...wave, 'ended'].map((kind) => newsType(kind as 'ended')),
        );
        expect(told.every(({ extensions }) => extensions['traceparent'] === traceparent)).toBe(true);
        expect(newsIn(told.at(-1) as CloudEvent).run).toEqual({
          workflowId: run.workflowId,
          runId: run.firstExecutionRunId,
        });
        const { events } = await run.fetchHistory();
        const signals = events?.filter((event) => event.signalExternalWorkflowExecutionInitiatedEventAttributes) ?? [];
        expect(signals.length).toBeLessThanOrEqual(told.length - 1);
        await assertReplays(run.workflowId);
        await assertReplays(delivererOf(plan).workflowId);
      });
    },
    limits.rollout,
  );

  it(
    'a deliverer that is told more before its first task tells what it was started with first',
    async () => {
      const { world, heard } = hearing('told-late');
      const { service } = planOf('told-late');
      const event = (id: string): CloudEvent => ({
        ...{ specversion: '1.0', id, source: '/test', type: newsType('step'), extensions: {} },
      });
      // No worker yet: the signal waits beside the start.
      const deliverer = await temporal.env.client.workflow.signalWithStart('deliver', {
        ...{ workflowId: 'deliver:told-late', taskQueue: taskQueue(DEFAULT_INSTALLATION, 'control') },
        args: [{ service, sinks: ['ops'], events: [event('first')], last: false }],
        ...{ signal: 'tell', signalArgs: [{ events: [event('second')], last: true }] },
      });
      await withWorld(world, async () => {
        await deliverer.result();
        expect(heard.map((one) => one.event.id)).toEqual(['first', 'second']);
      });
    },
    limits.rollout,
  );

  it(
    'much of it goes on in a new run, which remembers what it has heard, and nothing is told twice or lost',
    async () => {
      const { world, heard } = hearing('told-much');
      const { service } = planOf('told-much');
      const event = (i: number): CloudEvent => ({
        ...{ specversion: '1.0', id: `e-${i}`, source: '/test', type: newsType('step'), extensions: {} },
        data: 'x'.repeat(200_000),
      });
      await withWorld(world, async () => {
        const { client } = temporal.env;
        const first = await client.workflow.start('deliver', {
          ...{ workflowId: 'deliver:told-much', taskQueue: taskQueue(DEFAULT_INSTALLATION, 'control') },
          args: [{ service, sinks: ['ops'], events: [event(0)], last: false, bySize: true }],
        });
        const deliverer = client.workflow.getHandle(first.workflowId);
        // Signals and activities hold each event once: 4 MiB are reached by the tenth.
        for (let i = 1; i <= 14; i += 1) await deliverer.signal('tell', { events: [event(i)], last: false });
        const firstRun = first.firstExecutionRunId;
        await assertEventually(async () => expect((await deliverer.describe()).runId).not.toBe(firstRun), limits.phase);
        await deliverer.signal('tell', { events: [event(14), event(15)], last: true });
        expect(await deliverer.result()).toEqual({ sent: 16 });
        expect(heard.map((one) => one.event.id)).toEqual(Array.from({ length: 16 }, (_, i) => `e-${i}`));
        await assertReplays(first.workflowId);
      });
    },
    limits.rollout,
  );

  it(
    'a run without sinks starts no deliverer',
    async () => {
      const { world, heard } = hearing('untold');
      await withWorld(world, async () => {
        const plan = planOf('untold', []);
        await (await start(plan)).result();
        await expect(delivererOf(plan).describe()).rejects.toThrow();
        expect(heard).toEqual([]);
      });
    },
    limits.rollout,
  );

  it(
    'a dead sink does not slow a run, nor another sink',
    async () => {
      const heard: string[] = [];
      const deliverEvents = async ({ sink, events }: DeliverEventsInput) => {
        if (sink === 'dead') return untilCancelled();
        heard.push(...events.map(({ type }) => type));
        return { sent: events.length, refused: [], retired: '' };
      };
      const { world } = hearing('dead-sink', { deliverEvents });
      await withWorld(world, async () => {
        const plan = planOf('dead-sink', ['dead', 'ops']);
        const run = await start(plan);
        await run.result();
        await assertEventually(() => expect(heard).toContain(newsType('ended')), limits.phase);
        const deliverer = delivererOf(plan);
        expect((await deliverer.describe()).status.name).toBe('RUNNING');
        await deliverer.terminate('a test');
      });
    },
    limits.rollout,
  );

  it(
    'what a sink refuses is a dead letter: the delivery fails with it, stays visible, and can be sent again',
    async () => {
      let isMended = false;
      const heard: string[] = [];
      const deliverEvents = async ({ sink, events, only }: DeliverEventsInput) => {
        const refused = events.filter(({ type }) => !isMended && type === newsType('step'));
        heard.push(
          ...events
            .filter(({ id }) => !refused.some((one) => one.id === id) && (only?.includes(id) ?? true))
            .map(({ type }) => type),
        );
        return {
          sent: events.length,
          refused: refused.map(({ id }) => ({ id, reason: `${sink} answers 400` })),
          retired: '',
        };
      };
      const { world } = hearing('refusing', { deliverEvents });
      await withWorld(world, async () => {
        const plan = planOf('refusing');
        await (await start(plan)).result();
        const failed: unknown = await delivererOf(plan)
          .result()
          .catch((error: unknown) => error);
        const { cause } = failed as WorkflowFailedError;
        expect((cause as Error).message).toContain('ops answers 400');
        const [{ service, dead }] = (cause as ApplicationFailure).details as [Undelivered];
        expect(dead.map(({ events }) => events.map(({ type }) => type))).toEqual(Array(4).fill([newsType('step')]));
        isMended = true;
        heard.splice(0);
        const { client } = temporal.env;
        const ofRun = dead[0]?.events[0] === undefined ? '' : newsIn(dead[0].events[0]).run.runId;
        expect(await findUndelivered(client, DEFAULT_INSTALLATION, 'another run')).toEqual([]);
        await assertEventually(
          async () =>
            expect(await findUndelivered(client, DEFAULT_INSTALLATION, ofRun)).toMatchObject([{ service, dead }]),
          limits.phase,
        );
        const [found] = await findUndelivered(client, DEFAULT_INSTALLATION, ofRun);
        if (found !== undefined) await sendAgain(client, DEFAULT_INSTALLATION, found);
        await delivererOf(plan).result();
        expect(await findUndelivered(client, DEFAULT_INSTALLATION, ofRun)).toEqual([]);
        expect(heard).toEqual(Array(4).fill(newsType('step')));
      });
    },
    limits.rollout,
  );

  it(
    'a sink that is gone is asked no more',
    async () => {
      let asked = 0;
      const deliverEvents = async ({ events }: DeliverEventsInput) => {
        asked += 1;
        return { sent: 0, refused: events.map(({ id }) => ({ id, reason: 'gone' })), retired: 'gone' };
      };
      const { world } = hearing('gone', { deliverEvents });
      await withWorld(world, async () => {
        const plan = planOf('gone');
        await (await start(plan)).result();
        await expect(delivererOf(plan).result()).rejects.toThrow();
        expect(asked).toBe(1);
      });
    },
    limits.rollout,
  );
});

describe('each end is told as one event', () => {
  it(
    'restored after a breach: the incident is detected, what moved is back, and then the outcome',
    async () => {
      const breach = {
        verdict: 'breach',
        breached: [],
        reason: 'errors',
        readings: [],
        firstBadAtMs: 1,
        decidedAtMs: 2,
      } as const;
      const { world, heard } = hearing('breaching', { watchSlo: async () => breach });
      await withWorld(world, async () => {
        const plan = planOf('breaching');
        await (await start(plan)).result();
        await delivererOf(plan).result();
        const told = heard.filter(({ event }) => event.type !== SETTLER_ENDED).map(({ event }) => event.type);
        expect(told.slice(-3)).toEqual(['breached', 'restored', 'ended'].map((kind) => newsType(kind as 'ended')));
        expect(ends(heard)).toEqual(['restored']);
      });
    },
    limits.rollout,
  );

  it(
    'cancelled: the run goes back, and tells it',
    async () => {
      const { world, heard } = hearing('cancelled', { watchSlo: () => untilCancelled() });
      await withWorld(world, async () => {
        const plan = planOf('cancelled');
        const run = await start(plan);
        await untilPhase(run, 'baking');
        await run.cancel();
        await expect(run.result()).rejects.toThrow();
        await delivererOf(plan).result();
        const end = heard.map(({ event }) => event).filter(({ type }) => type === newsType('ended'));
        expect(end.map(newsIn)).toMatchObject([
          { outcome: 'restored', cause: 'cancel', mesh: 'shop', wave: 1, step: 1 },
        ]);
      });
    },
    limits.rollout,
  );

  it(
    'terminated: its guard tells it to the deliverer of the run, with the place where it was',
    async () => {
      const { world, heard } = hearing('cut-off', { watchSlo: () => untilCancelled() });
      await withWorld(world, async () => {
        const plan = planOf('cut-off');
        const run = await start(plan);
        await untilPhase(run, 'baking');
        await run.terminate('a test');
        await delivererOf(plan).result();
        const of = heard.map(({ event }) => event).filter((event) => event.id === `${run.firstExecutionRunId}/ended`);
        expect(of.map(newsIn)).toMatchObject([
          { outcome: 'terminated', version: 'v2', mesh: 'shop', wave: 1, step: 1, clusters: [...clusterNames] },
        ]);
      });
    },
    limits.rollout,
  );

  it(
    'refused: the start tells it, whether the config could be read or not; a plan tells nothing',
    async () => {
      let isBroken = false;
      const loadConfig = async (): Promise<unknown> => {
        if (isBroken) throw ApplicationFailure.nonRetryable('the config has 1 problem', 'Invalid');
        return { ...world.config, sinks: ['ops'] };
      };
      const { world, heard } = hearing('denied', { probeSlos: async () => ['no metric'], loadConfig });
      await withWorld(world, async () => {
        const change = { kind: 'deploy', version: 'v2', image: 'i:v2' } as const;
        const ask = (dryRun: boolean) =>
          startChange(temporal.env.client, { service: 'denied', change, dryRun }, quietly);
        await expect(ask(true)).rejects.toThrow('no verdict would be possible');
        await expect(ask(false)).rejects.toThrow('no verdict would be possible');
        await assertEventually(() => expect(ends(heard)).toEqual(['refused']), limits.phase);
        // A settler of the test before may still tell its own end: sinks hear of every service.
        const refused = heard.find(({ event }) => event.type === newsType('ended'))?.event;
        expect(newsIn(refused as CloudEvent)).toMatchObject({
          mesh: 'shop',
          namespace: 'shop',
          service: 'denied',
        });
        isBroken = true;
        await expect(ask(false)).rejects.toThrow('the config has 1 problem');
        await assertEventually(() => expect(ends(heard)).toEqual(['refused', 'refused']), limits.phase);
      });
    },
    limits.rollout,
  );

  it(
    'settled: the settler after a run tells its own end',
    async () => {
      const { world, heard } = hearing('settling', {}, 1_000);
      const loadConfig = async () => ({ ...world.config, sinks: ['ops'] });
      await withWorld({ ...world, activities: { ...world.activities, loadConfig } }, async () => {
        await (await start(planOf('settling'))).result();
        await assertEventually(() => {
          const settled = heard.filter(({ event }) => event.type === SETTLER_ENDED).map(({ event }) => newsIn(event));
          expect(settled).toMatchObject([{ outcome: 'settled', service: 'settling' }]);
        }, limits.phase);
      });
    },
    limits.rollout,
  );

  it(
    'failed by a bug: the run tells it itself, for its guard takes it for told',
    async () => {
      const unread = { result: 'untested', proofs: null, verifiedAtMs: 0 };
      const { world, heard } = hearing('buggy', {
        verifyRestored: async () => unread,
        watchSlo: () => untilCancelled(),
      });
      await withWorld(world, async () => {
        const run = await start(planOf('buggy'));
        await untilPhase(run, 'baking');
        await run.signal('alert', { reason: 'pager' });
        await expect(run.result()).rejects.toMatchObject({ cause: { type: 'Bug' } });
        // The restore of the settler comes after it.
        await assertEventually(() => expect(ends(heard)[0]).toBe('failed'), limits.phase);
      });
    },
    limits.rollout,
  );
});
