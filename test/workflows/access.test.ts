/** What a history has of a cluster is its name: no path, no context, no address, no credential, whatever happens. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withFailures } from '../../activities/failures.ts';
import { createControlActivities } from '../../activities/control/index.ts';
import type { RolloutActivities } from '../../core/contract/activities.ts';
import { guardWorkflowId, settleWorkflowId } from '../../core/contract/workflow-ids.ts';
import type { ReachableCluster } from '../../core/kube/cluster-ref.ts';
import { createConfigLoader } from '../../platform/config/load.ts';
import { startChange } from '../../platform/temporal/start-change.ts';
import { createActivities } from '../../worker/activities.ts';
import { startWorkers } from '../../worker/workers.ts';
import { assertEventually } from '../support/eventually.ts';
import { clusterNames, testRead } from '../support/facts.ts';
import { controlDeps } from '../support/control-deps.ts';
import { fakeWorld } from '../support/fake-activities.ts';
import { writeMesh } from '../support/mesh-file.ts';
import { temporalOfFile } from '../support/temporal-of-file.ts';
import { quietly } from '../support/temporal.ts';
import { DEFAULT_INSTALLATION } from '../../core/contract/installation.ts';

const temporal = temporalOfFile();
let dir: string;

const KEPT = /secret[-_]/i;
const reached = (name: string): ReachableCluster => ({
  name,
  access: { kind: 'kubeconfig', path: `/secret-folder/${name}.yaml`, context: `secret-context-${name}` },
});
const document = {
  ...{ apiVersion: 'tidegate.dev/v1alpha1', kind: 'Service', metadata: { name: 'checkout', namespace: 'shop' } },
  spec: { mesh: 'shop' },
};
const change = { kind: 'deploy', version: 'v2', image: 'registry/checkout:v2' } as const;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tidegate-config-'));
  const prometheus = { url: 'https://secret-metrics:9090', tokenEnv: 'SECRET_TOKEN' };
  await writeMesh({ dir, clusters: clusterNames.map(reached), metrics: { prometheus } });
  await writeFile(join(dir, 'checkout.yaml'), JSON.stringify(document));
}, 120_000);

afterAll(async () => {
  await rm(dir, { recursive: true });
});

async function withWorkers(
  activities: RolloutActivities,
  body: () => Promise<void>,
  installation: string = DEFAULT_INSTALLATION,
): Promise<void> {
  const { env, workflowBundle } = temporal;
  const workers = await startWorkers({
    ...{ connection: env.nativeConnection, namespace: env.namespace ?? 'default', workflowBundle, graceMs: 500 },
    ...{ activities, installation },
  });
  try {
    await body();
  } finally {
    workers.shutdown();
    await workers.done;
  }
}

/** All that Temporal keeps of workflows, as text: histories, memos and search attributes. */
async function keptOf(ids: readonly string[]): Promise<string> {
  const { client } = temporal.env;
  const kept = ids.map(async (id) => {
    const handle = client.workflow.getHandle(id);
    const { raw } = await handle.describe();
    return [await handle.fetchHistory(), raw];
  });
  const text = JSON.stringify(await Promise.all(kept));
  return text.replace(/"data":"([^"]*)"/g, (_, data: string) => Buffer.from(data, 'base64').toString());
}

async function startsOf(service: string): Promise<string[]> {
  const ids: string[] = [];
  for await (const { workflowId } of temporal.env.client.workflow.list({ query: `WorkflowType = 'startRollout'` }))
    if (workflowId.startsWith(`start:default:${service}:`)) ids.push(workflowId);
  return ids;
}

const ofService = { mesh: 'shop', namespace: 'shop', service: 'checkout', installation: 'default' };

describe('a mesh of another installation', () => {
  it('is refused by the name of both, before anything is read: its workflows and objects are not ours', async () => {
    const world = fakeWorld({ readRecords: () => Promise.reject(new Error('nobody may ask')) });
    const control = createControlActivities({ config: createConfigLoader({ directory: dir }), ...controlDeps });
    await withWorkers(
      { ...world.activities, ...withFailures(control) },
      async () => {
        const asking = { ...quietly, installation: 'east' };
        await expect(startChange(temporal.env.client, { service: 'checkout', change }, asking)).rejects.toMatchObject({
          code: 'Invalid',
          message: expect.stringMatching(/mesh shop belongs to installation default .* and this worker to east/),
        });
      },
      'east',
    );
  }, 60_000);
});

describe('how a cluster is reached', () => {
  it('stands in no history of a start, its rollout, its guard and the settler', async () => {
    const { client } = temporal.env;
    const world = fakeWorld({ readRecords: async () => testRead() });
    const control = createControlActivities({ config: createConfigLoader({ directory: dir }), ...controlDeps });
    await withWorkers({ ...world.activities, ...control }, async () => {
      const { workflowId, plan } = await startChange(client, { service: 'checkout', change }, quietly);
      expect(Object.values(plan.clusters)).toEqual(clusterNames.map((name) => ({ name })));
      const handle = client.workflow.getHandle(workflowId);
      await assertEventually(async () => expect((await handle.describe()).status.name).toBe('RUNNING'));
      await handle.executeUpdate('abort', { args: [{ reason: 'enough seen' }] });
      await handle.result();
      const guard = guardWorkflowId(DEFAULT_INSTALLATION, { ...ofService, part: 'versions', epoch: plan.epoch });
      await client.workflow.getHandle(guard).result();
      await assertEventually(async () => {
        const { status } = await client.workflow
          .getHandle(settleWorkflowId(DEFAULT_INSTALLATION, ofService))
          .describe();
        expect(status.name).toBe('COMPLETED');
      });
      const kept = await keptOf([
        ...(await startsOf('checkout')),
        workflowId,
        guard,
        settleWorkflowId(DEFAULT_INSTALLATION, ofService),
      ]);
      expect([kept.includes('aws-us-east-1'), KEPT.exec(kept)]).toEqual([true, null]);
    });
  }, 60_000);

  it('stands in no error of an activity: a kubeconfig that is not there is told by the name of its cluster', async () => {
    const { client } = temporal.env;
    const worker = createActivities({ directory: dir, env: {} });
    await withWorkers(worker.activities, async () => {
      const start = startChange(client, { service: 'checkout', change }, quietly);
      await expect(start).rejects.toThrow(/aws-us-east-1: its kubeconfig cannot be read \(ENOENT\)/);
      const kept = await keptOf(await startsOf('checkout'));
      expect([kept.includes('its kubeconfig cannot be read'), KEPT.exec(kept)]).toEqual([true, null]);
    });
    await worker.close();
  }, 60_000);
});
