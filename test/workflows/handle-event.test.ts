/** What becomes of an event: started once however often it comes, refused with a reason, ignored where nothing is newer. */
import { expect, it } from '@jest/globals';
import {
  handleEventWorkflowId,
  type HandleEventInput,
  type HandleEventResult,
  type ReactToResult,
} from '../../core/contract/events.ts';
import { taskQueue } from '../../core/contract/queues.ts';
import { rolloutWorkflowId } from '../../core/contract/workflow-ids.ts';
import type { RolloutStatus } from '../../core/rollout/machine/status.ts';
import type { Reaction } from '../../core/events/reaction.ts';
import { TidegateError } from '../../core/values/error.ts';
import { findStep } from '../../activities/control/find-step.ts';
import { steerRun } from '../../activities/control/steer-run.ts';
import { withFailures } from '../../activities/failures.ts';
import { readHandledEvents } from '../../platform/temporal/handled-events.ts';
import { startHandleEvent } from '../../platform/temporal/handle-event.ts';
import { registerSearchAttributes } from '../../worker/search-attributes.ts';
import { startWorkers } from '../../worker/workers.ts';
import { assertEventually } from '../support/eventually.ts';
import { clusterNames, testConfig, testRead } from '../support/facts.ts';
import { fakeWorld, untilCancelled, type FakeWorld } from '../support/fake-activities.ts';
import { limits } from '../support/limits.ts';
import { testPlan } from '../support/plans.ts';
import { temporalOfFile } from '../support/temporal-of-file.ts';
import { pushed } from '../unit/events/given.ts';

const temporal = temporalOfFile();

const config = testConfig();
const service = { mesh: config.mesh.name, namespace: config.service.namespace, service: config.service.name };

const inputOf = (id: string, over: Partial<HandleEventInput> = {}): HandleEventInput => ({
  event: pushed({ id }),
  ...{ sender: 'ghcr', by: { name: 'ghcr', how: 'sender' }, trigger: 'images', ...service },
  ...over,
});

const reacting = (reaction: Reaction) => (): Promise<ReactToResult> =>
  Promise.resolve({
    reaction,
    service: { ...service, installation: config.mesh.installation },
    clusters: config.mesh.clusters.map(({ ref }) => ({ name: ref.name })),
  });

const choose: Reaction = {
  ...{ kind: 'choose', repository: 'ghcr.io/acme/checkout', policy: { semver: '*' } },
  ...{ onConflict: 'queue', reason: 'a push' },
};

type Overrides = Parameters<typeof fakeWorld>[0];

async function withWorld(overrides: Overrides, body: (world: FakeWorld) => Promise<void>): Promise<void> {
  const { env, workflowBundle } = temporal;
  const namespace = env.namespace ?? 'default';
  await registerSearchAttributes(env.nativeConnection, namespace);
  const world = fakeWorld({
    loadConfig: async () => config,
    readRecords: async () => testRead(),
    watchSlo: () => untilCancelled(),
    ...overrides,
  });
  const workers = await startWorkers({
    ...{ connection: env.nativeConnection, namespace, workflowBundle, graceMs: 500 },
    activities: withFailures(world.activities),
  });
  try {
    await body(world);
  } finally {
    workers.shutdown();
    await workers.done;
  }
}

async function handled(input: HandleEventInput): Promise<HandleEventResult> {
  const { client } = temporal.env;
  const { workflowId } = await startHandleEvent(client, input, 'default');
  return (await client.workflow.getHandle(workflowId).result()) as HandleEventResult;
}

it(
  'starts a rollout of the image that was chosen, by its digest, and the same event once more starts nothing',
  async () => {
    const image = `ghcr.io/acme/checkout:1.2.3@sha256:${'a'.repeat(64)}`;
    const chosen = { image, version: '1.2.3', reason: '1.2.3 is the newest', refused: false };
    const asked: unknown[] = [];
    const chooseImage = async (input: never) => (asked.push(input), chosen);
    await withWorld({ reactTo: reacting(choose), chooseImage }, async ({ calls }) => {
      const { client } = temporal.env;
      const first = await handled(inputOf('once'));
      expect(first).toMatchObject({ outcome: 'started', reason: '1.2.3 is the newest; a push' });
      const plan = await client.workflow.getHandle(first.workflowId, first.runId).query('plan');
      expect(JSON.stringify(plan)).toContain(image);
      expect(asked).toMatchObject([{ proven: ['v1'], repository: 'ghcr.io/acme/checkout' }]);
      expect(await startHandleEvent(client, inputOf('once'), 'default')).toMatchObject({ duplicate: true });
      expect(calls.filter((one) => one === 'reactTo')).toHaveLength(1);
      await client.workflow.getHandle(first.workflowId, first.runId).terminate('end of the test');
    });
  },
  limits.rollout,
);

it(
  'ignores, refuses and steers as results, which can be listed with their reasons',
  async () => {
    const older = { image: '', version: '', reason: 'nothing newer: 2.0.0 is proven', refused: false };
    const said: unknown[] = [];
    const steerRun = async (input: never) => (said.push(input), { refused: '', workflowId: 'w', runId: 'r' });
    await withWorld({ reactTo: reacting(choose), chooseImage: async () => older }, async () => {
      expect(await handled(inputOf('older'))).toMatchObject({ outcome: 'ignored', reason: older.reason });
    });
    const invalid = () => Promise.reject(new TidegateError('Invalid', 'there is no tag', { fix: 'push one' }));
    await withWorld({ reactTo: invalid }, async () => {
      expect(await handled(inputOf('invalid'))).toMatchObject({
        outcome: 'refused',
        reason: 'there is no tag. Fix: push one',
      });
      expect(await handled(inputOf('nobody', { mesh: '', service: 'nobody' }))).toMatchObject({
        outcome: 'refused',
        reason: 'there is no Service document for shop/nobody',
      });
    });
    const abort: Reaction = { kind: 'steer', saying: 'abort', of: null, reason: 'an alert' };
    await withWorld({ reactTo: reacting(abort), steerRun }, async () => {
      expect(await handled(inputOf('abort'))).toMatchObject({ outcome: 'steered', workflowId: 'w', runId: 'r' });
      expect(said).toMatchObject([{ saying: 'abort', by: { name: 'ghcr', how: 'sender' } }]);
      expect(said[0]).toHaveProperty('updateId', handleEventWorkflowId('default', inputOf('abort')));
    });
    await assertEventually(async () => {
      const listed = await readHandledEvents(temporal.env.client, {
        ...{ installation: 'default', sinceMs: Date.now() - 3_600_000, most: 50 },
      });
      const told: unknown = Object.fromEntries(listed.map(({ event, outcome }) => [event?.id, outcome]));
      expect(told).toMatchObject({ older: 'ignored', invalid: 'refused', nobody: 'refused', abort: 'steered' });
    });
  },
  limits.rollout,
);

it(
  'that failed by a bug may be sent again: it was never handled',
  async () => {
    let calls = 0;
    const abort: Reaction = { kind: 'steer', saying: 'abort', of: null, reason: 'an alert' };
    const reactTo = async () => {
      calls += 1;
      if (calls === 1) throw new RangeError('a bug');
      return reacting(abort)();
    };
    const steerRun = async () => ({ refused: '', workflowId: 'w', runId: 'r' });
    await withWorld({ reactTo, steerRun }, async () => {
      await expect(handled(inputOf('bug'))).rejects.toThrow();
      expect(await handled(inputOf('bug'))).toMatchObject({ outcome: 'steered' });
    });
  },
  limits.rollout,
);

it(
  'an abort reaches the rollout that ran when the event came, and none that has begun since',
  async () => {
    const { client } = temporal.env;
    const abort: Reaction = { kind: 'steer', saying: 'abort', of: null, reason: 'a smoke test failed' };
    const seen = Object.fromEntries(clusterNames.map((name) => [name, 1]));
    const plan = { ...testPlan({ service: service.service }), epoch: Date.now(), seen };
    const workflowId = rolloutWorkflowId('default', { ...plan.service, part: 'versions' });
    // No worker yet: the event waits, and the rollout is started meanwhile.
    const early = await startHandleEvent(client, inputOf('early'), 'default');
    const run = await client.workflow.start('rollout', {
      ...{ workflowId, taskQueue: taskQueue('default', 'control'), args: [{ plan }] },
    });
    await withWorld({ reactTo: reacting(abort), findStep, steerRun }, async () => {
      expect(await client.workflow.getHandle(early.workflowId).result()).toMatchObject({
        outcome: 'refused',
        reason: expect.stringContaining('has begun after the event had come') as unknown,
      });
      await assertEventually(
        async () => expect(await run.query<RolloutStatus>('status')).toMatchObject({ phase: 'baking' }),
        limits.phase,
      );
      expect(await handled(inputOf('late'))).toMatchObject({ outcome: 'steered', runId: run.firstExecutionRunId });
      expect(await run.result()).toMatchObject({ outcome: 'restored' });
      expect(await handled(inputOf('too-late'))).toMatchObject({ outcome: 'refused' });
    });
  },
  limits.rollout,
);
