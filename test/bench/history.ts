/** How many history events a rollout costs, and how many more an hour of waiting. */
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import type { WorkflowHandle } from '@temporalio/client';
import { createObserveActivities } from '../../activities/observe/index.ts';
import { withFailures } from '../../activities/failures.ts';
import { createActivities } from '../../worker/activities.ts';
import { temporalConfig } from '../../platform/temporal/connect.ts';
import { startWorkers } from '../../worker/workers.ts';
import { messageNames } from '../../core/contract/messages.ts';
import { createConfigLoader } from '../../platform/config/load.ts';
import { ownMeshes } from '../../worker/mesh-config.ts';
import { meshMetrics } from '../../worker/mesh-metrics.ts';
import { createMetricsClients } from '../../platform/metrics/clients.ts';
import { say } from '../../cli/rollouts/rollout.ts';
import type { Bench, BenchContext, Measure } from './bench.ts';
import { judge, judgeText, labText, metricsText } from './settings.ts';
import { assertOutcome, steps, withShop, type Act, type Shop } from './shop.ts';
import { noKube } from '../support/no-kube.ts';

/** The product ends an attempt of a watch after 9 minutes; here so much sooner that minutes hold an hour's attempts. */
const attemptMs = 20_000;
const productAttemptMs = 9 * 60_000;
const bake = '2s';
/** Requests per second of each cluster: events do not depend on it. */
const rate = 60;

interface Count {
  readonly door: number;
  readonly rollout: number;
  readonly settle: number;
  readonly bytes: number;
}

interface Waiting {
  readonly events: number;
  readonly windows: number;
  readonly hours: number;
}

export const historyBench: Bench = {
  name: 'history',
  about: 'history events per rollout, and per hour of waiting (--minutes at a gate and in a bake)',
  repeats: 5,
  async run(context) {
    const { rollouts, baking, gated } = await withShop({ ...context, name: 'history', rate }, (shop) =>
      measure(shop, context),
    );
    const of = (pick: (count: Count) => number): number[] => rollouts.map(pick);
    return {
      title: 'Temporal history',
      settings: {
        lab: labText(rate),
        metrics: metricsText,
        judge: judgeText(judge),
        rollout: `deploy over 3 clusters, 2 waves × 3 steps: 5, 50, 100 %, each baked ${bake}`,
        waiting: `${context.minutes} min in a bake, then as long at its gate (the watch goes on)`,
        'attempt of a watch while waiting': `${attemptMs / 1000} s (the product: ${productAttemptMs / 60_000} min)`,
      },
      measures: [
        {
          what: 'events of a rollout in all',
          unit: '',
          values: of((one) => one.door + one.rollout + one.settle),
          bound: { of: 'every', atMost: 400 },
        },
        { what: 'of them startRollout', unit: '', values: of((one) => one.door) },
        { what: 'of them rollout', unit: '', values: of((one) => one.rollout) },
        {
          what: 'of them settle (the old version leaves after its warm time)',
          unit: '',
          values: of((one) => one.settle),
        },
        { what: 'size of the rollout’s history, KiB', unit: '', values: of((one) => one.bytes / 1024) },
        ...waitingMeasures('bake', baking),
        ...waitingMeasures('gate', gated),
      ],
      notes: [
        'Events while waiting: the length of the history at the end of the wait minus that at its begin. An attempt of a watch that ends is retried by Temporal without an event; what is counted here is whether that holds.',
        `The hours of waiting are those that the product needs for as many attempts as were seen here: attempts × ${productAttemptMs / 60_000} min. Nothing else in a rollout runs by the clock.`,
        'Pauses and holds wait in the same watch as a gate.',
      ],
    };
  },
};

async function measure(shop: Shop, context: BenchContext) {
  const { report, repeats } = context;
  await shop.configure({ canary: steps(bake, 5, 50, 100), rest: steps(bake, 5, 50, 100), warm: '1s' });
  assertOutcome(await shop.play({ kind: 'adopt' }), 'promoted');
  const rollouts: Count[] = [];
  for (let i = 1; i <= repeats; i++) {
    const act = await shop.deploy(`v${i + 1}`);
    assertOutcome(act, 'promoted');
    rollouts.push(await countOf(shop, act));
    report(`rollout ${i} of ${repeats}: ${JSON.stringify(rollouts.at(-1))}`);
  }
  return { rollouts, ...(await waitLong(shop, context)) };
}

async function countOf(shop: Shop, { handle, plan }: Act): Promise<Count> {
  const { client } = shop.rig;
  const { historyLength, historySize = 0, parentExecution } = await handle.describe();
  const door = client.workflow.getHandle(parentExecution?.workflowId ?? '', parentExecution?.runId ?? undefined);
  const settler = await (await shop.retired(plan)).describe();
  return {
    door: (await door.describe()).historyLength,
    rollout: historyLength,
    settle: settler.historyLength,
    bytes: historySize,
  };
}

/** With workers of our own instead of the lab's, whose attempts of a watch are short. */
async function waitLong(shop: Shop, { minutes, report }: BenchContext): Promise<{ baking: Waiting; gated: Waiting }> {
  const { rig } = shop;
  const waitMs = minutes * 60_000;
  await shop.configure({
    canary: [{ share: 5, bake: `${minutes * 60 + 20}s`, approve: true }, ...steps(bake, 100)],
    rest: steps(bake, 100),
    warm: '1s',
  });
  await rig.lab.worker.kill();
  const workers = await startOwnWorkers(shop);
  try {
    let baking: Waiting | undefined;
    let gated: Waiting | undefined;
    await shop.deploy('patient', async (handle) => {
      await shop.until(handle, ({ phase }) => phase === 'baking');
      report(`waiting ${minutes} min in a bake`);
      baking = await waitIn(shop, handle, { waitMs, attempts: workers.attempts });
      await shop.until(handle, ({ phase }) => phase === 'gated');
      report(`waiting ${minutes} min at a gate`);
      gated = await waitIn(shop, handle, { waitMs, attempts: workers.attempts });
      await say(handle, messageNames.abort, { reason: 'the bench has seen enough' });
    });
    if (baking === undefined || gated === undefined) throw new Error('the rollout did not wait');
    return { baking, gated };
  } finally {
    await workers.stop();
  }
}

async function startOwnWorkers({ rig }: Shop) {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const { connectionOptions, namespace } = temporalConfig(rig.io.env);
  const connection = await NativeConnection.connect(connectionOptions);
  const ports = createActivities({ directory: rig.lab.env.TIDEGATE_CONFIG, env: rig.io.env });
  const metrics = createMetricsClients({ env: rig.io.env, now: () => Date.now() });
  const config = createConfigLoader({ directory: rig.lab.env.TIDEGATE_CONFIG });
  const meshes = ownMeshes({ config, nowMs: Date.now });
  const connectMetrics = meshMetrics({ meshes, connect: metrics.connect });
  const { watchSlo } = withFailures(
    createObserveActivities({ ...noKube, connectMetrics, now: () => Date.now(), attemptMs }),
  );
  let attempts = 0;
  const counted: typeof watchSlo = (input) => {
    attempts += 1;
    return watchSlo(input);
  };
  const workers = await startWorkers({ connection, namespace, activities: { ...ports.activities, watchSlo: counted } });
  return {
    attempts: (): number => attempts,
    async stop(): Promise<void> {
      workers.shutdown();
      await workers.done;
      await Promise.all([ports.close(), metrics.close()]);
      await connection.close();
    },
  };
}

async function waitIn(
  shop: Shop,
  handle: WorkflowHandle,
  { waitMs, attempts }: { waitMs: number; attempts: () => number },
): Promise<Waiting> {
  const length = async (): Promise<number> => (await handle.describe()).historyLength;
  await shop.wait(5_000); // what the phase itself writes is written by then
  const [events, begun] = [await length(), attempts()];
  await shop.wait(waitMs);
  const windows = attempts() - begun;
  return { events: (await length()) - events, windows, hours: (windows * productAttemptMs) / 3_600_000 };
}

const waitingMeasures = (where: string, { events, windows, hours }: Waiting): Measure[] => [
  { what: `waiting in a ${where}: attempts of the watch that ended`, unit: '', values: [windows] },
  { what: `waiting in a ${where}: hours that the product needs for them`, unit: '', values: [hours] },
  { what: `waiting in a ${where}: events added`, unit: '', values: [events] },
  {
    what: `waiting in a ${where}: events per hour`,
    unit: '',
    values: [events / hours],
    bound: { of: 'every', atMost: 10 },
  },
];
