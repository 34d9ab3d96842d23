/** What a person is told who plans or starts a change, and what the worker's log then has. */
import { describe, expect, it } from '@jest/globals';
import { Context } from '@temporalio/activity';
import type { WorkflowHandle } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { logEntry } from '../../cli/local/worker.ts';
import type { ReadVersionsInput } from '../../core/contract/activities.ts';
import type { StartRolloutInput, StartRolloutResult } from '../../core/contract/messages.ts';
import { taskQueue } from '../../core/contract/queues.ts';
import { rolloutWorkflowId } from '../../core/contract/workflow-ids.ts';
import type { RolloutStatus } from '../../core/rollout/machine/status.ts';
import { WHOLE } from '../../core/values/share.ts';
import { createControlActivities } from '../../activities/control/index.ts';
import { handleOf } from '../../cli/rollouts/rollout.ts';
import { startChange } from '../../platform/temporal/start-change.ts';
import { startWorkers } from '../../worker/workers.ts';
import { assertEventually } from '../support/eventually.ts';
import { clusterNames, record, testConfig, testRead, unadopted, workload } from '../support/facts.ts';
import { controlDeps } from '../support/control-deps.ts';
import { fakeWorld, untilCancelled } from '../support/fake-activities.ts';
import { testPlan } from '../support/plans.ts';
import { temporalOfFile } from '../support/temporal-of-file.ts';
import { quietly } from '../support/temporal.ts';
import { DEFAULT_INSTALLATION, type IdScheme } from '../../core/contract/installation.ts';

const temporal = temporalOfFile();

const halfMoved = { [clusterNames[0]]: { v1: 950_000, v2: 50_000 } };
const part = { proven: { [clusterNames[0]]: { v1: WHOLE } }, current: halfMoved, epoch: 2, run: 'r', previous: {} };

/** The first cluster is in the middle of a step. */
const moving = testRead({ [clusterNames[0]]: { record: record(clusterNames[0], { v1: WHOLE }, { versions: part }) } });

/** `scheme`: how the id of the run is written. */
async function besideRun(
  body: (handle: WorkflowHandle, ask: Ask) => Promise<void>,
  scheme: IdScheme = DEFAULT_INSTALLATION,
): Promise<void> {
  const { env, workflowBundle } = temporal;
  const world = fakeWorld({ readRecords: async () => moving, watchSlo: () => untilCancelled() });
  const control = createControlActivities({
    ...controlDeps,
    config: {
      load: async () => testConfig(),
      loadServices: () => Promise.reject(new Error('not in this test')),
      loadWithEvents: () => Promise.reject(new Error('not in this test')),
    },
  });
  const workers = await startWorkers({
    ...{ connection: env.nativeConnection, namespace: env.namespace ?? 'default', workflowBundle, graceMs: 500 },
    activities: { ...world.activities, ...control },
  });
  const seen = Object.fromEntries(moving.clusters.map((one) => [one.cluster, one.record?.versions.epoch ?? 0]));
  const plan = { ...testPlan(), seen };
  const handle = await env.client.workflow.start('rollout', {
    workflowId: rolloutWorkflowId(scheme, { ...plan.service, part: 'versions' }),
    taskQueue: taskQueue(DEFAULT_INSTALLATION, 'control'),
    args: [{ plan }],
  });
  const ask: Ask = (input) =>
    startChange(
      env.client,
      { service: 'checkout', change: { kind: 'deploy', version: 'v3', image: 'i:v3' }, ...input },
      quietly,
    );
  try {
    await assertEventually(async () => expect((await handle.query<RolloutStatus>('status')).phase).toBe('baking'));
    await body(handle, ask);
  } finally {
    await handle.terminate().catch(() => undefined);
    workers.shutdown();
    await workers.done;
  }
}

type Ask = (input?: Partial<StartRolloutInput>) => Promise<StartRolloutResult>;

describe('while a rollout runs', () => {
  it('a plan says which, in which phase and how to watch it, and begins at the proven version', async () => {
    await besideRun(async (_, ask) => {
      const { plan } = await ask({ dryRun: true });
      expect(plan.notes[0]).toMatch(
        /a rollout of this service is running.*rollout:default:shop:shop:checkout:versions, deploy of v2, baking \(wave 1 of 2, step 1 of 3\)/,
      );
      expect(plan.notes[0]).toContain('tidegate rollout watch checkout');
      expect(plan.replaces[clusterNames[0]]).toBe('v1');
      expect(JSON.stringify(plan)).not.toMatch(/terminated|restore/);
    });
  }, 60_000);

  it('a start is refused with the same words', async () => {
    await besideRun(async (_, ask) => {
      await expect(ask()).rejects.toMatchObject({
        code: 'Conflict',
        message: expect.stringMatching(
          /is running.*deploy of v2, baking .*rollout watch checkout.*rollout abort checkout/,
        ),
      });
    });
  }, 60_000);

  it('one that 0.1.0 has begun holds the lock under its own id, and commands speak to it', async () => {
    await besideRun(async (handle, ask) => {
      await expect(ask()).rejects.toMatchObject({
        code: 'Conflict',
        message: expect.stringContaining('rollout:shop/shop/checkout/versions, deploy of v2, baking'),
      });
      const found = await handleOf(temporal.env.client, { ...testPlan().service });
      expect(found.workflowId).toBe(handle.workflowId);
      await handle.terminate();
      const today = await handleOf(temporal.env.client, { ...testPlan().service });
      expect(today.workflowId).toBe('rollout:default:shop:shop:checkout:versions');
    }, null);
  }, 60_000);

  it('its history replays, with the question to the running rollout in it', async () => {
    await besideRun(async (_, ask) => {
      await ask({ dryRun: true });
      const { client } = temporal.env;
      for await (const run of client.workflow.list({ query: "WorkflowType = 'startRollout'" })) {
        const history = await client.workflow.getHandle(run.workflowId, run.runId).fetchHistory();
        await Worker.runReplayHistory({ workflowBundle: temporal.workflowBundle }, history, run.workflowId);
      }
    });
  }, 60_000);

  it('once it was terminated, a plan says so again and advises a restore', async () => {
    await besideRun(async (handle, ask) => {
      await handle.terminate();
      await expect(ask({ dryRun: true })).rejects.toMatchObject({
        code: 'HalfMoved',
        message: expect.stringContaining('a rollout was terminated?'),
      });
    });
  }, 60_000);
});

describe('an adoption under a name that the metrics do not know', () => {
  it('is refused at the plan with the name that they know, and nobody is alarmed', async () => {
    const { env, workflowBundle } = temporal;
    const world = fakeWorld({
      loadConfig: async () => testConfig(),
      readRecords: async () => unadopted({ workloads: [workload('', { deployment: 'checkout', managed: false })] }),
      readVersions: async ({ clusters }: ReadVersionsInput) =>
        clusters.map((cluster) => ({ cluster, versions: ['1.4.2'] })),
    });
    const workers = await startWorkers({
      ...{ connection: env.nativeConnection, namespace: env.namespace ?? 'default', workflowBundle, graceMs: 500 },
      activities: world.activities,
    });
    const adopt = (version: string): Promise<StartRolloutResult> =>
      startChange(env.client, { service: 'checkout', change: { kind: 'adopt', version }, dryRun: true }, quietly);
    try {
      const refused = await adopt('v9').catch((error: unknown) => error);
      expect(refused).toMatchObject({
        code: 'Invalid',
        message: expect.stringMatching(
          /--version v9, but the metrics .* say service.version 1\.4\.2.*say --version 1\.4\.2/,
        ),
        cause: { category: 'BENIGN' },
      });
      expect((await adopt('1.4.2')).plan.version).toBe('1.4.2');
      expect(world.calls).not.toContain('prepareVersion');
    } finally {
      workers.shutdown();
      await workers.done;
    }
  }, 60_000);
});

describe("the worker's log", () => {
  const logged = (message: string, meta: Record<string, unknown>): string => {
    let text = '';
    const level = message === 'run ended' || message === 'Worker state changed' ? 'INFO' : 'WARN';
    logEntry({ stderr: (line) => void (text += line) })({ level, message, meta });
    return text;
  };

  it('has the end of every run as JSON, and nothing else that is no warning', () => {
    const end = { id: 'rollout/run', outcome: 'promoted' };
    expect(logged('run ended', { workflowId: 'rollout', end })).toMatch(
      / INFO rollout run ended {"id":"rollout\/run","outcome":"promoted"}\n$/,
    );
    expect(logged('Worker state changed', {})).toBe('');
  });

  it('has no line for a start that was refused: that is an answer', () => {
    expect(logged('Workflow failed', { workflowType: 'startRollout', error: new Error('refused') })).toBe('');
  });

  it('has one for a rollout that failed, and for a start that failed for another reason than a refusal', () => {
    expect(logged('Workflow failed', { workflowType: 'rollout', error: new Error('x') })).toContain(
      'Workflow failed: x',
    );
    expect(logged('the start of a change failed', { workflowType: 'startRollout' })).toContain('the start of a change');
  });
});

describe('the start of a way back', () => {
  it('asks for config that may have faults elsewhere, does not read who is left out, and is tried by no dry run', async () => {
    const { env, workflowBundle } = temporal;
    const [aws, gcp] = clusterNames;
    const promoted = (cluster: string) => {
      const one = record(cluster, { v2: WHOLE, v1: 0 });
      return {
        record: { ...one, versions: { ...one.versions, previous: { [cluster]: 'v1' } } },
        workloads: [workload('v2'), workload('v1')],
      };
    };
    const world = testRead(Object.fromEntries(clusterNames.map((name) => [name, promoted(name)])));
    const asked: { config: unknown[]; clusters: string[] } = { config: [], clusters: [] };
    const fake = fakeWorld({
      loadConfig: async (input: unknown) => {
        // The settler of a test before this one may ask, too.
        if (Context.current().info.workflowType === 'startRollout') asked.config.push(input);
        return { ...testConfig(), notes: ['the config has 1 fault elsewhere'] };
      },
      readRecords: async ({ clusters }: { clusters: { name: string }[] }) => {
        asked.clusters.push(...clusters.map(({ name }) => name));
        return { ...world, clusters: world.clusters.filter(({ cluster }) => cluster !== gcp) };
      },
      dryRunWrites: () => Promise.reject(new Error('a way back is not tried')),
    });
    const workers = await startWorkers({
      ...{ connection: env.nativeConnection, namespace: env.namespace ?? 'default', workflowBundle, graceMs: 500 },
      activities: fake.activities,
    });
    try {
      const start = (change: StartRolloutInput['change']): Promise<StartRolloutResult> =>
        startChange(env.client, { service: 'checkout', change, dryRun: true }, quietly);
      const { plan } = await start({ kind: 'undo', without: [gcp] });
      expect(asked).toEqual({
        config: [{ service: 'checkout', wayBack: 'undo' }],
        clusters: clusterNames.filter((name) => name !== gcp),
      });
      expect(plan.notes).toEqual(expect.arrayContaining(['the config has 1 fault elsewhere']));
      expect([plan.waves[0]?.serving[0], plan.absent]).toEqual([aws, { [gcp]: 'left out by --without' }]);
      await expect(start({ kind: 'release', without: [gcp] } as never)).rejects.toThrow(/release needs every cluster/);
      await expect(start({ kind: 'undo', without: gcp } as never)).rejects.toThrow(/a list of names of clusters/);
    } finally {
      workers.shutdown();
      await workers.done;
    }
  }, 60_000);
});
