/** An object with a fault in a hub: what it must not take with it. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { identityOfNamed } from '../../../cli/rollouts/named-service.ts';
import { createConfigLoader, type ConfigLoader } from '../../../platform/config/load.ts';
import { ownMeshes } from '../../../worker/mesh-config.ts';
import { createFrontDoorConfig } from '../../../platform/config/front-door.ts';
import { createHubStatuses } from '../../../worker/hub-status.ts';
import { assertEventually } from '../../support/eventually.ts';
import { textIo } from '../../support/text-io.ts';
import { type FakeHub, hubMesh, hubService, startFakeHub } from '../../support/fake-hub.ts';

/** Of a test on a machine that others use, ms. */
const LIMIT_MS = 60_000;

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
  it(
    'names one with a fault as it was when it was right',
    async () => {
      await loader.loadServices({});
      faulty('cart');
      expect(await listed()).toEqual(['cart', 'checkout']);
      faulty('cart', { mesh: 'shopp' });
      expect(await listed()).toEqual(['cart', 'checkout']);
      expect((await loader.loadServices({})).services).toHaveLength(1);
    },
    LIMIT_MS,
  );

  it(
    'does not name one that is gone while another has a fault',
    async () => {
      await loader.loadServices({});
      hub.objects = [hubMesh(), hubService('cart', { nonsense: 1 })];
      expect(await listed()).toEqual(['cart']);
    },
    LIMIT_MS,
  );

  it(
    'is refused by name where one was never right, unless it was not asked for',
    async () => {
      faulty('cart');
      await expect(listed()).rejects.toMatchObject({
        code: 'Invalid',
        message: expect.stringMatching(/^these objects .*\nshop\/Service\/cart: spec\.nonsense/),
      });
      expect(await listed({ service: 'checkout' })).toEqual(['checkout']);
      expect(await listed({ namespace: 'elsewhere' })).toEqual([]);
      hub.objects = [hubMesh(), hubMesh('other'), hubService('cart', { mesh: 'other', nonsense: 1 })];
      expect(await listed({ mesh: 'shop' })).toEqual([]);
    },
    LIMIT_MS,
  );

  it(
    'is refused where the mesh has a fault: another one is not meant',
    async () => {
      hub.objects = [hubMesh(), hubMesh('other', { kubeconfig: { path: 'relative' } })];
      await expect(listed()).rejects.toThrow('Mesh/other: ');
    },
    LIMIT_MS,
  );
});

describe('a Mesh that names a file that cannot be there', () => {
  it(
    'leads nobody to a cluster: ways back go by how it was',
    async () => {
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
    },
    LIMIT_MS,
  );
});

describe('a front door', () => {
  const sender = { kind: 'Sender', metadata: { name: 'ci' }, spec: { type: 'cloudevents', secrets: [{ env: 'T' }] } };
  const trigger = (spec: object = {}) => ({
    ...{ kind: 'Trigger', metadata: { name: 'on-push' } },
    spec: { senders: ['ci'], services: ['shop/checkout'], action: { type: 'undo' }, ...spec },
  });
  const doorOf = () => {
    let nowMs = 0;
    const ask = createFrontDoorConfig({ directory: hub.place, now: () => nowMs });
    return async () => {
      nowMs += 10_000;
      const { events, services, fault } = await ask();
      const names = [...events.senders, ...events.triggers].map(({ name }) => name);
      return { names, services: services.map(({ service }) => service).toSorted(), fault };
    };
  };

  it(
    'drops nothing that has a fault, says so, and drops what was taken out',
    async () => {
      hub.objects = [hubMesh(), hubService('checkout'), sender, trigger()];
      const door = doorOf();
      expect(await door()).toEqual({ names: ['ci', 'on-push'], services: ['checkout'], fault: '' });
      hub.objects = [hubMesh(), hubService('checkout', { nonsense: 1 }), hubService('cart'), sender, trigger()];
      const fault = expect.stringContaining('or are left out: Trigger on-push, Service checkout');
      await assertEventually(async () =>
        expect(await door()).toEqual({ names: ['ci', 'on-push'], services: ['cart', 'checkout'], fault }),
      );
      expect((await door()).names).toEqual(['ci', 'on-push']);
      hub.objects = [hubMesh(), hubService('checkout', { nonsense: 1 }), trigger()];
      await assertEventually(async () =>
        expect(await door()).toMatchObject({ names: ['on-push'], services: ['checkout'] }),
      );
    },
    LIMIT_MS,
  );

  it(
    'goes on by its copy while the hub hangs',
    async () => {
      hub.objects = [hubMesh(), hubService('checkout')];
      const door = doorOf();
      await door();
      hub.state = 'hangs';
      const sinceMs = performance.now();
      expect(await door()).toMatchObject({ services: ['checkout'], fault: expect.stringContaining('does not answer') });
      expect(performance.now() - sinceMs).toBeLessThan(20_000);
    },
    LIMIT_MS,
  );
});

describe('the status of objects', () => {
  it(
    'is written to all but the one that cannot be, and not by who has read an older spec',
    async () => {
      hub.objects = [hubMesh(), hubService('a'), hubService('b'), hubService('c')];
      hub.refusing.add('a');
      const readObjects = async () => {
        const found = await loader.readObjects();
        hub.objects = hub.objects.map((one) =>
          one.metadata.name === 'c'
            ? { ...one, metadata: { ...one.metadata, generation: (one.metadata.generation ?? 1) + 1 } }
            : one,
        );
        return found;
      };
      const statuses = createHubStatuses({
        ...{ directory: hub.place, config: { readObjects }, nowMs: () => 0, warn: () => undefined },
      });
      await statuses?.close();
      await expect(statuses?.look()).rejects.toMatchObject({ code: expect.any(String) });
      const written = hub.api.seen.filter(({ method }) => method === 'PATCH').map(({ path }) => path.split('/').at(-2));
      expect([...new Set(written)].toSorted()).toEqual(['b', 'shop']);
    },
    LIMIT_MS,
  );
});

describe('sinks', () => {
  it(
    'go on as they were read last while the hub cannot be asked',
    async () => {
      const sink = { kind: 'Sink', metadata: { name: 'team' }, spec: { type: 'slack', urlFrom: { env: 'SLACK' } } };
      hub.objects = [hubMesh(), sink];
      expect(await loader.readSinks()).toHaveLength(2);
      hub.state = 'shut';
      expect(await loader.readSinks()).toHaveLength(2);
      await expect(createConfigLoader({ directory: hub.place }).readSinks()).rejects.toMatchObject({ code: /./ });
    },
    LIMIT_MS,
  );
});

describe('the service that a command names', () => {
  const named = (place: string) => identityOfNamed({ service: 'cart' }, textIo({ TIDEGATE_CONFIG: place }));

  it(
    'is found in a hub, also while it has a fault; of a hub that is away the remedy is to say where it is',
    async () => {
      faulty('cart');
      expect(await named(hub.place)).toEqual({ mesh: 'shop', namespace: 'shop', service: 'cart' });
      hub.state = 'shut';
      await expect(named(hub.place)).rejects.toMatchObject({ fix: expect.stringContaining('--namespace') });
    },
    LIMIT_MS,
  );
});
