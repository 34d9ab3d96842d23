/** What a test of the settler plays on: one service of a world in memory, under a real Temporal server. */
import { expect } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { DEFAULT_INSTALLATION } from '../../core/contract/installation.ts';
import type { SettleStatus } from '../../core/contract/messages.ts';
import { taskQueue } from '../../core/contract/queues.ts';
import { rolloutWorkflowId, settleWorkflowId } from '../../core/contract/workflow-ids.ts';
import type { RolloutStatus } from '../../core/rollout/machine/status.ts';
import type { Plan } from '../../core/rollout/plan/plan.ts';
import { startWorkers, type RunningWorkers } from '../../worker/workers.ts';
import { assertEventually } from './eventually.ts';
import { limits } from './limits.ts';
import { testPlan } from './plans.ts';
import type { SettlingWorld } from './settling-world.ts';
import type { TemporalOfFile } from './temporal-of-file.ts';

const workersOf = (temporal: TemporalOfFile, { activities }: SettlingWorld): Promise<RunningWorkers> =>
  startWorkers({
    ...{ connection: temporal.env.nativeConnection, namespace: temporal.env.namespace ?? 'default' },
    ...{ activities, workflowBundle: temporal.workflowBundle, graceMs: 500 },
  });

export interface SettlerStage {
  readonly world: SettlingWorld;
  readonly plan: Plan;
  readonly rollout: WorkflowHandle;
  readonly settler: WorkflowHandle;
  start(plan?: Plan): Promise<WorkflowHandle>;
  until(phase: string): Promise<void>;
  /** Ends the workers as a crash would, as far as Temporal can tell, and starts others. */
  replaceWorkers(between: () => Promise<void>): Promise<void>;
  /** The settler has ended, with nothing left to do. */
  settled(): Promise<void>;
}

/** Plays with one service; afterwards every history of it is replayed. */
export async function onSettlerStage(
  temporal: TemporalOfFile,
  world: SettlingWorld,
  body: (stage: SettlerStage) => Promise<void>,
): Promise<void> {
  const { client } = temporal.env;
  let workers = await workersOf(temporal, world);
  const service = world.config.service.name;
  const seen = Object.fromEntries(Object.keys(world.clusters).map((name) => [name, 1]));
  const plan = { ...testPlan({ service, bakeMs: 1_000 }), epoch: Date.now(), seen };
  const rollout = client.workflow.getHandle(
    rolloutWorkflowId(DEFAULT_INSTALLATION, { ...plan.service, part: 'versions' }),
  );
  const settler = client.workflow.getHandle(settleWorkflowId(DEFAULT_INSTALLATION, plan.service));
  const stage: SettlerStage = {
    ...{ world, plan, rollout, settler },
    start: (given = plan) =>
      client.workflow.start('rollout', {
        ...{
          workflowId: rollout.workflowId,
          taskQueue: taskQueue(DEFAULT_INSTALLATION, 'control'),
          args: [{ plan: given }],
        },
      }),
    until: (phase) =>
      assertEventually(
        async () => expect((await rollout.query<RolloutStatus>('status')).phase).toBe(phase),
        limits.phase,
      ),
    replaceWorkers: async (between) => {
      workers.shutdown();
      await workers.done;
      await between();
      workers = await workersOf(temporal, world);
    },
    settled: () =>
      assertEventually(async () => {
        expect((await settler.describe()).status.name).toBe('COMPLETED');
        expect((await settler.query<SettleStatus>('status')).phase).toBe('settled');
      }, limits.phase),
  };
  try {
    await body(stage);
    for await (const run of client.workflow.list({ query: `WorkflowId STARTS_WITH '${settler.workflowId}'` })) {
      const history = await client.workflow.getHandle(run.workflowId, run.runId).fetchHistory();
      await Worker.runReplayHistory({ workflowBundle: temporal.workflowBundle }, history, run.workflowId);
    }
  } finally {
    await settler.terminate().catch(() => undefined);
    workers.shutdown();
    await workers.done;
  }
}
