/** A second Service over the pods, through a whole life under Tidegate: its callers never get an unproven version. */
import { describe, expect, it } from '@jest/globals';
import { annotations, labels } from '../../../core/kube/labels.ts';
import type { Service } from '../../../core/kube/objects.ts';
import { needsOf } from '../../../core/rollout/settled.ts';
import { adopt, createScene, imageOf, prepare, route, type Scene } from './scenes.ts';
import { WHOLE } from './shop.ts';
import { useApiServers } from './use-api-servers.ts';

const { clusters, servers } = useApiServers('aws', 'gcp');

const EXTERNAL = 'checkout-external';

async function withSibling(namespace: string): Promise<Scene> {
  const one = await createScene({ servers: servers(), clusters }, namespace);
  await create(one, EXTERNAL, {});
  return one;
}

const create = ({ aws }: Scene, name: string, spec: Partial<Service['spec']>): Promise<unknown> =>
  aws.cluster.admin.create(aws.path('Service'), {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: aws.service.namespace },
    spec: { selector: { app: 'checkout' }, ports: [{ name: 'http', port: 80, targetPort: 8080 }], ...spec },
  });

const read = ({ aws }: Scene, name = EXTERNAL): Promise<Service> =>
  aws.cluster.admin.get<Service>(aws.path('Service', name));

/** Version that its callers get, and the service that its pin moves with. */
async function pinOf(one: Scene, name = EXTERNAL): Promise<readonly [string | undefined, string | undefined]> {
  const { metadata, spec } = await read(one, name);
  return [spec.selector?.[labels.version], metadata.annotations?.[annotations.pinnedWith]];
}

const patch = ({ aws }: Scene, spec: unknown): Promise<unknown> =>
  aws.cluster.admin.merge(aws.path('Service', EXTERNAL), { spec });

const by = (epoch: number) => ({ epoch, run: `run-${String(epoch)}` });

const commit = ({ act, aws, service }: Scene, epoch: number, pin: string) =>
  act.commit({ service, cluster: aws.cluster.ref, ...by(epoch), serving: ['aws'], pin });

const movePins = ({ act, aws, service }: Scene, epoch: number, version: string) =>
  act.movePins({ service, clusters: [aws.cluster.ref], version, ...by(epoch), replaces: null });

/** As the settler does after an adoption. */
const leaveOriginal = ({ act, aws, service }: Scene): Promise<unknown> =>
  act.retireVersion({ service, clusters: [aws.cluster.ref], version: 'v1', original: 'checkout', drainMs: 1_000 });

const survey = async ({ act, aws, service, deps }: Scene) => {
  const { clusters: states } = await act.surveyService({ service, clusters: [aws.cluster.ref] });
  const nowMs = deps.clock.nowMs();
  return needsOf({ service: service.service, clusters: states, nowMs, warmMs: 60_000, drift: 'repair' });
};

/** For each test, with what it waits for of a busy API server, ms. */
const PATIENT_MS = 60_000;

describe('a Service that selects as the frontend does', () => {
  it(
    'is pinned by the adoption, and moves with each pin: deploy, breach, restore, undo, release',
    async () => {
      const one = await withSibling('siblings-life');
      const { act, aws, service } = one;
      await adopt(one);
      expect(await pinOf(one)).toEqual(['v1', 'checkout']);
      await leaveOriginal(one);

      // A deploy that breaches: tried past Envoy, then taken back.
      await prepare(one, aws, { version: 'v2', replaces: 'v1', source: imageOf('v2') });
      await route(one, aws, { ...by(20), versions: { aws: { v1: 0, v2: WHOLE } } });
      expect(await pinOf(one)).toEqual(['v1', 'checkout']);
      await movePins(one, 20, 'v2');
      expect(await pinOf(one)).toEqual(['v2', 'checkout']);
      const back = () => act.restore({ service, cluster: aws.cluster.ref, epoch: 21, run: 'run-20', serving: [] });
      expect((await back()).changes).toContainEqual({
        ...{ object: `Service/${EXTERNAL}`, action: 'configured', before: 'v2', after: 'v1' },
      });
      expect(await pinOf(one)).toEqual(['v1', 'checkout']);
      expect((await back()).changes).not.toContainEqual(expect.objectContaining({ object: `Service/${EXTERNAL}` }));

      // The next one is proven, and undone.
      await route(one, aws, { ...by(30), versions: { aws: { v1: 0, v2: WHOLE } } });
      await movePins(one, 30, 'v2');
      await commit(one, 30, 'v2');
      expect(await pinOf(one)).toEqual(['v2', 'checkout']);
      await movePins({ ...one }, 30, 'v1');
      await route(one, aws, { ...by(40), versions: { aws: { v1: WHOLE, v2: 0 } } });
      await commit(one, 40, 'v1');
      expect(await pinOf(one)).toEqual(['v1', 'checkout']);
      const { resourceVersion } = (await read(one)).metadata;
      await commit(one, 40, 'v1');
      expect((await read(one)).metadata.resourceVersion).toBe(resourceVersion);

      // A release gives the selector back, once v2's pods are gone.
      for (const step of ['route', 'services'] as const)
        await act.releaseService({ service, cluster: aws.cluster.ref, ...by(50), step, drainMs: 1_000 });
      expect(await pinOf(one)).toEqual(['v1', 'checkout']);
      expect((await survey(one)).map(({ kind }) => kind)).toEqual(['retire']);
      await act.retireVersion({ service, clusters: [aws.cluster.ref], version: 'v2', drainMs: 1_000 });
      const needs = await survey(one);
      expect(needs.map(({ reason }) => reason)).toEqual([
        `aws: Service ${EXTERNAL} is still pinned with checkout, which is released`,
      ]);
      await act.pinVersion({ service, cluster: aws.cluster.ref });
      expect(await pinOf(one)).toEqual([undefined, undefined]);
      expect((await read(one)).spec.selector).toEqual({ app: 'checkout' });
      expect(await survey(one)).toEqual([]);
    },
    PATIENT_MS,
  );

  it(
    'gets its selector back by the release itself where the proven version alone runs',
    async () => {
      const one = await withSibling('siblings-released');
      const { act, aws, service } = one;
      await adopt(one);
      await leaveOriginal(one);
      for (const step of ['route', 'services'] as const)
        await act.releaseService({ service, cluster: aws.cluster.ref, ...by(50), step, drainMs: 1_000 });
      expect((await read(one)).spec.selector).toEqual({ app: 'checkout' });
      expect(await pinOf(one, 'checkout')).toEqual(['v1', undefined]);
    },
    PATIENT_MS,
  );

  it(
    'that comes after the adoption, or has lost its pin, is pinned before the new version has a pod',
    async () => {
      const one = await createScene({ servers: servers(), clusters }, 'siblings-late');
      await adopt(one);
      await create(one, EXTERNAL, {});
      await prepare(one, one.aws, { version: 'v2', replaces: 'v1', source: imageOf('v2') });
      expect(await pinOf(one)).toEqual(['v1', 'checkout']);
      await patch(one, { selector: { [labels.version]: null } });
      await prepare(one, one.aws, { version: 'v3', replaces: 'v1', source: imageOf('v3') });
      expect(await pinOf(one)).toEqual(['v1', 'checkout']);
    },
    PATIENT_MS,
  );

  it(
    'that lost its pin between rollouts is put back by the settler, three times an hour; then a person is asked',
    async () => {
      const one = await withSibling('siblings-fought');
      const { act, aws, service } = one;
      await adopt(one);
      for (let round = 0; round < 3; round++) {
        await patch(one, { selector: { [labels.version]: null } });
        const needs = await survey(one);
        expect(needs.map(({ kind }) => kind)).toContain('pin');
        await act.pinVersion({ service, cluster: aws.cluster.ref });
        expect(await pinOf(one)).toEqual(['v1', 'checkout']);
      }
      await patch(one, { selector: { [labels.version]: null } });
      const asked = (await survey(one)).filter(({ kind }) => kind === 'person');
      expect(asked[0]?.reason).toMatch(/Service checkout-external, which has the same pods, is pinned to no version/);
      await act.pinVersion({ service, cluster: aws.cluster.ref });
      expect((await pinOf(one))[0]).toBeUndefined();
      const { clusters: seen } = await act.readRecords({ service, clusters: [aws.cluster.ref] });
      expect(seen[0]?.secondServices).toEqual([expect.objectContaining({ fight: expect.anything() })]);
      await act.markPaused({ services: [service], cluster: aws.cluster.ref, of: 'service', pause: null });
      await act.pinVersion({ service, cluster: aws.cluster.ref });
      expect(await pinOf(one)).toEqual(['v1', 'checkout']);
    },
    PATIENT_MS,
  );

  it(
    'is left alone where it is headless, an alias, without a selector, for metrics, wider, or pinned by a person',
    async () => {
      const one = await createScene({ servers: servers(), clusters }, 'siblings-left');
      const others: Readonly<Record<string, Partial<Service['spec']>>> = {
        headless: { clusterIP: 'None' },
        metrics: { ports: [{ name: 'metrics', port: 9090, targetPort: 9090 }] },
        'by-hand': { selector: { app: 'checkout', [labels.version]: 'v1' } },
      };
      for (const [name, spec] of Object.entries(others)) await create(one, name, spec);
      const { admin } = one.aws.cluster;
      for (const [name, spec] of [
        ['alias', { type: 'ExternalName', externalName: 'checkout.example', selector: { app: 'checkout' } }],
        ['bare', { ports: [{ port: 80, targetPort: 8080 }] }],
      ] as const)
        await admin.create(one.aws.path('Service'), {
          ...{ apiVersion: 'v1', kind: 'Service', metadata: { name }, spec },
        });
      const before = await Promise.all([...Object.keys(others), 'alias', 'bare'].map((name) => read(one, name)));
      await adopt(one);
      await prepare(one, one.aws, { version: 'v2', replaces: 'v1', source: imageOf('v2') });
      for (const { metadata } of before)
        expect((await read(one, metadata.name)).metadata.resourceVersion).toBe(metadata.resourceVersion);
    },
    PATIENT_MS,
  );
});
