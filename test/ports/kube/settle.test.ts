/** What the settler and the audit ask of API servers, and what the settler writes. */
import { describe, expect, it } from '@jest/globals';
import { createApplyActivities } from '../../../activities/apply/index.ts';
import { annotations } from '../../../core/kube/labels.ts';
import { subsetName } from '../../../core/routing/names.ts';
import { adopt, createScene, prepare, route, type Scene } from './scenes.ts';
import { WHOLE, type Shop } from './shop.ts';
import { useApiServers } from './use-api-servers.ts';
import { pathOf } from '../../support/kubeconfig-path.ts';

const { clusters, servers } = useApiServers('aws', 'gcp');

/** Adopted as v1 in aws, with the original still there. */
const adopted = async (namespace: string): Promise<Scene> =>
  adopt(await createScene({ servers: servers(), clusters }, namespace));

const autoscalerOf = (deployment: string, held: object | null, minReplicas: number): unknown => ({
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: {
    name: deployment,
    annotations: held === null ? {} : { [annotations.held]: JSON.stringify(held) },
  },
  spec: {
    minReplicas,
    maxReplicas: 9,
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: deployment },
  },
});

const autoscaler = ({ cluster, path }: Shop, name: string) =>
  cluster.admin.get<{ metadata: { annotations?: Record<string, string> }; spec: { minReplicas: number } }>(
    path('HorizontalPodAutoscaler', name),
  );

describe('surveyService', () => {
  it('tells what a cluster has of the service: record, pin, versions with their objects, holds and marks', async () => {
    const { act, aws, gcp, service } = await adopted('survey');
    const held = { minReplicas: 1, for: 'v1', service: 'checkout' };
    await aws.cluster.admin.create(aws.path('HorizontalPodAutoscaler'), autoscalerOf('checkout', held, 2));
    const { clusters: seen } = await act.surveyService({ service, clusters: [aws.cluster.ref, gcp.cluster.ref] });
    expect(seen[0]).toMatchObject({
      ...{ cluster: 'aws', unreachable: '', broken: '', pinned: 'v1' },
      record: { cluster: 'aws', versions: { proven: { aws: { v1: WHOLE } } } },
      frontend: { port: 8080, targetPort: 8080, selector: { app: 'checkout' } },
      holds: [{ autoscaler: 'checkout', version: 'v1', on: '', replicas: 2 }],
      originals: [{ deployment: 'checkout', version: 'v1' }],
    });
    const subset = subsetName({ ...service, version: 'v1', cluster: 'aws' });
    expect(seen[0]?.versions).toEqual([
      { version: 'v1', serving: true, due: null, objects: ['Deployment/checkout-v1', `Service/${subset}`] },
    ]);
    // Never adopted: the service as its users run it, and nothing of ours.
    expect(seen[1]).toMatchObject({ cluster: 'gcp', record: null, pinned: '', versions: [], holds: [], originals: [] });
  });

  it('takes a record that cannot be used, and a cluster that cannot be reached, as facts: the others are told', async () => {
    const { act, aws, gcp, service } = await adopted('survey-broken');
    const record = JSON.stringify({ ...(await aws.record()), cluster: 'elsewhere' });
    await aws.cluster.admin.merge(aws.path('CiliumEnvoyConfig', 'tidegate-checkout'), {
      metadata: { annotations: { [annotations.record]: record } },
    });
    const gone = {
      name: 'gone',
      access: { kind: 'kubeconfig' as const, path: pathOf(gcp.cluster.ref), context: 'no-such-context' },
    };
    const { clusters: seen } = await act.surveyService({
      service,
      clusters: [aws.cluster.ref, gone, gcp.cluster.ref],
    });
    expect(seen.map(({ cluster }) => cluster)).toEqual(['aws', 'gone', 'gcp']);
    expect(seen[0]).toMatchObject({ record: null, broken: expect.stringContaining('it was copied') });
    expect(seen[1]).toMatchObject({ record: null, unreachable: expect.stringContaining('gone: its kubeconfig lacks') });
    expect(seen[2]).toMatchObject({ unreachable: '', broken: '' });
  });
});

describe('findUnsettled', () => {
  it('names the services that are not settled, with what is to be done, and no other', async () => {
    const one = await adopted('unsettled');
    const { act, aws, gcp, service } = one;
    const never = { ...service, service: 'cart' };
    const listed = (of: typeof service) => ({ service: of, warmMs: 60_000, drainMs: 0 });
    const find = () =>
      act.findUnsettled({ services: [listed(never), listed(service)], clusters: [aws.cluster.ref, gcp.cluster.ref] });
    expect(await find()).toEqual([
      { service, needs: [expect.objectContaining({ kind: 'original', deployment: 'checkout' })] },
    ]);
    const retiring = { service, clusters: [aws.cluster.ref, gcp.cluster.ref], version: 'v1', drainMs: 0 };
    await act.retireVersion({ ...retiring, original: 'checkout' });
    expect(await find()).toEqual([]);
    await prepare(one, aws, { version: 'v2', replaces: 'v1', source: { deployment: 'checkout-v1', image: 'r/x:v2' } });
    await route(one, aws, { versions: { aws: { v1: 0, v2: WHOLE } }, epoch: 20, run: 'run-2' });
    expect(await find()).toMatchObject([{ service, needs: [{ kind: 'restore', clusters: ['aws'] }] }]);
  });

  it('reads a cluster once per namespace, whatever the number of services there', async () => {
    const { deps, aws, service } = await adopted('unsettled-once');
    let lists = 0;
    const counted = createApplyActivities({
      ...deps,
      clusters: {
        connect: async (input, options) => {
          const cluster = await deps.clusters.connect(input, options);
          return { ...cluster, list: (...args) => ((lists += 1), cluster.list(...args)) };
        },
      },
    });
    const services = Array.from({ length: 20 }, (_, i) => ({
      service: { ...service, service: `service-${String(i)}` },
      ...{ warmMs: 60_000, drainMs: 0 },
    }));
    await counted.findUnsettled({ services, clusters: [aws.cluster.ref] });
    // Services, Deployments, autoscalers of Kubernetes and of KEDA, and routes.
    expect(lists).toBe(5);
  });
});

describe('keepWarm', () => {
  const dueOf = async ({ act, aws, service }: Scene, version: string) => {
    const { clusters: seen } = await act.surveyService({ service, clusters: [aws.cluster.ref] });
    return seen[0]?.versions.find((one) => one.version === version)?.due;
  };

  it('writes until when on the version itself, where the next look finds it, and writes nothing twice', async () => {
    const one = await adopted('warm');
    const { act, aws, service } = one;
    const dueMs = Date.parse('2026-11-23T01:00:00Z');
    const keep = { service, cluster: aws.cluster.ref, version: 'v1', dueMs };
    expect(await act.keepWarm(keep)).toMatchObject([{ action: 'configured', before: '', after: String(dueMs) }]);
    expect(await dueOf(one, 'v1')).toBe(dueMs);
    expect(await act.keepWarm(keep)).toMatchObject([{ action: 'unchanged' }]);
    expect(await act.keepWarm({ ...keep, dueMs: dueMs + 1 })).toMatchObject([{ before: String(dueMs) }]);
  });

  it('writes nothing where the cluster has a stub only, or nothing at all', async () => {
    const one = await adopted('warm-stub');
    const { act, aws, gcp, service } = one;
    await route(one, gcp, { versions: { aws: { v1: WHOLE } }, epoch: 10, topology: { aws: WHOLE } });
    expect(await gcp.list('Service')).toContain(subsetName({ ...service, version: 'v1', cluster: 'aws' }));
    expect(await act.keepWarm({ service, cluster: gcp.cluster.ref, version: 'v1', dueMs: 5 })).toEqual([]);
    expect(await act.keepWarm({ service, cluster: aws.cluster.ref, version: 'v9', dueMs: 5 })).toEqual([]);
  });
});

describe('freeAutoscalers', () => {
  it('gives back what was held for the version, and the mark of its original; repeated, it finds nothing', async () => {
    const { act, aws, service } = await adopted('free');
    const held = (of: string, version: string) => ({ minReplicas: 1, for: version, service: of });
    const create = (name: string, hold: object) =>
      aws.cluster.admin.create(aws.path('HorizontalPodAutoscaler'), autoscalerOf(name, hold, 4));
    await create('checkout', held('checkout', 'v1'));
    // Another version's, and another service's in the same namespace.
    await create('checkout-v1', held('checkout', 'v2'));
    await create('cart', held('cart', 'v1'));
    const free = { service, cluster: aws.cluster.ref, version: 'v1' };
    expect((await act.freeAutoscalers(free)).map(({ object }) => object)).toEqual([
      'HorizontalPodAutoscaler/checkout',
      'Deployment/checkout',
    ]);
    const { metadata, spec } = await autoscaler(aws, 'checkout');
    expect([spec.minReplicas, metadata.annotations?.[annotations.held]]).toEqual([1, undefined]);
    expect((await aws.deployment('checkout')).metadata.annotations).not.toHaveProperty([annotations.original]);
    for (const name of ['checkout-v1', 'cart']) expect((await autoscaler(aws, name)).spec.minReplicas).toBe(4);
    expect(await act.freeAutoscalers(free)).toEqual([]);
  });

  it("gives back the version's own alone: what it replaced is held for it until the warm time ends", async () => {
    const { act, aws, service } = await adopted('free-own');
    const held = { minReplicas: 1, for: 'v1', service: 'checkout' };
    for (const name of ['checkout', 'checkout-v1'])
      await aws.cluster.admin.create(aws.path('HorizontalPodAutoscaler'), autoscalerOf(name, held, 4));
    const free = { service, cluster: aws.cluster.ref, version: 'v1', autoscaler: 'checkout-v1' };
    expect((await act.freeAutoscalers(free)).map(({ object }) => object)).toEqual([
      'HorizontalPodAutoscaler/checkout-v1',
    ]);
    expect((await autoscaler(aws, 'checkout')).spec.minReplicas).toBe(4);
    expect((await aws.deployment('checkout')).metadata.annotations).toHaveProperty([annotations.original]);
  });

  it('leaves an autoscaler alone whose hold somebody has edited beyond reading', async () => {
    const { act, aws, service } = await adopted('free-edited');
    await aws.cluster.admin.create(aws.path('HorizontalPodAutoscaler'), autoscalerOf('checkout-v1', { for: 7 }, 4));
    expect(await act.freeAutoscalers({ service, cluster: aws.cluster.ref, version: 'v9' })).toEqual([]);
    expect((await autoscaler(aws, 'checkout-v1')).spec.minReplicas).toBe(4);
  });
});
