/** A mesh is watched under a real Temporal server: what is lost is moved at once, or when a person says so. */
import { Context } from '@temporalio/activity';
import { describe, expect, it } from '@jest/globals';
import { failOverNow } from '../../cli/rollouts/fail-over.ts';
import type { FailedOverClient, FailOverInput } from '../../core/contract/failover.ts';
import { DEFAULT_INSTALLATION } from '../../core/contract/installation.ts';
import { rolloutWorkflowId } from '../../core/contract/workflow-ids.ts';
import { failedOver } from '../../core/routing/failed-over.ts';
import { halfMovedParts } from '../../core/routing/part.ts';
import { WHOLE } from '../../core/values/share.ts';
import { ensureWatch } from '../../platform/temporal/watch-schedule.ts';
import { startChange } from '../../platform/temporal/start-change.ts';
import { assertEventually } from '../support/eventually.ts';
import { clusterNames } from '../support/facts.ts';
import { untilCancelled } from '../support/fake-activities.ts';
import { limits } from '../support/limits.ts';
import { proven, sharedWorld } from '../support/shared-world.ts';
import { quietly, toldEnds } from '../support/temporal.ts';
import { temporalOfFile } from '../support/temporal-of-file.ts';
import type { RolloutActivities } from '../../core/contract/activities.ts';
import { found, moved, onWatchStage, terminal } from '../support/watch-stage.ts';

const temporal = temporalOfFile();
const [aws, gcp, onprem] = clusterNames;

describe('a watch of a mesh', () => {
  it(
    'with failover: auto moves what is lost at once, tells it, and watches on',
    async () => {
      await onWatchStage(
        temporal,
        { mesh: 'auto', failover: ['auto'], looks: [found('well'), found('lost', 'nobody answers')] },
        async (stage) => {
          await stage.start();
          await stage.until({
            ...{ failover: 'auto', clusters: [{ cluster: gcp, judgement: 'lost', text: 'nobody answers' }] },
            services: [
              { service: 'shop/checkout', cluster: gcp, phase: 'moved', text: `calls of ${aws} go to ${aws} 100 %` },
            ],
          });
          await assertEventually(
            async () => expect((await stage.status()).clusters[0]?.movedAtMs).toBeGreaterThan(0),
            limits.phase,
          );
          expect(stage.asked).toMatchObject([
            { lost: gcp, clusters: [{ name: aws }, { name: onprem }], failover: [onprem], atMs: 1_000 },
          ]);
          await assertEventually(async () => expect(stage.looked).toHaveLength(3), limits.phase);
          // It may look on before they are moved: from when on is known all the same.
          expect(stage.looked[2]?.told).toMatchObject([{ cluster: gcp, judgement: 'lost', atMs: 1_000 }]);
          const end = toldEnds.find(({ service }) => service.mesh === 'auto');
          expect(end).toMatchObject({
            version: `${gcp} lost`,
            absent: [gcp],
            reason: expect.stringContaining('nobody answers; calls of'),
          });
        },
      );
    },
    limits.phase * 3,
  );

  it(
    'decides by the policy at that moment',
    async () => {
      await onWatchStage(
        temporal,
        { mesh: 'changed', failover: ['auto', undefined], looks: [found('lost')] },
        async (stage) => {
          expect(await (await stage.start()).result()).toMatchObject({
            clusters: [{ judgement: 'lost' }],
            services: [],
          });
          expect(stage.asked).toEqual([]);
        },
      );
    },
    limits.phase * 3,
  );

  it(
    'with failover: ask tells what is lost, and moves it when a person says the word',
    async () => {
      const evidence = found('lost', 'nobody answers; a person says so');
      await onWatchStage(
        temporal,
        { mesh: 'asked', failover: ['ask'], looks: [found('lost')], evidence },
        async (stage) => {
          await stage.start();
          await stage.until({
            failover: 'ask',
            clusters: [{ cluster: gcp, judgement: 'lost', movedAtMs: 0 }],
            services: [],
          });
          expect(stage.asked).toEqual([]);
          const io = terminal();
          expect(
            await failOverNow(temporal.env.client, io, { mesh: 'asked', cluster: gcp, reason: 'ann: it burns' }),
          ).toBe(0);
          expect(io.out).toContain(`${gcp}: lost: nobody answers; a person says so\n`);
          expect(io.out).toContain('shop/checkout: moved: ');
          expect(stage.asked).toHaveLength(1);
          expect((await stage.status()).clusters[0]?.text).toContain('it burns');
        },
      );
    },
    limits.phase * 3,
  );

  it(
    'moves nothing for a person whom the evidence contradicts, also where nobody watches',
    async () => {
      await onWatchStage(
        temporal,
        { mesh: 'off', evidence: found('suspected', 'its API server answers') },
        async (stage) => {
          const io = terminal();
          const { client } = temporal.env;
          expect(await failOverNow(client, io, { mesh: 'off', cluster: gcp, reason: 'a slip' })).toBe(4);
          expect([io.out, io.err]).toEqual([
            `${gcp}: suspected: its API server answers\n`,
            expect.stringContaining('nothing is moved'),
          ]);
          await expect(
            failOverNow(client, io, { mesh: 'off', cluster: 'azure', reason: 'a slip' }),
          ).rejects.toMatchObject({
            code: 'Invalid',
            message: expect.stringContaining('has no cluster azure'),
          });
          // Without a failover policy the workflow has nothing else to do.
          expect(await stage.handle.result()).toMatchObject({ failover: 'off', services: [] });
          expect(stage.asked).toEqual([]);
        },
      );
    },
    limits.phase * 3,
  );

  it(
    'tries again what could not be written, and is started once by its schedule',
    async () => {
      const failed: FailedOverClient = { ...moved, action: 'failed', failed: 'another run came between' };
      await onWatchStage(
        temporal,
        { mesh: 'again', failover: ['auto'], looks: [found('lost')], writes: [failed, moved] },
        async (stage) => {
          const { client } = temporal.env;
          const of = { mesh: 'again', installation: DEFAULT_INSTALLATION };
          expect(await ensureWatch(client.schedule, { ...of, failover: 'ask' })).toBe('created');
          expect(await ensureWatch(client.schedule, { ...of, failover: 'ask' })).toBe('unchanged');
          await assertEventually(
            async () => expect(await stage.status()).toMatchObject({ services: [{ phase: 'moved' }] }),
            limits.phase,
          );
          expect(stage.asked).toHaveLength(2);
          expect(await ensureWatch(client.schedule, { ...of, failover: 'off' })).toBe('removed');
          expect(await ensureWatch(client.schedule, { ...of, failover: 'off' })).toBe('unchanged');
        },
      );
    },
    limits.phase * 3,
  );
});

describe('a failover while a run moves the topology', () => {
  it(
    'takes the records from it: that run ends by name, and brings nothing back to what is lost',
    async () => {
      const service = 'overtaken';
      const world = sharedWorld(service);
      const at = (name: string) => world.clusters[name]?.record;
      const failOver: RolloutActivities['failOver'] = async ({ lost, atMs, failover, service: ref }) => {
        const record = at(aws);
        const one = world.clusters[aws];
        if (record === undefined || one === undefined) throw new Error('no record');
        const { epoch, run } = record.topology;
        one.record = failedOver(record, {
          ...{ service: ref, cluster: { name: aws }, lost, atMs, failover, serves: { [aws]: { v1: WHOLE } } },
          ...{
            epoch: Date.now(),
            run: Context.current().info.workflowExecution?.runId ?? '',
            replaces: { epoch, run },
          },
        });
        return { clients: [moved] };
      };
      const activities = {
        ...world.activities,
        failOver: (input: FailOverInput) =>
          failOver({ ...input, service: { ...input.service, service }, failover: [] }),
        listServices: fakeListed(service),
      };
      const { client } = temporal.env;
      const run = client.workflow.getHandle(
        rolloutWorkflowId(DEFAULT_INSTALLATION, { mesh: 'shop', namespace: 'shop', service, part: 'topology' }),
      );
      let release: () => void = () => undefined;
      const baking = new Promise<void>((resolve) => (release = resolve));
      const looks: RolloutActivities['watchClusters'] = async () => {
        await untilCancelled(baking);
        return found('lost');
      };
      let told = false;
      const watchClusters: RolloutActivities['watchClusters'] = (input) => {
        const first = !told;
        told = true;
        return first ? looks(input) : untilCancelled();
      };
      await onWatchStage(temporal, { mesh: 'shop', activities: { ...activities, watchClusters } }, async (stage) => {
        await stage.start();
        await startChange(client, { service, change: { kind: 'topology' } }, quietly);
        await assertEventually(
          async () => expect(await run.query('status')).toMatchObject({ phase: 'baking' }),
          limits.phase,
        );
        release();
        await stage.until({ services: [{ phase: 'moved' }] });
        await run.executeUpdate('promote', { args: [{ reason: 'a test', full: false }] }).catch(() => undefined);
        const end: unknown = await run.result().catch((error: unknown) => error);
        expect(JSON.stringify(end)).toMatch(/FencedOut|belongs to run/);
        await assertEventually(async () => {
          const record = at(aws);
          if (record === undefined) throw new Error('no record');
          expect(halfMovedParts(record)).toEqual([]);
          expect(record.topology).toMatchObject({ proven: { [aws]: WHOLE }, drained: { from: proven } });
        }, limits.phase);
      });
    },
    limits.phase * 5,
  );
});

const fakeListed =
  (service: string): RolloutActivities['listServices'] =>
  async () => ({
    mesh: 'shop',
    clusters: clusterNames.map((name) => ({ name })),
    services: [
      { service: { installation: 'default', mesh: 'shop', namespace: 'shop', service }, warmMs: 1_000, drainMs: 1_000 },
    ],
    failover: 'auto',
  });
