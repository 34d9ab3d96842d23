/** A cluster is drained and restored under a real Temporal server, one service at a time. */
import { describe, expect, it } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import type { DrainInput, DrainStatus } from '../../core/contract/drain.ts';
import { workflowNames } from '../../core/contract/messages.ts';
import { taskQueue } from '../../core/contract/queues.ts';
import type { ShareServiceInput } from '../../core/contract/settle-activities.ts';
import { DEFAULT_INSTALLATION } from '../../core/contract/installation.ts';
import { WHOLE } from '../../core/values/share.ts';
import { assertEventually } from '../support/eventually.ts';
import { clusterNames } from '../support/facts.ts';
import { limits } from '../support/limits.ts';
import { proven } from '../support/shared-world.ts';
import { temporalOfFile } from '../support/temporal-of-file.ts';
import { onSharedStage, type TwoParts } from '../support/two-parts.ts';

const temporal = temporalOfFile();

const [aws, gcp, onprem] = clusterNames;
const deploy = { kind: 'deploy', version: 'v2', image: 'registry/checkout:v2' } as const;

interface DrainStage extends TwoParts {
  readonly askFor: (does: DrainInput['does']) => Promise<WorkflowHandle>;
  /** What cluster mesh was told, in the order of the calls. */
  readonly shared: boolean[];
}

const onStage = (service: string, body: (stage: DrainStage) => Promise<void>): Promise<void> =>
  onSharedStage(temporal, {
    service,
    body: async (stage) => {
      const shared: boolean[] = [];
      stage.world.shares.push(({ shared: to }: ShareServiceInput) => shared.push(to));
      let asked = 0;
      const { client } = temporal.env;
      const askFor = (does: DrainInput['does']): Promise<WorkflowHandle> => {
        asked += 1;
        return client.workflow.start(workflowNames.drainCluster, {
          workflowId: `drain-${service}-${String(asked)}`,
          taskQueue: taskQueue(DEFAULT_INSTALLATION, 'control'),
          args: [{ cluster: gcp, does, service }],
        });
      };
      await body({ ...stage, askFor, shared });
    },
  });

const only = async (handle: WorkflowHandle): Promise<DrainStatus['services'][number] | undefined> =>
  ((await handle.result()) as DrainStatus).services[0];

describe('a drain of a cluster', () => {
  it(
    'moves its calls by a rollout, tells cluster mesh afterwards, says of a second one that it is done, and is taken back whole',
    async () => {
      await onStage('drained', async ({ askFor, until, runs, world, record: own, shared }) => {
        const before = { aws: own().topology.proven, gcp: world.clusters[gcp]?.record.topology.proven };
        const out = await askFor('drain');
        await until('topology', 'baking');
        expect([shared, (await out.query<DrainStatus>('status')).services]).toMatchObject([[], [{ phase: 'moving' }]]);
        await runs.topology.executeUpdate('promote', { args: [{ reason: 'a test', full: false }] });
        expect(await only(out)).toMatchObject({ phase: 'done', text: 'drained' });
        expect(own().topology).toMatchObject({ proven: { [aws]: WHOLE }, drained: { from: proven } });
        expect(world.clusters[gcp]?.record.topology.proven).toEqual({ [aws]: 500_000, [onprem]: 500_000 });
        expect(await only(await askFor('drain'))).toMatchObject({ phase: 'done', text: 'was drained already' });
        expect(shared).toEqual([false, false]);

        const back = await askFor('restore');
        await until('topology', 'baking');
        expect(shared).toEqual([false, false]);
        await runs.topology.executeUpdate('promote', { args: [{ reason: 'a test', full: false }] });
        expect(await only(back)).toMatchObject({ phase: 'done', text: 'is called again as before the drain' });
        expect(shared).toEqual([false, false, true]);
        expect({ aws: own().topology.proven, gcp: world.clusters[gcp]?.record.topology.proven }).toEqual(before);
        expect(own().topology.drained).toBeUndefined();
        expect(await only(await askFor('restore'))).toMatchObject({ phase: 'done', text: 'is not drained' });
      });
    },
    limits.phase * 8,
  );

  it(
    'that is aborted leaves no word of it, and says what is left',
    async () => {
      await onStage('aborted', async ({ askFor, until, runs, record: own, shared }) => {
        const out = await askFor('drain');
        await until('topology', 'baking');
        await runs.topology.executeUpdate('abort', { args: [{ reason: 'a test' }] });
        expect(await only(out)).toMatchObject({ phase: 'left', text: expect.stringContaining('ended as restored') });
        expect([own().topology.proven, own().topology.drained, shared]).toEqual([proven, undefined, []]);
      });
    },
    limits.phase * 6,
  );

  it(
    'waits while a deploy moves the versions of a cluster that would be called anew, and goes on when that has ended',
    async () => {
      await onStage('waits-for-deploy', async ({ ask, askFor, until, runs }) => {
        await ask(deploy);
        await until('versions', 'baking');
        const out = await askFor('drain');
        await assertEventually(async () => {
          const [one] = (await out.query<DrainStatus>('status')).services;
          expect(one).toMatchObject({
            phase: 'waiting',
            text: expect.stringContaining('while a rollout moves the versions'),
          });
        }, limits.phase);
        await runs.versions.executeUpdate('abort', { args: [{ reason: 'a test' }] });
        await until('topology', 'baking');
        await runs.topology.executeUpdate('promote', { args: [{ reason: 'a test', full: false }] });
        expect(await only(out)).toMatchObject({ phase: 'done', text: 'drained' });
      });
    },
    limits.phase * 8,
  );

  it(
    'whose workflow was terminated is gone on with by the next one, which finds the rollout of the first',
    async () => {
      await onStage('terminated', async ({ askFor, until, runs, shared }) => {
        const first = await askFor('drain');
        await until('topology', 'baking');
        await first.terminate('a test');
        const again = await askFor('drain');
        await assertEventually(async () => {
          const [one] = (await again.query<DrainStatus>('status')).services;
          expect(one).toMatchObject({ phase: 'waiting', text: expect.stringContaining('moves its topology') });
        }, limits.phase);
        await runs.topology.executeUpdate('promote', { args: [{ reason: 'a test', full: false }] });
        expect(await only(again)).toMatchObject({ phase: 'done', text: 'drained' });
        expect(shared).toEqual([false]);
      });
    },
    limits.phase * 8,
  );
});
