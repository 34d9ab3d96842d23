/** A typo in another team's document blocks no way back. */
import { describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { wayBackKinds } from '../../../core/rollout/change.ts';
import { createConfigLoader, type ConfigLoader } from '../../../platform/config/load.ts';
import { meshText, serviceText } from './documents.ts';

interface Scene {
  readonly loader: ConfigLoader;
  readonly write: (name: string, text: string) => Promise<void>;
  readonly remove: (name: string) => Promise<void>;
}

async function inFolder(files: Readonly<Record<string, string>>, use: (scene: Scene) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'tidegate-config-'));
  const write = (name: string, text: string): Promise<void> => writeFile(join(directory, name), text);
  try {
    for (const [name, text] of Object.entries(files)) await write(name, text);
    await use({ loader: createConfigLoader({ directory }), write, remove: (name) => rm(join(directory, name)) });
  } finally {
    await rm(directory, { recursive: true });
  }
}

const mine = { 'mesh.yaml': meshText, 'checkout.yaml': serviceText('  rollout: { drain: 7s }\n') };
const service = 'checkout';

describe('faults of other documents', () => {
  const faults: readonly [string, string][] = [
    ['an unknown key', serviceText('  warm: 1h\n', 'basket')],
    ['broken YAML', 'spec: [\n'],
    ['a kind that is none of ours', 'apiVersion: v1\nkind: ConfigMap\n'],
    ['a template that is not there', serviceText('  template: ./nowhere.yaml\n', 'basket')],
    ['a mesh that is not there', serviceText('', 'basket').replace('mesh: shop', 'mesh: shpo')],
    ['a second mesh with a fault of its own', meshText.replace('name: shop', 'name: other').replace('id: 1', 'id: 0')],
  ];
  it.each(faults)(
    '%s: ways back are planned with what is whole, and say so; a deploy is refused',
    async (_name, text) => {
      await inFolder({ ...mine, 'basket.yaml': text }, async ({ loader }) => {
        await expect(loader.load({ service })).rejects.toMatchObject({ code: 'Invalid' });
        for (const wayBack of wayBackKinds) {
          const config = await loader.load({ service, wayBack });
          expect(config.service.drainMs).toBe(7_000);
          expect(config.mesh.clusters).toHaveLength(3);
          expect(config.notes).toEqual([
            expect.stringMatching(/^the config has 1 fault elsewhere, .*basket\.yaml:\d+/),
          ]);
        }
      });
    },
  );

  it('a whole config has no notes: nothing was passed over', async () => {
    await inFolder(mine, async ({ loader }) => {
      const [strict, back] = [await loader.load({ service }), await loader.load({ service, wayBack: 'restore' })];
      expect(back).toEqual(strict);
    });
  });

  it('the own template that is gone is in nobody’s way: a way back makes no version', async () => {
    await inFolder({ ...mine, 'checkout.yaml': serviceText('  template: ./gone.yaml\n') }, async ({ loader }) => {
      expect((await loader.load({ service, wayBack: 'undo' })).service.podTemplate).toBeUndefined();
    });
  });
});

describe('a Service document that cannot be read', () => {
  const broken = serviceText('  warm: 1h\n');

  it('is taken from the last good copy, with its time', async () => {
    await inFolder(mine, async ({ loader, write }) => {
      await loader.load({ service });
      await write('checkout.yaml', broken);
      for (const wayBack of wayBackKinds) {
        const config = await loader.load({ service, wayBack });
        expect(config.service.drainMs).toBe(7_000);
        expect(config.notes?.[0]).toMatch(/checkout\.yaml:6: .*; what was read at 20\d\d-.* is used for this way back/);
      }
    });
  });

  it('keeps a copy at every whole reading, whatever it was for', async () => {
    for (const read of [
      (loader: ConfigLoader) => loader.loadMesh(),
      (loader: ConfigLoader) => loader.loadServices({}),
      (loader: ConfigLoader) => loader.validate([]),
      (loader: ConfigLoader) => loader.load({ service, wayBack: 'undo' }),
    ]) {
      await inFolder(mine, async ({ loader, write }) => {
        await read(loader);
        await write('mesh.yaml', 'spec: [\n');
        expect((await loader.load({ service, wayBack: 'undo' })).mesh.name).toBe('shop');
      });
    }
  });

  it('is not needed by a restore: the records say who serves', async () => {
    await inFolder({ ...mine, 'checkout.yaml': broken }, async ({ loader }) => {
      const config = await loader.load({ service, wayBack: 'restore' });
      expect(config.service).toMatchObject({ name: 'checkout', namespace: 'shop', mesh: 'shop', drainMs: 30_000 });
      expect(config.notes?.[0]).toMatch(/this restore goes by the records and defaults/);
      await expect(loader.load({ service, wayBack: 'undo' })).rejects.toThrow(/checkout\.yaml:6: .*warm/);
    });
  });

  it('that no parser understands, or that is gone, needs its namespace from the caller', async () => {
    await inFolder({ ...mine, 'checkout.yaml': 'spec: [\n' }, async ({ loader, remove }) => {
      const asked = { service, wayBack: 'restore', namespace: 'shop' } as const;
      expect((await loader.load(asked)).service.namespace).toBe('shop');
      await expect(loader.load({ service, wayBack: 'restore' })).rejects.toMatchObject({ code: 'Invalid' });
      await remove('checkout.yaml');
      expect((await loader.load(asked)).notes?.[0]).toMatch(/there is no Service document for checkout/);
    });
  });
});

describe('a Mesh document that cannot be read', () => {
  it('and no copy of it: nothing says where the clusters are, so every way back is refused with its lines', async () => {
    await inFolder({ ...mine, 'mesh.yaml': meshText.replace('id: 1', 'id: 0') }, async ({ loader }) => {
      for (const wayBack of wayBackKinds) {
        await expect(loader.load({ service, namespace: 'shop', wayBack })).rejects.toThrow(/mesh\.yaml:7/);
      }
    });
  });
});
