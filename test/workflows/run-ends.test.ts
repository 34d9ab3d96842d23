/** Every end of a run is told, by the run or by its guard, through one place. */
import { describe, expect, it } from '@jest/globals';
import { DEFAULT_INSTALLATION } from '../../core/contract/installation.ts';
import { taskQueue } from '../../core/contract/queues.ts';
import { rolloutWorkflowId } from '../../core/contract/workflow-ids.ts';
import type { RunEnd } from '../../core/rollout/outcome.ts';
import type { RolloutStatus } from '../../core/rollout/machine/status.ts';
import { startChange } from '../../platform/temporal/start-change.ts';
import { startWorkers } from '../../worker/workers.ts';
import { assertEventually } from '../support/eventually.ts';
import { clusterNames } from '../support/facts.ts';
import { untilCancelled } from '../support/fake-activities.ts';
import { limits } from '../support/limits.ts';
import { testPlan } from '../support/plans.ts';
import { settlingWorld, type SettlingWorld } from '../support/settling-world.ts';
import { temporalOfFile } from '../support/temporal-of-file.ts';
import { quietly, toldEnds } from '../support/temporal.ts';

const temporal = temporalOfFile();

/** Each once: the server takes a run's last task back when anything else arrives in that moment, and it is told again under its id. */
const told = (service: string): RunEnd[] => {
  const all = toldEnds.filter((end) => end.service.service === service);
  return all.filter(({ id }, i) => all.findIndex((one) => one.id === id) === i);
};

async function withWorld(world: SettlingWorld, body: () => Promise<void>): Promise<void> {
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

const start = (service: string) => {
  // As the world has its records.
  const seen = Object.fromEntries(clusterNames.map((name) => [name, 1]));
  const plan = { ...testPlan({ service }), epoch: Date.now(), seen };
  return temporal.env.client.workflow.start('rollout', {
    ...{
      workflowId: rolloutWorkflowId(DEFAULT_INSTALLATION, { ...plan.service, part: 'versions' }),
      taskQueue: taskQueue(DEFAULT_INSTALLATION, 'control'),
    },
    args: [{ plan }],
  });
};

describe('the end of a run', () => {
  it(
    'is told by a rollout that ends by itself, and by the settler that comes after it; its guard adds nothing',
    async () => {
      const world = settlingWorld('told', {}, 1_000);
      await withWorld(world, async () => {
        const run = await start('told');
        await run.result();
        await assertEventually(() => expect(told('told').map(({ kind }) => kind)).toContain('settle'), limits.phase);
        const id = `${run.workflowId}/${run.firstExecutionRunId}`;
        expect(told('told')).toMatchObject([
          {
            id,
            kind: 'deploy',
            version: 'v2',
            outcome: 'promoted',
            cause: 'none',
            clusters: Object.keys(world.clusters),
          },
          { kind: 'settle', outcome: 'settled' },
        ]);
        const [end] = told('told');
        expect(end?.endedAtMs).toBeGreaterThan(end?.startedAtMs ?? Infinity);
      });
    },
    limits.rollout,
  );

  it(
    'is told by the guard when Temporal has closed the run, under the id of that run; then that of the restore is told',
    async () => {
      await withWorld(settlingWorld('cut-off', { watchSlo: () => untilCancelled() }), async () => {
        const run = await start('cut-off');
        await assertEventually(
          async () => expect((await run.query<RolloutStatus>('status')).phase).toBe('baking'),
          limits.phase,
        );
        await run.terminate('a test');
        await assertEventually(
          () =>
            expect(
              told('cut-off')
                .map(({ outcome }) => outcome)
                .toSorted(),
            ).toEqual(['restored', 'settled', 'terminated']),
          limits.phase,
        );
        const cut = told('cut-off').find(({ outcome }) => outcome === 'terminated');
        expect(cut).toMatchObject({
          id: `${run.workflowId}/${run.firstExecutionRunId}`,
          ...{ kind: 'deploy', version: 'v2', reason: expect.stringContaining('it was terminated while baking') },
        });
      });
    },
    limits.rollout,
  );

  it(
    'is told of a start that is refused; a plan that is refused was to become no run',
    async () => {
      await withWorld(settlingWorld('denied', { probeSlos: async () => ['no metric'] }), async () => {
        const change = { kind: 'deploy', version: 'v2', image: 'i:v2' } as const;
        const ask = (dryRun: boolean) =>
          startChange(temporal.env.client, { service: 'denied', change, dryRun }, quietly);
        await expect(ask(true)).rejects.toThrow('no verdict would be possible');
        await expect(ask(false)).rejects.toThrow('no verdict would be possible');
        expect(told('denied')).toMatchObject([{ outcome: 'refused', code: 'Invalid', kind: 'deploy', version: 'v2' }]);
      });
    },
    limits.rollout,
  );
});
