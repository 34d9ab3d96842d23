/** Who is called is a name in an input; where that is, and as whom, is for the config of the worker to say. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClusterAt, NamedClusters } from '../../../activities/ports.ts';
import type { RolloutActivities } from '../../../core/contract/activities.ts';
import { queueOf } from '../../../core/contract/queues.ts';
import type { ReachableMesh } from '../../../core/config/types.ts';
import type { ClusterRef, ReachableCluster } from '../../../core/kube/cluster-ref.ts';
import { TidegateError } from '../../../core/values/error.ts';
import { packed } from '../../../core/values/packed.ts';
import { createConfigLoader, type ConfigLoader } from '../../../platform/config/load.ts';
import type { KubeCluster } from '../../../platform/kube/clusters.ts';
import { createActivities } from '../../../worker/activities.ts';
import { forwardClusters, wayBackClusters } from '../../../worker/mesh-clusters.ts';
import { ownMeshes } from '../../../worker/mesh-config.ts';
import { startFakeApi, statusText, type FakeApi } from '../../support/fake-api.ts';
import { writeMesh } from '../../support/mesh-file.ts';
import { pathOf } from '../../support/kubeconfig-path.ts';

let own: FakeApi;
let foreign: FakeApi;

beforeAll(async () => {
  const nothing = () => ({ status: 404, body: statusText(404, 'NotFound') });
  own = await startFakeApi(nothing);
  foreign = await startFakeApi(nothing);
});

afterAll(async () => {
  await own.close();
  await foreign.close();
});

const reached = (name: string, path = `/own/${name}`): ReachableCluster => ({
  name,
  access: { kind: 'kubeconfig', path },
});
const service = { mesh: 'shop', namespace: 'shop', service: 'checkout', installation: 'default' };
const at = (cluster: ClusterRef, mesh = 'shop'): ClusterAt => ({ service: { mesh }, cluster });

/** A worker's clusters by the config in a folder; each call reads it anew. Answers with the path that is called. */
const clustersIn = (dir: string) => clustersBy(createConfigLoader({ directory: dir }));

function clustersBy(config: Pick<ConfigLoader, 'readMeshes'>) {
  let nowMs = 0;
  const meshes = ownMeshes({ config, nowMs: () => (nowMs += 10_000) });
  const clusters = {
    connect: (ref: ReachableCluster) => ({ name: pathOf(ref) }) as KubeCluster,
    close: () => Promise.resolve(),
  };
  const calling = (port: NamedClusters) => async (where: ClusterAt) => (await port.connect(where)).name;
  const ports = { meshes, clusters };
  return { meshes, forward: calling(forwardClusters(ports)), back: calling(wayBackClusters(ports)) };
}

async function withFolder(body: (dir: string) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'tidegate-config-'));
  try {
    await body(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

describe('the path that a caller hands in', () => {
  it('is called by no activity of the way forward: the worker goes where its own config says', async () => {
    await writeMesh({ dir: own.dir, clusters: [own.ref] });
    const worker = createActivities({ directory: own.dir, env: {} });
    const input = {
      ...{
        service,
        cluster: foreign.ref,
        clusters: [foreign.ref],
        services: [{ ...service, service, warmMs: 0, drainMs: 0 }],
      },
      ...{ epoch: 10, run: 'r', serving: [], pin: '', versions: {}, version: 'v1', step: 'services', drainMs: 0 },
      routing: { service, cluster: foreign.ref, epoch: 10, run: 'r', versions: {} },
      ...{ write: 'applyRouting', atOnce: 1, withinMs: 1, jobs: [{ name: 'smoke', timeoutMs: 1, image: 'smoke' }] },
      inputs: packed([{ service, cluster: foreign.ref, epoch: 10, run: 'r', versions: {} }]),
    };
    try {
      const all = worker.activities as unknown as Record<string, (input: unknown) => Promise<unknown>>;
      for (const name of Object.keys(queueOf).filter((one) => queueOf[one as keyof RolloutActivities] === 'apply')) {
        const before = own.seen.length;
        const call = (given: unknown) => all[name]?.(given) ?? Promise.reject(new RangeError(name));
        await new MockActivityEnvironment().run(call, input).catch(() => undefined);
        expect([name, own.seen.length > before, foreign.seen.length]).toEqual([name, true, 0]);
      }
    } finally {
      await worker.close();
    }
  }, 30_000);

  it('is not called by a restore either, as long as the config knows the cluster', async () => {
    await withFolder(async (dir) => {
      await writeMesh({ dir, clusters: [reached('aws')] });
      expect(await clustersIn(dir).back(at(reached('aws', '/stolen')))).toBe('/own/aws');
    });
  });

  it('is refused with the remedy going forward where the config does not know the cluster or the mesh', async () => {
    await withFolder(async (dir) => {
      await writeMesh({ dir, clusters: [reached('aws')] });
      const { forward } = clustersIn(dir);
      await expect(forward(at(reached('gcp', '/stolen')))).rejects.toMatchObject({
        code: 'Unavailable',
        message: 'gcp: the config of this worker has no such cluster in mesh shop',
        fix: expect.stringContaining('Mesh document'),
      });
      await expect(forward(at(reached('aws', '/stolen'), 'other'))).rejects.toMatchObject({
        code: 'Unavailable',
        message: 'the config of this worker has no Mesh other that is right',
        fix: expect.stringContaining('tidegate validate'),
      });
    });
  });

  it('leads a restore back where the config knows nothing: the run is one of an older worker', async () => {
    await withFolder(async (dir) => {
      await writeMesh({ dir, clusters: [reached('aws')] });
      const { back } = clustersIn(dir);
      expect(await back(at(reached('gcp', '/planned')))).toBe('/planned');
      expect(await back(at(reached('aws', '/planned'), 'other'))).toBe('/planned');
      const of010 = { name: 'aws', kubeconfig: { path: '/planned-by-0.1.0', context: 'c' } };
      expect(await back(at(of010, 'other'))).toBe('/planned-by-0.1.0');
      await expect(back(at({ name: 'gcp' }))).rejects.toMatchObject({ code: 'Unavailable', fix: /Mesh document/ });
    });
  });
});

describe('a config that cannot be read', () => {
  it('holds the way forward, and the way back goes by the last good copy', async () => {
    await withFolder(async (dir) => {
      await writeMesh({ dir, clusters: [reached('aws')] });
      const { meshes, forward, back } = clustersIn(dir);
      await meshes.warm();
      await writeFile(join(dir, 'mesh-shop.yaml'), 'kind: Mesh\nmetadata: { name: sho');
      await expect(forward(at({ name: 'aws' }))).rejects.toMatchObject({ code: 'Unavailable' });
      expect(await back(at({ name: 'aws' }))).toBe('/own/aws');
      await rm(dir, { recursive: true });
      expect(await back(at({ name: 'aws' }))).toBe('/own/aws');
    });
  });

  it('that lacks a cluster by now still leads the way back to it', async () => {
    await withFolder(async (dir) => {
      await writeMesh({ dir, clusters: [reached('aws'), reached('gcp')] });
      const { forward, back } = clustersIn(dir);
      expect(await forward(at({ name: 'gcp' }))).toBe('/own/gcp');
      await writeMesh({ dir, clusters: [reached('aws', '/own/new')] });
      expect([await back(at({ name: 'gcp' })), await back(at({ name: 'aws' }))]).toEqual(['/own/gcp', '/own/new']);
      await expect(forward(at({ name: 'gcp' }))).rejects.toMatchObject({ code: 'Unavailable' });
    });
  });

  it('elsewhere, in the document of another team, keeps nobody from a cluster', async () => {
    await withFolder(async (dir) => {
      await writeMesh({ dir, clusters: [reached('aws')] });
      await writeFile(join(dir, 'theirs.yaml'), 'kind: Service\nspec: { mehs: shop }\n');
      const { forward, back } = clustersIn(dir);
      expect([await forward(at({ name: 'aws' })), await back(at({ name: 'aws' }))]).toEqual(['/own/aws', '/own/aws']);
    });
  });

  it('and was never whole leaves the way back to another worker, with the reason', async () => {
    await withFolder(async (dir) => {
      await writeFile(join(dir, 'mesh.yaml'), 'kind: Mesh\nmetadata: { name: sho');
      await expect(clustersIn(dir).back(at({ name: 'aws' }))).rejects.toMatchObject({
        code: 'Unavailable',
        message: expect.stringContaining('no Mesh shop that is right'),
      });
    });
  });
});

describe('a place of config that is away', () => {
  const mesh = (...names: string[]): ReachableMesh => ({
    ...{ name: 'shop', installation: 'default', metrics: null },
    clusters: names.map((name) => ({
      ...{ ref: reached(name), ciliumId: 1, locality: { cloud: 'aws', region: 'r', zones: [] }, labels: {} },
    })),
  });
  const away = () => Promise.reject(new TidegateError('Unavailable', 'git has failed'));
  const scene = () => {
    const place = { readMeshes: (): Promise<readonly ReachableMesh[]> => Promise.resolve([mesh('aws', 'gone')]) };
    return { place, ...clustersBy({ readMeshes: () => place.readMeshes() }) };
  };

  it('holds no run under way, which goes by what it said last: a cluster that was taken out stays so', async () => {
    const { place, forward } = scene();
    expect(await forward(at({ name: 'gone' }))).toBe('/own/gone');
    place.readMeshes = () => Promise.resolve([mesh('aws')]);
    expect(await forward(at({ name: 'aws' }))).toBe('/own/aws');
    place.readMeshes = away;
    expect(await forward(at({ name: 'aws' }))).toBe('/own/aws');
    await expect(forward(at({ name: 'gone' }))).rejects.toMatchObject({ code: 'Unavailable' });
  });

  it('and was never read holds it', async () => {
    const { place, forward } = scene();
    place.readMeshes = away;
    await expect(forward(at({ name: 'aws' }))).rejects.toMatchObject({ message: expect.stringContaining('git has') });
  });

  it('and does not even say so lets go those who know the way, a way back first', async () => {
    const { place, forward, back, meshes } = scene();
    await meshes.warm();
    place.readMeshes = () => new Promise(() => undefined);
    const sinceMs = performance.now();
    expect(await back(at({ name: 'gone' }))).toBe('/own/gone');
    expect(performance.now() - sinceMs).toBeLessThan(4_000);
    expect(await forward(at({ name: 'aws' }))).toBe('/own/aws');
  }, 30_000);
});
