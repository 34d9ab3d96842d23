/** An object with a fault in a hub: what it must not take with it. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createConfigLoader, type ConfigLoader } from '../../../platform/config/load.ts';
import { ownMeshes } from '../../../worker/mesh-config.ts';
import { type FakeHub, hubMesh, hubService, startFakeHub } from '../../support/fake-hub.ts';

let hub: FakeHub;
let loader: ConfigLoader;

beforeEach(async () => {
  hub = await startFakeHub([hubMesh(), hubService('checkout'), hubService('cart')]);
  loader = createConfigLoader({ directory: hub.place });
});
afterEach(() => hub.api.close());

const faulty = (name: string, spec: object = { nonsense: 1 }) => {
  hub.objects = [...hub.objects.filter(({ metadata }) => metadata.name !== name), hubService(name, spec)];
};
const listed = async (more: { mesh?: string; namespace?: string; service?: string } = {}) =>
  (await loader.loadServices({ ...more, complete: true })).services.map(({ service }) => service.name).toSorted();

describe('a list by which all services are moved', () => {
  it('names one with a fault as it was when it was right', async () => {
    await loader.loadServices({});
    faulty('cart');
    expect(await listed()).toEqual(['cart', 'checkout']);
    faulty('cart', { mesh: 'shopp' });
    expect(await listed()).toEqual(['cart', 'checkout']);
    expect((await loader.loadServices({})).services).toHaveLength(1);
    // The first one loads what talks to API servers.
  }, 60_000);

  it('does not name one that is gone while another has a fault', async () => {
    await loader.loadServices({});
    hub.objects = [hubMesh(), hubService('cart', { nonsense: 1 })];
    expect(await listed()).toEqual(['cart']);
  });

  it('is refused by name where one was never right, unless it was not asked for', async () => {
    faulty('cart');
    await expect(listed()).rejects.toMatchObject({
      code: 'Invalid',
      message: expect.stringMatching(/^these objects .*\nshop\/Service\/cart: spec\.nonsense/),
    });
    expect(await listed({ service: 'checkout' })).toEqual(['checkout']);
    expect(await listed({ namespace: 'elsewhere' })).toEqual([]);
    hub.objects = [hubMesh(), hubMesh('other'), hubService('cart', { mesh: 'other', nonsense: 1 })];
    expect(await listed({ mesh: 'shop' })).toEqual([]);
  });

  it('is refused where the mesh has a fault: another one is not meant', async () => {
    hub.objects = [hubMesh(), hubMesh('other', { kubeconfig: { path: 'relative' } })];
    await expect(listed()).rejects.toThrow('Mesh/other: ');
  });
});

describe('a Mesh that names a file that cannot be there', () => {
  it('leads nobody to a cluster: ways back go by how it was', async () => {
    let nowMs = 0;
    const meshes = ownMeshes({ config: loader, nowMs: () => (nowMs += 10_000) });
    await meshes.warm();
    hub.objects = [hubMesh('shop', { kubeconfig: { path: 'kubeconfigs/aws' } })];
    expect(await loader.readMeshes()).toEqual([]);
    await expect(meshes.now('shop')).rejects.toMatchObject({ code: 'Unavailable' });
    expect(meshes.before('shop')?.clusters[0]?.ref.access).toEqual({ kind: 'inCluster' });
    hub.objects = [...hub.objects, hubService('checkout')];
    const back = await loader.load({ service: 'checkout', wayBack: 'restore' }).catch((error: unknown) => error);
    expect(JSON.stringify(back)).not.toContain('kubeconfigs/aws"');
  });
});
