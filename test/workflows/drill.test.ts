/** A cluster is drilled under a real Temporal server: whatever becomes of the drill, its calls come back. */
import { describe, expect, it } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import { drillNow } from '../../cli/rollouts/drill.ts';
import { systemClock } from '../../activities/ports.ts';
import type { DrillStatus } from '../../core/contract/drill.ts';
import { DEFAULT_INSTALLATION } from '../../core/contract/installation.ts';
import { workflowNames } from '../../core/contract/messages.ts';
import { taskQueue } from '../../core/contract/queues.ts';
import type { RolloutStatus } from '../../core/rollout/machine/status.ts';
import { assertEventually } from '../support/eventually.ts';
import { clusterNames } from '../support/facts.ts';
import { itInFull } from '../support/full.ts';
import { limits } from '../support/limits.ts';
import { proven } from '../support/shared-world.ts';
import { temporalOfFile } from '../support/temporal-of-file.ts';
import { textIo, type TextIo } from '../support/text-io.ts';
import { onSharedStage, type TwoParts } from '../support/two-parts.ts';

const temporal = temporalOfFile();

const [aws, gcp] = clusterNames;

interface DrillStage extends TwoParts {
  readonly drill: () => Promise<WorkflowHandle>;
  readonly promoted: (step: number) => Promise<void>;
}

const onStage = (service: string, body: (stage: DrillStage) => Promise<void>): Promise<void> =>
  onSharedStage(temporal, {
    service,
    body: async (stage) => {
      const { client } = temporal.env;
      const run = stage.runs.topology;
      await body({
        ...stage,
        drill: () =>
          client.workflow.start(workflowNames.drillCluster, {
            workflowId: `drill-${service}`,
            taskQueue: taskQueue(DEFAULT_INSTALLATION, 'control'),
            args: [{ cluster: gcp, service, reason: 'a test' }],
          }),
        promoted: async (step) => {
          await assertEventually(
            async () => expect(await run.query<RolloutStatus>('status')).toMatchObject({ phase: 'baking', step }),
            limits.phase,
          );
          await run.executeUpdate('promote', { args: [{ reason: 'a test', full: false }] });
        },
      });
    },
  });

const terminal = (): TextIo =>
  Object.assign(textIo({ USER: 'ann' }), {
    now: () => Date.now(),
    sleep: (ms: number) => systemClock.sleep(ms, new AbortController().signal),
  });

describe('a drill of a cluster', () => {
  it(
    'moves its calls off in steps, brings them back by itself, and reports',
    async () => {
      await onStage('drilled', async ({ promoted, record: own, half, world }) => {
        const io = terminal();
        const input = { cluster: gcp, service: 'drilled', by: 'ann', reason: 'a test' };
        const code = drillNow(temporal.env.client, io, { input, detach: false, json: false });
        const shares: unknown[] = [];
        for (const step of [1, 2, 3]) {
          await promoted(step);
          shares.push(own().topology.current);
        }
        expect(await code).toBe(0);
        expect(io.out).toContain(`drill of ${gcp}, 100 % of what it answers (a test): every service has held`);
        expect(io.out).toContain('shop/drilled: held: ');
        expect(own().topology).toMatchObject({ proven, current: proven });
        expect([half(), own().topology.drained, world.back]).toEqual([[], undefined, ['topology', 'topology']]);
      });
    },
    limits.phase * 8,
  );

  it(
    'whose service does not hold says so once its calls are back',
    async () => {
      await onStage('not-held', async ({ drill, until, runs, record: own }) => {
        const drilling = await drill();
        await until('topology', 'baking');
        expect(own().topology.current).toEqual({ [aws]: 925_000, [gcp]: 75_000 });
        await runs.topology.executeUpdate('abort', { args: [{ reason: 'it is slow' }] });
        const { report, services } = (await drilling.result()) as DrillStatus;
        expect(report?.outcome).toBe('failed');
        expect(services).toMatchObject([{ phase: 'failed', text: expect.stringContaining('it is slow') }]);
        expect(own().topology).toMatchObject({ proven, current: proven });
      });
    },
    limits.phase * 6,
  );

  itInFull(
    'that is cancelled brings its calls back first; one that is terminated comes back at its own end',
    async () => {
      await onStage('cancelled', async ({ drill, until, promoted, record: own, half }) => {
        const drilling = await drill();
        await until('topology', 'baking');
        await drilling.cancel();
        await expect(drilling.result()).rejects.toThrow();
        expect(own().topology).toMatchObject({ proven, current: proven });

        const again = await drill();
        await promoted(1);
        await again.terminate('a test');
        for (const step of [2, 3]) await promoted(step);
        await until('topology', 'ended');
        expect([own().topology.current, half()]).toEqual([proven, []]);
      });
    },
    limits.phase * 8,
  );

  it(
    'whose rollout is terminated is put back by the settler',
    async () => {
      await onStage('cut', async ({ drill, until, runs, record: own, half }) => {
        const drilling = await drill();
        await until('topology', 'baking');
        await runs.topology.terminate('a test');
        const { report, services } = (await drilling.result()) as DrillStatus;
        expect([report?.outcome, services[0]?.text]).toEqual([
          'failed',
          expect.stringContaining('the settler puts it back'),
        ]);
        await assertEventually(
          async () => expect([own().topology.current, half()]).toEqual([proven, []]),
          limits.rollout,
        );
      });
    },
    limits.phase * 8,
  );
});

describe('a drill that cannot begin', () => {
  it(
    'is refused before anything is written: a cluster that there is not; a service that is being moved is left, and told',
    async () => {
      await onStage('left', async ({ ask, until, runs, record: own }) => {
        const io = terminal();
        const drill = (cluster: string) =>
          drillNow(temporal.env.client, io, { input: { cluster, service: 'left' }, detach: false, json: false });
        await expect(drill('azure')).rejects.toMatchObject({
          message: expect.stringContaining('has no cluster azure'),
        });
        await ask({ kind: 'topology', drains: gcp });
        await until('topology', 'baking');
        expect(await drill(gcp)).toBe(4);
        expect(io.out).toContain('others were not drilled');
        expect(io.out).toContain('shop/left: left: a rollout of this service is running');
        await runs.topology.executeUpdate('abort', { args: [{ reason: 'a test' }] });
        await runs.topology.result();
        expect(own().topology).toMatchObject({ proven, current: proven });
      });
    },
    limits.phase * 4,
  );
});
