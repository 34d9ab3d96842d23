/** Pods for the traffic, in both directions, on a real API server: what autoscalers, quotas and other people do meanwhile. */
import { describe, expect, it } from '@jest/globals';
import { holdCapacity } from '../../../activities/observe/hold-capacity.ts';
import type { KeepCapacityInput } from '../../../core/contract/activities.ts';
import { annotations } from '../../../core/kube/labels.ts';
import type { Autoscaler, ScaledObject } from '../../../core/kube/objects.ts';
import { installKeda } from './keda.ts';
import { adopt, createScene, imageOf, prepare, type Scene } from './scenes.ts';
import type { Shop } from './shop.ts';
import { useApiServers } from './use-api-servers.ts';

const { clusters, servers } = useApiServers('aws', 'gcp');

const adopted = async (namespace: string): Promise<Scene> =>
  adopt(await createScene({ servers: servers(), clusters }, namespace));

const cpu = { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } };

const createAutoscaler = ({ cluster, path, service: { namespace } }: Shop, name: string, metadata: object = {}) =>
  cluster.admin.create(path('HorizontalPodAutoscaler'), {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name, namespace, ...metadata },
    spec: {
      ...{ minReplicas: 1, maxReplicas: 20, metrics: [{ type: 'Resource', resource: cpu }] },
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'checkout-v1' },
    },
  });

const autoscaler = ({ cluster, path }: Shop, name: string): Promise<Autoscaler> =>
  cluster.admin.get<Autoscaler>(path('HorizontalPodAutoscaler', name));

const scaleTo = ({ cluster, path }: Shop, version: string, replicas: number) =>
  cluster.admin.merge(path('Deployment', `checkout-${version}`), { spec: { replicas } });

const replicasOf = async ({ deployment }: Shop, version: string): Promise<number> =>
  (await deployment(`checkout-${version}`)).spec.replicas ?? 1;

/** What the Deployment controller does: as many ready pods as are asked for. */
async function follow(shop: Shop, version: string): Promise<void> {
  await shop.makeReady(version, await replicasOf(shop, version));
}

/** v2 serves with 5 pods, and v1 is warm with 2 and an autoscaler of its own. */
async function atPeak(namespace: string): Promise<Scene> {
  const one = await adopted(namespace);
  await prepare(one, one.aws, { version: 'v2', replaces: 'v1', source: imageOf('v2') });
  await scaleTo(one.aws, 'v2', 5);
  await one.aws.makeReady('v2', 5);
  await createAutoscaler(one.aws, 'mine');
  return one;
}

describe('a version that is made ready', () => {
  it('has the pods that were asked for, though its own autoscaler makes it smaller meanwhile', async () => {
    const { aws, deps, act, service } = await atPeak('capacity-shrunk');
    let looks = 0;
    deps.onSleep(async () => {
      // It had decided before its minimum was held.
      if (looks++ === 0) await scaleTo(aws, 'v1', 1);
      await follow(aws, 'v1');
    });
    const ready = await act.prepareVersion({
      ...{ service, cluster: aws.cluster.ref, version: 'v1', replaces: 'v2', run: 'run-3' },
      ...{ source: { deployment: 'checkout-v1' }, workload: 'managed', progressDeadlineMs: 60_000 },
    });
    expect(ready).toMatchObject({ replicas: 5, ready: 5 });
    expect((await autoscaler(aws, 'mine')).spec.minReplicas).toBe(5);
  }, 30_000);

  it('is as large as its own autoscaler lets it be, since its maximum is its owner’s word', async () => {
    const { aws, deps, act, service } = await atPeak('capacity-most');
    await aws.cluster.admin.merge(aws.path('HorizontalPodAutoscaler', 'mine'), { spec: { maxReplicas: 3 } });
    deps.onSleep(() => follow(aws, 'v1'));
    const ready = await act.prepareVersion({
      ...{ service, cluster: aws.cluster.ref, version: 'v1', replaces: 'v2', run: 'run-3' },
      ...{ source: { deployment: 'checkout-v1' }, workload: 'managed', progressDeadlineMs: 60_000 },
    });
    expect(ready).toMatchObject({ replicas: 3, ready: 3 });
  }, 30_000);

  it('has the pods of its first share by share, and the replaced one stays whole', async () => {
    const { aws, deps, act, service } = await atPeak('capacity-by-share');
    deps.onSleep(() => follow(aws, 'v3'));
    const ready = await act.prepareVersion({
      ...{ service, cluster: aws.cluster.ref, version: 'v3', replaces: 'v2', run: 'run-3' },
      ...{ source: imageOf('v3'), workload: 'managed', progressDeadlineMs: 60_000 },
      forShare: { mode: 'byShare', share: 200_000 },
    });
    expect(ready).toMatchObject({ replicas: 2, ready: 2 });
    expect(await replicasOf(aws, 'v2')).toBe(5);
  }, 30_000);

  it('has an autoscaler from its entry on, which grows with the traffic and does not shrink', async () => {
    const one = await adopted('capacity-entry');
    await createAutoscaler(one.aws, 'mine');
    await prepare(one, one.aws, { version: 'v2', replaces: 'v1', source: imageOf('v2') });
    const { metadata, spec } = await autoscaler(one.aws, 'checkout-v2');
    expect(spec).toMatchObject({ minReplicas: 2, maxReplicas: 20, scaleTargetRef: { name: 'checkout-v2' } });
    expect(JSON.parse(metadata.annotations?.[annotations.held] ?? '')).toMatchObject({ minReplicas: 1, for: 'v2' });
  }, 30_000);

  it('that others make is compared with the version that it replaces: one pod is not enough for the traffic of two', async () => {
    const { aws, act, deps, service } = await adopted('capacity-external');
    const { metadata, spec } = await aws.deployment('checkout-v1');
    const labels = {
      ...spec.template.metadata?.labels,
      'app.kubernetes.io/version': 'v2',
      'tidegate.dev/version': 'v2',
    };
    await aws.cluster.admin.create(aws.path('Deployment'), {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'checkout-v2', namespace: metadata.namespace },
      spec: { replicas: 1, selector: { matchLabels: labels }, template: { ...spec.template, metadata: { labels } } },
    });
    await aws.makeReady('v2', 1);
    const input = {
      ...{ service, cluster: aws.cluster.ref, version: 'v2', replaces: 'v1', run: 'run-2' },
      ...{ source: { deployment: 'checkout-v1' }, workload: 'external' as const, progressDeadlineMs: 10_000 },
    };
    await expect(act.prepareVersion(input)).rejects.toMatchObject({
      code: 'DeadlineExceeded',
      message: expect.stringContaining('Deployment/checkout-v2: 1 of 2 pods are ready'),
      fix: expect.stringContaining('as many ready pods as the version that it replaces'),
    });
    expect(await replicasOf(aws, 'v2')).toBe(1);
    deps.onSleep(() => Promise.reject(new Error('nothing to wait for')));
    const small = { ...input, forShare: { mode: 'byShare' as const, share: 50_000 } };
    expect(await act.prepareVersion(small)).toMatchObject({ replicas: 1, ready: 1 });
  }, 30_000);
});

describe('capacity before a step', () => {
  const at = (one: Scene, share: number, change: Partial<KeepCapacityInput> = {}): KeepCapacityInput => ({
    ...{ service: one.service, cluster: one.aws.cluster.ref, version: 'v2', replaces: 'v1', workload: 'managed' },
    ...{ forShare: { mode: 'full', share }, progressDeadlineMs: 60_000 },
    ...change,
  });

  /** As its controller reports it: so many pods, each at so many percent of its CPU. */
  const sees = ({ cluster, path }: Shop, name: string, [replicas, utilization]: readonly [number, number]) =>
    cluster.admin.merge(`${path('HorizontalPodAutoscaler', name)}/status`, {
      status: {
        currentReplicas: replicas,
        desiredReplicas: replicas,
        currentMetrics: [
          {
            type: 'Resource',
            resource: { name: 'cpu', current: { averageUtilization: utilization, averageValue: '1' } },
          },
        ],
      },
    });

  it('at peak: a run that began at night raises both versions to what either would carry alone', async () => {
    const one = await adopted('capacity-peak');
    const { aws, deps, act } = one;
    await createAutoscaler(aws, 'mine');
    await prepare(one, aws, { version: 'v2', replaces: 'v1', source: imageOf('v2') });
    // Traffic × 5 at a share of a half: either autoscaler has made five pods of two.
    for (const version of ['v1', 'v2']) {
      await scaleTo(aws, version, 5);
      await aws.makeReady(version, 5);
    }
    await sees(aws, 'mine', [5, 80]);
    await sees(aws, 'checkout-v2', [5, 80]);
    deps.onSleep(async () => {
      await follow(aws, 'v1');
      await follow(aws, 'v2');
    });
    expect(await act.keepCapacity(at(one, 500_000))).toEqual({ pods: { v1: 10, v2: 10 } });
    expect([await replicasOf(aws, 'v1'), await replicasOf(aws, 'v2')]).toEqual([10, 10]);
    // Held: without traffic its own autoscaler would make one pod of ten.
    expect((await autoscaler(aws, 'mine')).spec.minReplicas).toBe(10);
    expect((await autoscaler(aws, 'checkout-v2')).spec.minReplicas).toBe(10);
    // What was added carries its part: asked again, nothing grows.
    await sees(aws, 'mine', [10, 40]);
    await sees(aws, 'checkout-v2', [10, 40]);
    const before = (await aws.deployment('checkout-v1')).metadata.resourceVersion;
    expect(await act.keepCapacity(at(one, 1_000_000))).toEqual({ pods: { v1: 10, v2: 10 } });
    expect((await aws.deployment('checkout-v1')).metadata.resourceVersion).toBe(before);
  }, 30_000);

  it('in a long bake or at a gate rises with the traffic, as far as a step has had it held', async () => {
    const one = await adopted('capacity-gate');
    const { aws, deps, service } = one;
    await createAutoscaler(aws, 'mine');
    await prepare(one, aws, { version: 'v2', replaces: 'v1', source: imageOf('v2') });
    await scaleTo(aws, 'v2', 6);
    await aws.makeReady('v2', 6);
    await aws.makeReady('v1', 2);
    let wanted = true;
    deps.onSleep(async () => {
      await follow(aws, 'v1');
      // Nobody waits for it any more: the answer of the heartbeat cancels it, and nothing is raised.
      if (!wanted) deps.cancel();
      if ((await replicasOf(aws, 'v1')) < 6 || !wanted) return;
      wanted = false;
      await scaleTo(aws, 'v2', 9);
      await aws.makeReady('v2', 9);
    });
    const of = [{ cluster: aws.cluster.ref, replaces: 'v1' }];
    const holding = holdCapacity(
      { ...deps, isWanted: () => Promise.resolve(wanted) },
      { service, version: 'v2', mode: 'full', of },
    );
    await expect(holding).rejects.toThrow('cancelled');
    expect([await replicasOf(aws, 'v1'), (await autoscaler(aws, 'mine')).spec.minReplicas]).toEqual([6, 6]);
    expect(deps.heartbeats.length).toBeGreaterThan(0);
  }, 30_000);

  it('that the commit has given back stays given back', async () => {
    const one = await adopted('capacity-given-back');
    const { aws, deps, service } = one;
    await createAutoscaler(aws, 'mine');
    await aws.makeReady('v1', 2);
    deps.onSleep(() => Promise.resolve(deps.cancel()));
    await scaleTo(aws, 'v1', 1);
    const of = [{ cluster: aws.cluster.ref, replaces: 'v1' }];
    await expect(holdCapacity(deps, { service, version: 'v2', mode: 'full', of })).rejects.toThrow('cancelled');
    expect([await replicasOf(aws, 'v1'), (await autoscaler(aws, 'mine')).spec.minReplicas]).toEqual([1, 1]);
  }, 30_000);

  it('says why the step is not made where the pods do not come, and gives no larger share', async () => {
    const one = await adopted('capacity-late');
    const { aws, act } = one;
    await prepare(one, aws, { version: 'v2', replaces: 'v1', source: imageOf('v2') });
    await scaleTo(aws, 'v1', 4);
    await aws.makeReady('v1', 4);
    one.deps.onSleep(() => Promise.resolve());
    await expect(act.keepCapacity(at(one, 500_000, { progressDeadlineMs: 5_000 }))).rejects.toMatchObject({
      code: 'DeadlineExceeded',
      message: expect.stringContaining('Deployment/checkout-v2: 2 of 4 pods are ready'),
      fix: expect.stringContaining('no larger share'),
    });
  }, 30_000);
});

describe('an autoscaler of KEDA', () => {
  it('is held, copied and given back by its ScaledObject; its HorizontalPodAutoscaler is left to KEDA', async () => {
    const one = await adopted('capacity-keda');
    const { aws, gcp, act, service } = one;
    await installKeda(aws.cluster);
    await aws.cluster.admin.create(aws.path('ScaledObject'), {
      apiVersion: 'keda.sh/v1alpha1',
      kind: 'ScaledObject',
      metadata: { name: 'mine', namespace: service.namespace },
      spec: {
        ...{ minReplicaCount: 1, idleReplicaCount: 0, maxReplicaCount: 30 },
        scaleTargetRef: { name: 'checkout-v1' },
        triggers: [{ type: 'cpu', metadata: { value: '80' } }],
      },
    });
    await createAutoscaler(aws, 'keda-hpa-mine', { labels: { 'scaledobject.keda.sh/name': 'mine' } });
    const scaledObject = (name: string): Promise<ScaledObject> =>
      aws.cluster.admin.get<ScaledObject>(aws.path('ScaledObject', name));
    await prepare(one, aws, { version: 'v2', replaces: 'v1', source: imageOf('v2') });
    const held = (await scaledObject('mine')).spec;
    expect(held).toMatchObject({ minReplicaCount: 2 });
    expect(held).not.toHaveProperty('idleReplicaCount');
    expect((await autoscaler(aws, 'keda-hpa-mine')).spec.minReplicas).toBe(1);
    expect((await scaledObject('checkout-v2')).spec).toMatchObject({
      ...{ minReplicaCount: 2, maxReplicaCount: 30, scaleTargetRef: { name: 'checkout-v2' } },
      triggers: [{ type: 'cpu', metadata: { value: '80' } }],
    });
    const { clusters: seen } = await act.surveyService({ service, clusters: [aws.cluster.ref] });
    expect(seen[0]?.holds.map(({ autoscaler: name, kind }) => [name, kind])).toEqual([
      ['checkout-v2', 'ScaledObject'],
      ['mine', 'ScaledObject'],
    ]);
    await act.retireVersion({ service, clusters: [aws.cluster.ref, gcp.cluster.ref], version: 'v2', drainMs: 0 });
    expect(await aws.list('ScaledObject')).toEqual(['mine']);
    expect((await scaledObject('mine')).spec).toMatchObject({ minReplicaCount: 1, idleReplicaCount: 0 });
  }, 30_000);
});

describe('a quota', () => {
  it('without room refuses the change before the first pod, by its name, what is asked and what is left', async () => {
    const { aws, act, service } = await adopted('capacity-quota');
    await aws.cluster.admin.create(aws.path('ResourceQuota'), {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'team', namespace: service.namespace },
      spec: { hard: { 'requests.cpu': '5' } },
    });
    const usage = (used: string) =>
      aws.cluster.admin.merge(`${aws.path('ResourceQuota', 'team')}/status`, {
        status: { hard: { 'requests.cpu': '5' }, used: { 'requests.cpu': used } },
      });
    const prepared = {
      ...{ service, cluster: aws.cluster.ref, version: 'v2', replaces: 'v1', run: '' },
      ...{ source: imageOf('v2'), workload: 'managed' as const, progressDeadlineMs: 60_000 },
      // Its last share needs them all.
      forShare: { mode: 'byShare' as const, share: 50_000 },
    };
    const input = { service, cluster: aws.cluster.ref, prepare: prepared };
    await usage('4');
    expect(await act.dryRunWrites(input)).toEqual({
      refused: [
        expect.stringContaining(
          'aws/capacity-quota/ResourceQuota/team: 2 more pods of 1 each ask for requests.cpu 2, and 1 of 5 are left',
        ),
      ],
      untried: [],
    });
    await usage('3');
    expect(await act.dryRunWrites(input)).toEqual({ refused: [], untried: [] });
  }, 30_000);
});
