import { describe, expect, it } from '@jest/globals';
import { annotations, labels } from '../../../core/kube/labels.ts';
import { statName, subsetName } from '../../../core/routing/names.ts';
import { createNamespace } from '../../support/api-server.ts';
import { adopt, createScene, prepare, route, type Scene } from './scenes.ts';
import { WHOLE, type Shop } from './shop.ts';
import type { ReachableCluster } from '../../../core/kube/cluster-ref.ts';
import { useApiServers } from './use-api-servers.ts';
import { pathOf } from '../../support/kubeconfig-path.ts';

const { clusters, servers } = useApiServers('aws', 'gcp');

const scene = (namespace: string): Promise<Scene> => createScene({ servers: servers(), clusters }, namespace);

/** Adopted as v1 in aws, which answers its own calls. */
const adopted = async (namespace: string): Promise<Scene> => adopt(await scene(namespace));

const stat = ({ service }: Shop, version: string, cluster: string): string =>
  statName({ namespace: service.namespace, service: 'checkout', version, cluster });

describe('adoption', () => {
  it('makes a versioned Deployment without the metadata of GitOps tools, so that nobody deletes or overwrites it', async () => {
    const one = await scene('adopt-deployment');
    const prepared = await prepare(one, one.aws, { version: 'v1', replaces: '', source: { deployment: 'checkout' } });
    expect(prepared).toMatchObject({ deployment: 'checkout-v1', replicas: 2, ready: 2 });
    const { metadata, spec } = await one.aws.deployment('checkout-v1');
    expect(Object.keys(metadata.annotations ?? {}).sort()).toEqual(
      [annotations.digest, annotations.templateDigest].sort(),
    );
    expect(metadata.labels).not.toHaveProperty(['app.kubernetes.io/instance']);
    expect(spec.selector.matchLabels).toEqual({
      app: 'checkout',
      [labels.version]: 'v1',
      [labels.subsetVersion]: 'v1',
    });
    expect(spec.template.metadata?.annotations).toBeUndefined();
    expect(await one.aws.list('PodDisruptionBudget')).toEqual(['tidegate-checkout']);
  });

  it('keeps calls off Envoy until the second write, and pins the frontend only at the commit', async () => {
    const one = await scene('adopt-two-writes');
    const { aws, act, service } = one;
    await prepare(one, aws, { version: 'v1', replaces: '', source: { deployment: 'checkout' } });
    const versions = { aws: { v1: WHOLE } };
    const first = await route(one, aws, { versions, epoch: 10, topology: { aws: WHOLE }, redirect: false });
    expect(first.weights).toEqual({ [stat(aws, 'v1', 'aws')]: WHOLE });
    expect((await aws.route()).spec?.services).toBeUndefined();
    const second = await route(one, aws, { versions, epoch: 10, topology: { aws: WHOLE } });
    expect(second.changes.map((one) => one.action)).toEqual(['unchanged', 'configured']);
    expect((await aws.route()).spec?.services).toHaveLength(1);
    expect((await aws.frontend()).spec.selector).toEqual({ app: 'checkout' });
    await act.commit({ service, cluster: aws.cluster.ref, epoch: 10, run: 'run-1', serving: ['aws'], pin: 'v1' });
    expect((await aws.frontend()).spec.selector).toEqual({ app: 'checkout', [labels.version]: 'v1' });
    expect((await aws.record()).versions).toMatchObject({ proven: { aws: { v1: WHOLE } }, previous: {} });
  });

  it('taken back, turns the redirect off but keeps the routes of open connections until the version is retired', async () => {
    const one = await scene('adopt-back');
    const { aws, act, service } = one;
    await prepare(one, aws, { version: 'v1', replaces: '', source: { deployment: 'checkout' } });
    await route(one, aws, { versions: { aws: { v1: WHOLE } }, epoch: 10, topology: { aws: WHOLE } });
    const back = { service, cluster: aws.cluster.ref, epoch: 11, run: 'run-1', serving: [] };
    for (let attempt = 0; attempt < 2; attempt += 1) {
      expect(await act.restore(back)).toMatchObject({ weights: {}, withdrawn: [] });
      const { spec } = await aws.route();
      expect(spec?.services).toBeUndefined();
      expect(spec?.resources).toHaveLength(3);
      expect((await aws.record()).versions).toMatchObject({ proven: null, current: null, epoch: 11 });
    }
    await act.retireVersion({
      service,
      clusters: [aws.cluster.ref, one.gcp.cluster.ref],
      version: 'v1',
      drainMs: 30_000,
    });
    expect(await aws.list('CiliumEnvoyConfig')).toEqual([]);
    expect(await aws.list('Service')).toEqual(['checkout']);
    expect(await aws.list('Deployment')).toEqual(['checkout']);
    expect(await aws.list('PodDisruptionBudget')).toEqual([]);
  });

  it('scales the original away only where the commit has pinned the frontend', async () => {
    const one = await adopted('adopt-original');
    const { act, aws, gcp, service } = one;
    const refs = [aws.cluster.ref, gcp.cluster.ref];
    await act.retireVersion({ service, clusters: refs, version: 'v1', original: 'checkout', drainMs: 1_000 });
    expect((await aws.deployment('checkout')).spec.replicas).toBe(0);
    expect((await gcp.deployment('checkout')).spec.replicas).toBe(2);
  });
});

describe('deploy', () => {
  it('has routes of testers and kept users stored as rendered, keeps them in a write of nothing, and takes them off with the way back', async () => {
    const one = await adopted('deploy-aside');
    const { act, aws, service } = one;
    const routes = {
      testers: { version: 'v2', mark: { cookie: 'canary', value: 'always' } },
      sticky: { version: 'v2', cookie: 'arm', ttlMs: 3_600_000, token: 't1' },
    };
    const step = { versions: { aws: { v1: 700_000, v2: 300_000 } }, epoch: 20, run: 'run-2', ...routes };
    const first = await route(one, aws, step);
    expect(first.weights).toEqual({ [stat(aws, 'v1', 'aws')]: 700_000, [stat(aws, 'v2', 'aws')]: 300_000 });
    expect((await aws.record()).versions).toMatchObject(routes);
    const stored = JSON.stringify((await aws.route()).spec?.resources);
    expect(stored).toContain('canary=always');
    expect(stored.match(/"stat_prefix":/g)).toHaveLength(4);
    expect((await route(one, aws, step)).changes.map(({ action }) => action)).not.toContain('configured');
    await act.restore({ service, cluster: aws.cluster.ref, epoch: 21, run: 'run-2', serving: [] });
    expect(Object.keys((await aws.record()).versions)).not.toEqual(expect.arrayContaining(['testers', 'sticky']));
    expect(JSON.stringify((await aws.route()).spec?.resources)).not.toMatch(/canary|set-cookie|arm=/);
  }, 30_000);

  it('makes the new version from the running one, with its image and its own service.version', async () => {
    const one = await adopted('deploy-template');
    const source = { deployment: 'checkout-v1', image: 'registry.lab/checkout:v2' };
    await prepare(one, one.aws, { version: 'v2', replaces: 'v1', source });
    const container = (await one.aws.deployment('checkout-v2')).spec.template.spec.containers[0];
    expect(container?.image).toBe('registry.lab/checkout:v2');
    expect(container?.env?.[0]?.value).toBe('service.name=checkout,service.version=v2,team=a');
    const again = await prepare(one, one.aws, { version: 'v2', replaces: 'v1', source });
    expect(again.deployment).toBe('checkout-v2');
  });

  it("takes its budget away when one of the user's covers the pods, since Kubernetes evicts no pod with two", async () => {
    const one = await adopted('deploy-budget');
    await one.aws.cluster.admin.create(one.aws.path('PodDisruptionBudget'), {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'mine', namespace: 'deploy-budget' },
      spec: {
        minAvailable: 1,
        selector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['checkout', 'cart'] }] },
      },
    });
    const source = { deployment: 'checkout-v1', image: 'registry.lab/checkout:v2' };
    await prepare(one, one.aws, { version: 'v2', replaces: 'v1', source });
    expect(await one.aws.list('PodDisruptionBudget')).toEqual(['mine']);
  });

  it('refuses a version name that stands for another pod template, since undo and metrics would lie', async () => {
    const one = await adopted('deploy-version-exists');
    await prepare(one, one.aws, {
      version: 'v2',
      replaces: 'v1',
      source: { deployment: 'checkout-v1', image: 'registry.lab/checkout:v2' },
    });
    const other = prepare(one, one.aws, {
      version: 'v2',
      replaces: 'v1',
      source: { deployment: 'checkout-v1', image: 'registry.lab/checkout:other' },
    });
    await expect(other).rejects.toMatchObject({
      code: 'VersionExists',
      message: expect.stringContaining('aws/deploy-version-exists/Deployment/checkout-v2'),
    });
  });

  it('gives up at the progress deadline and says how many pods are ready', async () => {
    const one = await adopted('deploy-never-ready');
    one.deps.onSleep(() => one.aws.makeReady('v2', 1));
    const late = one.act.prepareVersion({
      service: one.service,
      cluster: one.aws.cluster.ref,
      version: 'v2',
      replaces: 'v1',
      source: { deployment: 'checkout-v1', image: 'registry.lab/checkout:v2' },
      workload: 'managed',
      progressDeadlineMs: 120_000,
      run: 'run-2',
    });
    await expect(late).rejects.toMatchObject({
      code: 'DeadlineExceeded',
      message: expect.stringContaining('1 of 2 pods are ready'),
    });
    // 120 s with a beat every 5.
    expect(one.deps.heartbeats.length).toBeGreaterThan(20);
    // 120 looks with two writes each.
  }, 30_000);

  it('moves by weights, restores to the proven ones and drains what it took back at weight 0', async () => {
    const one = await adopted('deploy-restore');
    const { aws, act, service } = one;
    await prepare(one, aws, {
      version: 'v2',
      replaces: 'v1',
      source: { deployment: 'checkout-v1', image: 'registry.lab/checkout:v2' },
    });
    await route(one, aws, { versions: { aws: { v1: WHOLE, v2: 0 } }, epoch: 20, run: 'run-2' });
    const step = await route(one, aws, { versions: { aws: { v1: 950_000, v2: 50_000 } }, epoch: 20, run: 'run-2' });
    expect(step.weights).toEqual({ [stat(aws, 'v1', 'aws')]: 950_000, [stat(aws, 'v2', 'aws')]: 50_000 });
    const back = { service, cluster: aws.cluster.ref, epoch: 21, run: 'run-2', serving: [] };
    const restored = await act.restore(back);
    expect(restored.withdrawn).toEqual([stat(aws, 'v2', 'aws')]);
    expect(restored.weights).toEqual({ [stat(aws, 'v1', 'aws')]: WHOLE, [stat(aws, 'v2', 'aws')]: 0 });
    const again = await act.restore(back);
    expect(again.withdrawn).toEqual(restored.withdrawn);
    expect(again.changes.map((one) => one.action)).toEqual(['unchanged', 'unchanged', 'unchanged']);
    await act.retireVersion({
      service,
      clusters: [aws.cluster.ref, one.gcp.cluster.ref],
      version: 'v2',
      drainMs: 30_000,
    });
    expect((await aws.record()).versions.current).toEqual({ aws: { v1: WHOLE } });
    expect(await aws.list('Deployment')).toEqual(['checkout', 'checkout-v1']);
  });

  it('promotes, keeps the old version warm, undoes it, and never retires what serves', async () => {
    const one = await adopted('deploy-undo');
    const { aws, gcp, act, service } = one;
    const refs = [aws.cluster.ref, gcp.cluster.ref];
    await prepare(one, aws, {
      version: 'v2',
      replaces: 'v1',
      source: { deployment: 'checkout-v1', image: 'registry.lab/checkout:v2' },
    });
    await route(one, aws, { versions: { aws: { v1: 0, v2: WHOLE } }, epoch: 20, run: 'run-2' });
    const commit = { service, cluster: aws.cluster.ref, epoch: 20, run: 'run-2', serving: ['aws'], pin: 'v2' };
    await act.commit(commit);
    await act.commit(commit);
    expect((await aws.record()).versions).toMatchObject({
      proven: { aws: { v2: WHOLE } },
      current: { aws: { v1: 0, v2: WHOLE } },
      previous: { aws: 'v1' },
    });
    // Undo: the version is asked for by name only, from whatever Deployment the plan took.
    await prepare(one, aws, { version: 'v1', replaces: 'v2', source: { deployment: 'checkout-v2' } });
    await route(one, aws, { versions: { aws: { v1: WHOLE, v2: 0 } }, epoch: 30, run: 'run-3' });
    await act.commit({ ...commit, epoch: 30, run: 'run-3', pin: 'v1' });
    const kept = await act.retireVersion({ service, clusters: refs, version: 'v1', drainMs: 1_000 });
    expect(kept.map((one) => one.action)).toEqual(['skipped']);
    await act.retireVersion({ service, clusters: refs, version: 'v2', drainMs: 1_000 });
    const { versions } = await aws.record();
    expect(versions).toMatchObject({ current: { aws: { v1: WHOLE } }, previous: {}, epoch: 30 });
    expect((await aws.route()).spec?.backendServices).toHaveLength(1);
  });

  it('serves other clusters through a stub there and a Service with pods here', async () => {
    const one = await scene('deploy-remote');
    const { aws, gcp } = one;
    await prepare(one, aws, { version: 'v1', replaces: '', source: { deployment: 'checkout' } });
    await route(one, gcp, { versions: { aws: { v1: WHOLE } }, epoch: 10, topology: { aws: WHOLE } });
    const name = subsetName({ namespace: 'deploy-remote', service: 'checkout', version: 'v1', cluster: 'aws' });
    const [serving, stub] = await Promise.all(
      [aws, gcp].map((shop) =>
        shop.cluster.admin.get<Awaited<ReturnType<Shop['frontend']>>>(shop.path('Service', name)),
      ),
    );
    expect(serving?.spec.selector).toMatchObject({ [labels.subsetVersion]: 'v1' });
    expect(stub?.spec.selector).toBeUndefined();
    expect(stub?.metadata.annotations?.[annotations.shared]).toBe('false');
  });

  it('holds the autoscaler of the replaced version and gives the winner a copy', async () => {
    const one = await adopted('deploy-autoscaler');
    const { aws, gcp, act, service } = one;
    await aws.cluster.admin.create(aws.path('HorizontalPodAutoscaler'), {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'checkout-v1', namespace: 'deploy-autoscaler' },
      spec: {
        minReplicas: 1,
        maxReplicas: 9,
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'checkout-v1' },
      },
    });
    interface Hpa {
      metadata: { annotations?: Record<string, string> };
      spec: { minReplicas: number; maxReplicas: number; scaleTargetRef: { name: string } };
    }
    const hpa = (name: string): Promise<Hpa> => aws.cluster.admin.get<Hpa>(aws.path('HorizontalPodAutoscaler', name));
    await prepare(one, aws, {
      version: 'v2',
      replaces: 'v1',
      source: { deployment: 'checkout-v1', image: 'registry.lab/checkout:v2' },
    });
    expect((await hpa('checkout-v1')).spec.minReplicas).toBe(2);
    await route(one, aws, { versions: { aws: { v1: 0, v2: WHOLE } }, epoch: 20, run: 'run-2' });
    await act.commit({ service, cluster: aws.cluster.ref, epoch: 20, run: 'run-2', serving: ['aws'], pin: 'v2' });
    expect((await hpa('checkout-v2')).spec).toMatchObject({
      minReplicas: 1,
      maxReplicas: 9,
      scaleTargetRef: { name: 'checkout-v2' },
    });
    await prepare(one, aws, {
      version: 'v3',
      replaces: 'v2',
      source: { deployment: 'checkout-v2', image: 'registry.lab/checkout:v3' },
    });
    expect((await hpa('checkout-v2')).spec.minReplicas).toBe(2);
    await act.retireVersion({ service, clusters: [aws.cluster.ref, gcp.cluster.ref], version: 'v3', drainMs: 0 });
    const released = await hpa('checkout-v2');
    expect(released.spec.minReplicas).toBe(1);
    expect(released.metadata.annotations).not.toHaveProperty([annotations.held]);
  });
});

describe('release', () => {
  it('turns the redirect off, drains, and leaves a pinned frontend and the Deployment', async () => {
    const one = await adopted('release');
    const { aws, act, service, deps } = one;
    const seen: unknown[] = [];
    deps.onSleep(async () => {
      seen.push((await aws.route()).spec?.services);
    });
    const at = { service, cluster: aws.cluster.ref, epoch: 40, run: 'run-4', drainMs: 10_000 };
    const input = { ...at, step: 'route' } as const;
    await act.releaseService(input);
    expect((await aws.list('Service')).length).toBeGreaterThan(1);
    await act.releaseService({ ...at, step: 'services' });
    expect(seen).toEqual([undefined, undefined]);
    expect(await aws.list('CiliumEnvoyConfig')).toEqual([]);
    expect(await aws.list('Service')).toEqual(['checkout']);
    expect(await aws.list('Deployment')).toEqual(['checkout', 'checkout-v1']);
    expect((await aws.frontend()).spec.selector).toMatchObject({ [labels.version]: 'v1' });
    expect(await act.releaseService(input)).toEqual([]);
  });

  it('stops at once when it is cancelled in its drain, with everything still in place', async () => {
    const one = await adopted('release-cancel');
    const { aws, act, service, deps } = one;
    deps.onSleep(() => Promise.resolve(deps.cancel()));
    const input = {
      service,
      cluster: aws.cluster.ref,
      step: 'route',
      epoch: 40,
      run: 'run-4',
      drainMs: 10_000,
    } as const;
    await expect(act.releaseService(input)).rejects.toThrow('cancelled');
    expect(await aws.list('CiliumEnvoyConfig')).toEqual(['tidegate-checkout']);
  });
});

describe('readRecords', () => {
  it('sees record, workloads, foreign objects and who is not canaried; an unreachable cluster is a fact', async () => {
    const one = await adopted('read');
    const { aws, gcp, act, service } = one;
    await gcp.cluster.admin.create(gcp.path('CiliumEnvoyConfig'), {
      apiVersion: 'cilium.io/v2',
      kind: 'CiliumEnvoyConfig',
      metadata: { name: 'mine', namespace: 'read' },
      spec: { services: [{ name: 'checkout', namespace: 'read' }], resources: [] },
    });
    await aws.cluster.admin.create(aws.path('Ingress'), {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: 'web', namespace: 'read' },
      spec: { defaultBackend: { service: { name: 'checkout', port: { number: 8080 } } } },
    });
    // An object of another namespace that is called as ours is not ours.
    await createNamespace(servers(), 'read-other');
    await aws.cluster.admin.create('/apis/cilium.io/v2/namespaces/read-other/ciliumenvoyconfigs', {
      apiVersion: 'cilium.io/v2',
      kind: 'CiliumEnvoyConfig',
      metadata: { name: 'tidegate-checkout', namespace: 'read-other', labels: { 'tidegate.dev/owner': 'test' } },
      spec: { services: [{ name: 'checkout', namespace: 'read' }], resources: [] },
    });
    const nowhere: ReachableCluster = {
      name: 'lost',
      access: { kind: 'kubeconfig', path: `${servers().dir}/lost.kubeconfig` },
    };
    await writeLost(pathOf(nowhere));
    const read = await act.readRecords({ service, clusters: [aws.cluster.ref, gcp.cluster.ref, nowhere] });
    const [inAws, inGcp, lost] = read.clusters;
    expect(inAws?.record?.versions.epoch).toBe(10);
    expect(inAws?.workloads.map((one) => [one.deployment, one.version, one.managed, one.ready])).toEqual([
      ['checkout', 'v1', false, 2],
      ['checkout-v1', 'v1', true, 2],
    ]);
    expect(new Set(inAws?.workloads.map((one) => one.templateDigest)).size).toBe(1);
    expect(inAws?.frontend?.selector).toEqual({ app: 'checkout' });
    expect(inAws?.bypasses).toEqual(['Ingress read/web']);
    expect(inAws?.foreign).toEqual([expect.stringMatching(/^CiliumEnvoyConfig read-other\/tidegate-checkout /)]);
    expect(inGcp?.record).toBeNull();
    expect(inGcp?.foreign).toEqual([expect.stringMatching(/^CiliumEnvoyConfig read\/mine \(manager .+, 20/)]);
    expect(lost?.unreachable).toContain('lost/');
    expect(read.epoch).toBe(one.deps.clock.nowMs());
  });
});

/** A port that nobody listens on: 1 is reserved. */
async function writeLost(path: string): Promise<void> {
  const { writeFile } = await import('node:fs/promises');
  const text = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'lost',
    clusters: [{ name: 'lost', cluster: { server: 'https://127.0.0.1:1' } }],
    users: [{ name: 'lost', user: { token: 'secret' } }],
    contexts: [{ name: 'lost', context: { cluster: 'lost', user: 'lost' } }],
  };
  await writeFile(path, JSON.stringify(text));
}
