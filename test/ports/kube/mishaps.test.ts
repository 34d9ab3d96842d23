/** What goes wrong around the writes: workers killed, records broken by hand, nobody left to answer. */
import { describe, expect, it } from '@jest/globals';
import { annotations } from '../../../core/kube/labels.ts';
import { adopt, createScene, prepare, route, type Scene } from './scenes.ts';
import { WHOLE } from './shop.ts';
import type { ReachableCluster } from '../../../core/kube/cluster-ref.ts';
import { useApiServers } from './use-api-servers.ts';

const { clusters, servers } = useApiServers('aws', 'gcp');

const scene = (namespace: string): Promise<Scene> => createScene({ servers: servers(), clusters }, namespace);

/** Adopted as v1 in aws, which answers its own calls. */
const adopted = async (namespace: string): Promise<Scene> => adopt(await scene(namespace));

describe('release of a cluster whose calls others answer', () => {
  it('is refused before any write while nobody behind its own Service could answer', async () => {
    const one = await scene('release-nobody');
    const { aws, gcp, act, service } = one;
    await prepare(one, gcp, { version: 'v1', replaces: '', source: { deployment: 'checkout' } });
    await route(one, aws, { versions: { gcp: { v1: WHOLE } }, epoch: 10, topology: { gcp: WHOLE } });
    await act.commit({ service, cluster: aws.cluster.ref, epoch: 10, run: 'run-1', serving: ['gcp'], pin: '' });
    const at = { service, cluster: aws.cluster.ref, epoch: 40, run: 'run-4', drainMs: 0 };
    const refused = act.releaseService({ ...at, step: 'route' });
    await expect(refused).rejects.toMatchObject({
      code: 'Invalid',
      message: expect.stringContaining('no ready endpoint'),
    });
    expect((await aws.route()).spec?.services).toHaveLength(1);
    await aws.cluster.admin.merge(aws.path('Service', 'checkout'), {
      metadata: { annotations: { [annotations.global]: 'true' } },
    });
    await act.releaseService({ ...at, step: 'route' });
    expect(await aws.list('CiliumEnvoyConfig')).toEqual([]);
  });
});

describe('an adoption that is taken back after a release', () => {
  it('keeps the Deployment that the frontend is pinned to: it is all that serves', async () => {
    const one = await adopted('readopt-back');
    const { aws, act, service } = one;
    const cluster = aws.cluster.ref;
    for (const step of ['route', 'services'] as const)
      await act.releaseService({ service, cluster, step, epoch: 40, run: 'run-4', drainMs: 0 });
    await prepare(one, aws, { version: 'v1', replaces: '', source: { deployment: 'checkout-v1' } });
    const versions = { aws: { v1: WHOLE } };
    await route(one, aws, { versions, epoch: 50, topology: { aws: WHOLE }, redirect: false });
    await act.restore({ service, cluster, epoch: 51, run: 'run-1', serving: [] });
    await act.retireVersion({ service, clusters: [cluster], version: 'v1', drainMs: 0 });
    expect(await aws.list('CiliumEnvoyConfig')).toEqual([]);
    expect(await aws.list('Deployment')).toEqual(['checkout', 'checkout-v1']);
  });
});

describe('retireVersion', () => {
  it('gives the autoscaler back also when it was killed after scaling the original away', async () => {
    const { act, aws, service } = await adopted('adopt-original-killed');
    const held = { minReplicas: 3, for: 'v1', service: 'checkout' };
    await aws.cluster.admin.create(aws.path('HorizontalPodAutoscaler'), {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'checkout', annotations: { [annotations.held]: JSON.stringify(held) } },
      spec: {
        minReplicas: 5,
        maxReplicas: 9,
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'checkout' },
      },
    });
    await aws.cluster.admin.merge(aws.path('Deployment', 'checkout'), { spec: { replicas: 0 } });
    const clusters = [aws.cluster.ref];
    await act.retireVersion({ service, clusters, version: 'v1', original: 'checkout', drainMs: 0 });
    const after = await aws.cluster.admin.get<{ spec: unknown }>(aws.path('HorizontalPodAutoscaler', 'checkout'));
    expect(after.spec).toMatchObject({ minReplicas: 3 });
  });
});

describe('prepareVersion', () => {
  it('makes as many pods as the old version should have when none of them is ready: the deploy that repairs it', async () => {
    const one = await adopted('deploy-repair');
    await one.aws.makeReady('v1', 0);
    const source = { deployment: 'checkout-v1', image: 'registry.lab/checkout:v2' };
    const prepared = await prepare(one, one.aws, { version: 'v2', replaces: 'v1', source });
    expect(prepared.replicas).toBe(2);
  });

  it('ends in seconds with the pod’s own reason where waiting cannot help: nobody waits ten minutes for a wrong image', async () => {
    const one = await adopted('deploy-wrong-image');
    const { aws, act, service, deps } = one;
    const pods = `/api/v1/namespaces/${service.namespace}/pods`;
    const why = 'Back-off pulling image: ErrImagePull: registry.lab/checkout:v2: not found';
    let looks = 0;
    deps.onSleep(async () => {
      looks += 1;
      if (looks > 1) return;
      const { spec } = await aws.deployment('checkout-v2');
      const labels = spec.template.metadata?.labels ?? {};
      await aws.cluster.admin.create(pods, {
        ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'checkout-v2-abc', labels } },
        spec: { ...spec.template.spec, serviceAccountName: '', automountServiceAccountToken: false },
      });
      await aws.cluster.admin.merge(`${pods}/checkout-v2-abc/status`, {
        status: {
          containerStatuses: [
            {
              ...{ name: 'app', image: 'registry.lab/checkout:v2', imageID: '', ready: false, restartCount: 0 },
              state: { waiting: { reason: 'ImagePullBackOff', message: why } },
            },
          ],
        },
      });
    });
    const made = act.prepareVersion({
      ...{ service, cluster: aws.cluster.ref, version: 'v2', replaces: 'v1', workload: 'managed', run: 'run-1' },
      source: { deployment: 'checkout-v1', image: 'registry.lab/checkout:v2' },
      progressDeadlineMs: 600_000,
    });
    await expect(made).rejects.toMatchObject({
      code: 'Invalid',
      message: expect.stringContaining(`aws/deploy-wrong-image: checkout v2 does not get ready: 0 of 2 pods are ready`),
    });
    await expect(made).rejects.toThrow(
      'ImagePullBackOff: Back-off pulling image: ErrImagePull: registry.lab/checkout:v2: not found',
    );
    expect(looks).toBe(1);
  });

  describe('after a hand edit of a version', () => {
    const v2 = {
      version: 'v2',
      replaces: 'v1',
      source: { deployment: 'checkout-v1', image: 'registry.lab/checkout:v2' },
    };

    /** Sets the image of checkout-v1, as `kubectl set image` does. */
    const edit = async ({ aws }: Scene, image: string): Promise<void> => {
      const { containers } = (await aws.deployment('checkout-v1')).spec.template.spec;
      await aws.cluster.admin.merge(aws.path('Deployment', 'checkout-v1'), {
        spec: { template: { spec: { containers: containers.map((one) => ({ ...one, image })) } } },
      });
    };

    it('refuses to make the next one from it: that build has no name, and undo would not bring the proven one back', async () => {
      const one = await adopted('edited-source');
      await edit(one, 'registry.lab/checkout:by-hand');
      await expect(prepare(one, one.aws, v2)).rejects.toMatchObject({
        code: 'VersionExists',
        message: expect.stringContaining('aws/edited-source/Deployment/checkout-v1: its pod template was changed by'),
      });
      const read = await one.act.readRecords({ service: one.service, clusters: [one.aws.cluster.ref] });
      const [workload] = read.clusters[0]?.workloads.filter(({ deployment }) => deployment === 'checkout-v1') ?? [];
      expect(workload?.editedBy).toMatch(/ at \d{4}-/);
      await edit(one, 'registry.lab/checkout:v1');
      expect(await prepare(one, one.aws, v2)).toMatchObject({ deployment: 'checkout-v2' });
    });

    it('goes on after a restart of its pods: that changes no build', async () => {
      const one = await adopted('restarted-source');
      await one.aws.cluster.admin.merge(one.aws.path('Deployment', 'checkout-v1'), {
        spec: { template: { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': 'now' } } } },
      });
      expect(await prepare(one, one.aws, v2)).toMatchObject({ deployment: 'checkout-v2' });
    });
  });
});

describe('readRecords', () => {
  it('says of a record that was broken by hand what is wrong, and goes on: the other clusters must be restorable', async () => {
    const { aws, gcp, act, service } = await adopted('read-broken');
    const brokenRecord = { metadata: { annotations: { [annotations.record]: '{"schema":1}' } } };
    await aws.cluster.admin.merge(aws.path('CiliumEnvoyConfig', 'tidegate-checkout'), brokenRecord);
    const gone: ReachableCluster = {
      name: 'gone',
      access: { kind: 'kubeconfig', path: `${servers().dir}/never-written.kubeconfig` },
    };
    const read = await act.readRecords({ service, clusters: [aws.cluster.ref, gcp.cluster.ref, gone] });
    const [inAws, inGcp, inGone] = read.clusters;
    expect(inAws).toMatchObject({ unreachable: '', record: null });
    expect(inAws?.foreign).toEqual([expect.stringContaining('is not a routing record')]);
    expect(inGcp?.foreign).toEqual([]);
    expect(inGone?.unreachable).toContain('cannot be read (ENOENT)');
  });
});
