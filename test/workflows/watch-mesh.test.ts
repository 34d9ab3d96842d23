/** A mesh is watched under a real Temporal server: what is lost is moved at once, or when a person says so. */
import { Context } from '@temporalio/activity';
import { describe, expect, it } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { failOverNow } from '../../cli/rollouts/fail-over.ts';
import { withFailures } from '../../activities/failures.ts';
import { systemClock } from '../../activities/ports.ts';
import type {
  FailedOverClient,
  FailOverInput,
  WatchClustersInput,
  WatchClustersResult,
  WatchMeshStatus,
} from '../../core/contract/failover.ts';
import { DEFAULT_INSTALLATION } from '../../core/contract/installation.ts';
import { messageNames, workflowNames } from '../../core/contract/messages.ts';
import { taskQueue } from '../../core/contract/queues.ts';
import type { ListServicesResult } from '../../core/contract/settle-activities.ts';
import { rolloutWorkflowId, watchWorkflowId } from '../../core/contract/workflow-ids.ts';
import type { VerifyRoutingInput } from '../../core/judge/proof/proof.ts';
import { failedOver } from '../../core/routing/failed-over.ts';
import { halfMovedParts } from '../../core/routing/part.ts';
import { present } from '../../core/values/json.ts';
import { WHOLE } from '../../core/values/share.ts';
import { ensureWatch } from '../../platform/temporal/watch-schedule.ts';
import { startChange } from '../../platform/temporal/start-change.ts';
import { startWorkers } from '../../worker/workers.ts';
import { assertEventually } from '../support/eventually.ts';
import { clusterNames } from '../support/facts.ts';
import { fakeWorld, untilCancelled } from '../support/fake-activities.ts';
import { limits } from '../support/limits.ts';
import { proven, sharedWorld } from '../support/shared-world.ts';
import { quietly, toldEnds } from '../support/temporal.ts';
import { temporalOfFile } from '../support/temporal-of-file.ts';
import { textIo, type TextIo } from '../support/text-io.ts';
import type { RolloutActivities } from '../../core/contract/activities.ts';

const temporal = temporalOfFile();
const [aws, gcp, onprem] = clusterNames;

type News = WatchClustersResult['news'][number];

const found = (judgement: News['judgement'], text = 'so they say', atMs = 1_000): WatchClustersResult => ({
  news: [{ cluster: gcp, judgement, text, atMs }],
  answering: [aws, onprem],
});

const moved: FailedOverClient = { cluster: aws, action: 'configured', shares: { [aws]: WHOLE }, failed: '' };

interface Played {
  readonly mesh: string;
  /** Each time that it is listed; the last one again. */
  readonly failover?: readonly ListServicesResult['failover'][];
  /** What the looks find, the first first; then they wait. */
  readonly looks?: readonly WatchClustersResult[];
  /** What a person is told. */
  readonly evidence?: WatchClustersResult;
  /** Each attempt; the last one again. */
  readonly writes?: readonly FailedOverClient[];
  readonly activities?: RolloutActivities;
  /** Of the service. */
  readonly ratePerReplica?: number;
}

interface WatchStage {
  readonly start: () => Promise<WorkflowHandle>;
  readonly handle: WorkflowHandle;
  readonly status: () => Promise<WatchMeshStatus>;
  readonly until: (wanted: object) => Promise<void>;
  readonly asked: FailOverInput[];
  readonly looked: WatchClustersInput[];
}

async function onStage(
  { mesh, writes = [moved], ...given }: Played,
  body: (stage: WatchStage) => Promise<void>,
): Promise<void> {
  const { client, nativeConnection, namespace = 'default' } = temporal.env;
  const looks = [...(given.looks ?? [])];
  const policies = [...(given.failover ?? [])];
  const asked: FailOverInput[] = [];
  const looked: WatchClustersInput[] = [];
  const service = { installation: 'default', mesh, namespace: 'shop', service: 'checkout' };
  const clusters = clusterNames.map((name) => ({ name }));
  const own: Partial<RolloutActivities> = {
    listServices: async () => {
      const failover = policies.length > 1 ? policies.shift() : policies[0];
      const services = [
        {
          service,
          warmMs: 1_000,
          drainMs: 1_000,
          failover: [onprem],
          ...present({ ratePerReplica: given.ratePerReplica }),
        },
      ];
      return { mesh, clusters, services, ...present({ failover }) };
    },
    watchClusters: async (input) => {
      looked.push(input);
      if (input.person !== undefined) return given.evidence ?? found('suspected');
      return looks.shift() ?? (await untilCancelled());
    },
    failOver: async (input) => {
      asked.push(input);
      return { clients: [writes[Math.min(asked.length, writes.length) - 1] ?? moved] };
    },
  };
  const { workflowBundle } = temporal;
  // Errors become failures as in a worker: what is fenced out is not tried again.
  const activities = withFailures({ ...fakeWorld().activities, ...own, ...given.activities });
  const workers = await startWorkers({
    connection: nativeConnection,
    namespace,
    activities,
    workflowBundle,
    graceMs: 500,
  });
  const handle = client.workflow.getHandle(watchWorkflowId(DEFAULT_INSTALLATION, mesh));
  const status = (): Promise<WatchMeshStatus> => handle.query<WatchMeshStatus>(messageNames.status);
  try {
    await body({
      ...{ handle, status, asked, looked },
      start: () =>
        client.workflow.start(workflowNames.watchMesh, {
          workflowId: handle.workflowId,
          taskQueue: taskQueue(DEFAULT_INSTALLATION, 'control'),
          args: [{ mesh }],
        }),
      until: (wanted) => assertEventually(async () => expect(await status()).toMatchObject(wanted), limits.phase),
    });
    await Worker.runReplayHistory({ workflowBundle }, await handle.fetchHistory(), handle.workflowId);
  } finally {
    await handle.terminate().catch(() => undefined);
    workers.shutdown();
    await workers.done;
  }
}

const terminal = (): TextIo =>
  Object.assign(textIo({ USER: 'ann' }), {
    now: () => Date.now(),
    sleep: (ms: number) => systemClock.sleep(ms, new AbortController().signal),
  });

describe('a watch of a mesh', () => {
  it(
    'with failover: auto moves what is lost at once, tells it, and watches on',
    async () => {
      await onStage(
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

  it.each([
    ['verified', 'the Envoys follow'],
    ['contradicted', 'CONTRADICTED by traffic: it sends on'],
    ['untested', 'not seen in traffic yet: it sends on'],
  ] as const)(
    'says what the traffic shows of a move: %s',
    async (result, words) => {
      const wrote = { weights: { a: WHOLE }, withdrawn: [], writtenAtMs: 1_000 };
      const proofs = [{ cluster: aws, instance: 'node', result, reason: 'it sends on', requests: 0 }];
      const asked: VerifyRoutingInput[] = [];
      const verifyRestored: RolloutActivities['verifyRestored'] = async (input) => {
        asked.push(input);
        return { result, proofs, verifiedAtMs: 0 };
      };
      const given = { writes: [{ ...moved, wrote }], activities: { verifyRestored } as RolloutActivities };
      const evidence = found('lost', 'a person says so');
      await onStage({ mesh: `proof-${result}`, failover: ['ask'], evidence, ...given }, async (stage) => {
        await stage.start();
        const of = { mesh: `proof-${result}`, cluster: gcp, reason: 'ann' };
        expect(await failOverNow(temporal.env.client, terminal(), of)).toBe(result === 'contradicted' ? 4 : 0);
        await stage.until({ services: [{ phase: 'moved', proof: result, text: expect.stringContaining(words) }] });
        expect(asked).toMatchObject([{ mode: 'restored', targets: [{ cluster: { name: aws }, ...wrote }] }]);
      });
    },
    limits.phase * 3,
  );

  it(
    "with failover: auto asks for the load first where a pod's rate is known, and says what there is room for",
    async () => {
      const flows = [{ client: aws, serving: gcp, perSecond: 60, meanMs: 5 }];
      const activities: Partial<RolloutActivities> = {
        measureLoad: async () => ({ services: [{ service: 'shop/checkout', flows }], problem: '' }),
        failOver: async ({ load }) => ({
          clients: [moved],
          carried: { perSecond: load?.flows[0]?.perSecond ?? 0, shortBy: load?.ratePerReplica ?? 0 },
        }),
      };
      const given = { ratePerReplica: 20, activities: activities as RolloutActivities };
      await onStage({ mesh: 'roomy', failover: ['auto'], looks: [found('lost')], ...given }, async (stage) => {
        await stage.start();
        const text = 'of the 60.0/s that are moved, 20.0/s are more than the pods there answer';
        await stage.until({ services: [{ phase: 'moved', text: expect.stringContaining(text) }] });
      });
    },
    limits.phase * 3,
  );

  it(
    'decides by the policy at that moment',
    async () => {
      await onStage({ mesh: 'changed', failover: ['auto', undefined], looks: [found('lost')] }, async (stage) => {
        expect(await (await stage.start()).result()).toMatchObject({ clusters: [{ judgement: 'lost' }], services: [] });
        expect(stage.asked).toEqual([]);
      });
    },
    limits.phase * 3,
  );

  it(
    'with failover: ask tells what is lost, and moves it when a person says the word',
    async () => {
      const evidence = found('lost', 'nobody answers; a person says so');
      await onStage({ mesh: 'asked', failover: ['ask'], looks: [found('lost')], evidence }, async (stage) => {
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
      });
    },
    limits.phase * 3,
  );

  it(
    'counts a loss from its first doubt on, however late a person says the word',
    async () => {
      const looks = [found('suspected', 'is it?', 500), found('lost', 'it is', 1_000), found('lost', 'still', 2_000)];
      const evidence = found('lost', 'a person says so', 3_000);
      await onStage({ mesh: 'late', failover: ['ask'], looks, evidence }, async (stage) => {
        await stage.start();
        await stage.until({ clusters: [{ atMs: 2_000, sinceMs: 500 }] });
        const io = terminal();
        expect(await failOverNow(temporal.env.client, io, { mesh: 'late', cluster: gcp, reason: 'ann' })).toBe(0);
        expect(stage.asked).toMatchObject([{ atMs: 500 }]);
      });
    },
    limits.phase * 3,
  );

  it(
    'waits with a service that is paused, says so, and moves it when a person says so',
    async () => {
      const paused: FailedOverClient = { ...moved, action: 'paused', failed: 'checkout is paused by ann: by hand' };
      const evidence = found('lost', 'a person says so');
      const writes = [paused, paused, moved];
      await onStage({ mesh: 'paused', failover: ['auto'], looks: [found('lost')], evidence, writes }, async (stage) => {
        await stage.start();
        await stage.until({
          services: [
            { phase: 'paused', text: expect.stringContaining('checkout is paused by ann: by hand; at once:') },
          ],
        });
        expect(stage.asked).toHaveLength(1);
        const of = { mesh: 'paused', cluster: gcp, reason: 'ann' };
        expect(await failOverNow(temporal.env.client, terminal(), of)).toBe(4);
        expect(await failOverNow(temporal.env.client, terminal(), { ...of, despitePauses: true })).toBe(0);
        expect(stage.asked.map(({ despitePauses }) => despitePauses)).toEqual([undefined, undefined, true]);
        await stage.until({ services: [{ phase: 'moved' }] });
      });
    },
    limits.phase * 3,
  );

  it(
    'with failover: ask goes on by itself with what a pause held up, as a person has said the word',
    async () => {
      const paused: FailedOverClient = { ...moved, action: 'paused', failed: 'checkout is paused by ann: by hand' };
      let [again, looks]: [() => void, number] = [() => undefined, 0];
      const unpaused = new Promise<void>((resolve) => (again = resolve));
      const evidence = found('lost', 'a person says so');
      const later = async (input: WatchClustersInput): Promise<WatchClustersResult> => {
        if (input.person !== undefined) return evidence;
        if (input.told.length === 0) return found('lost');
        looks += 1;
        await (looks === 1 ? untilCancelled(unpaused) : untilCancelled());
        return found('lost', 'still', Date.now());
      };
      const activities = { ...fakeWorld().activities, watchClusters: later };
      const { listServices: _l, failOver: _f, ...own } = activities;
      const given = { activities: own as RolloutActivities };
      await onStage({ mesh: 'unpaused', failover: ['ask'], writes: [paused, moved], ...given }, async (stage) => {
        await stage.start();
        await stage.until({ clusters: [{ judgement: 'lost' }] });
        const of = { mesh: 'unpaused', cluster: gcp, reason: 'ann' };
        expect(await failOverNow(temporal.env.client, terminal(), of)).toBe(4);
        again();
        await stage.until({ services: [{ phase: 'moved' }] });
      });
    },
    limits.phase * 3,
  );

  it(
    'moves nothing for a person whom the evidence contradicts, also where nobody watches',
    async () => {
      await onStage({ mesh: 'off', evidence: found('suspected', 'its API server answers') }, async (stage) => {
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
      });
    },
    limits.phase * 3,
  );

  it(
    'tries again what could not be written, and is started once by its schedule',
    async () => {
      const failed: FailedOverClient = { ...moved, action: 'failed', failed: 'another run came between' };
      await onStage(
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
      await onStage({ mesh: 'shop', activities: { ...activities, watchClusters } }, async (stage) => {
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
