import { mkdtemp, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createFrontDoorConfig, type FrontDoorFiles } from '../../../platform/config/front-door.ts';
import { assertEventually } from '../../support/eventually.ts';
import { writeDoorConfig } from '../../support/door-config.ts';

describe('the config of the front door', () => {
  let directory: string;
  let nowMs: number;
  let ask: () => Promise<FrontDoorFiles>;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tidegate-door-'));
    nowMs = 0;
    ask = createFrontDoorConfig({ directory, now: () => nowMs });
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('is the events of the files, and the services that they may name', async () => {
    await writeDoorConfig(directory);
    expect(await ask()).toMatchObject({
      events: { senders: [{ name: 'ci' }], triggers: [{ name: 'on-push' }] },
      services: [{ mesh: 'shop', namespace: 'shop', service: 'checkout' }],
      fault: '',
    });
  });

  it('is looked at once a second, without a wait, and parsed only where a file has changed', async () => {
    await writeDoorConfig(directory);
    const { events } = await ask();
    await unlink(join(directory, 'door-2.yaml'));
    nowMs = 999;
    expect((await ask()).events).toBe(events);
    nowMs = 1_000;
    // This request is the reason for the look, and has its answer before the look has ended.
    expect((await ask()).events).toBe(events);
    await assertEventually(async () => expect((await ask()).events.triggers).toEqual([]));
    const { events: later } = await ask();
    nowMs = 5_000;
    expect((await ask()).events).toBe(later);
  });

  it('goes on with its last good copy while the files have faults, says so, and goes by the files once they are mended', async () => {
    await writeDoorConfig(directory);
    const { events } = await ask();
    await writeFile(join(directory, 'broken.yaml'), 'kind: Trigger\nspec: [');
    for (nowMs = 5_000; nowMs < 20_000; nowMs += 5_000) {
      const { events: kept, fault } = await ask();
      expect([kept, fault]).toEqual([
        events,
        'has faults (tidegate validate shows them); what was read at 1970-01-01T00:00:00.000Z goes on',
      ]);
    }
    await unlink(join(directory, 'broken.yaml'));
    nowMs = 90_000;
    expect((await ask()).fault).toBe('');
  });

  it('lets in no sender that was taken out or given another secret, while another document has a fault', async () => {
    await writeDoorConfig(directory);
    const sender = (name: string, env: string, more: object = {}): Promise<void> =>
      writeFile(
        join(directory, `sender-${name}.yaml`),
        JSON.stringify({
          ...{ apiVersion: 'tidegate.dev/v1alpha1', kind: 'Sender', metadata: { name } },
          spec: { type: 'cloudevents', secrets: [{ env }], ...more },
        }),
      );
    const known = async () =>
      (await ask()).events.senders.map(({ name, secrets }) => `${name} ${JSON.stringify(secrets)}`);
    await Promise.all([sender('left', 'A'), sender('turned', 'A'), sender('slipped', 'A')]);
    expect(await known()).toHaveLength(4);
    await Promise.all([
      writeFile(join(directory, 'broken.yaml'), JSON.stringify({ kind: 'Trigger', metadata: { name: 'x' }, spec: {} })),
      unlink(join(directory, 'sender-left.yaml')),
      sender('turned', 'B'),
      sender('slipped', 'B', { nonsense: 1 }),
    ]);
    nowMs = 5_000;
    expect(await known()).toEqual(['ci [{"env":"CI_TOKEN"}]', 'slipped [{"env":"A"}]', 'turned [{"env":"B"}]']);
    expect((await ask()).fault).not.toBe('');
    // Any of them may stand in a file that nobody can read.
    await Promise.all([
      writeFile(join(directory, 'broken.yaml'), 'spec: ['),
      unlink(join(directory, 'sender-slipped.yaml')),
      sender('turned', 'C'),
    ]);
    nowMs = 10_000;
    expect(await known()).toEqual(['ci [{"env":"CI_TOKEN"}]', 'slipped [{"env":"A"}]', 'turned [{"env":"C"}]']);
  });

  it('is looked at where the clock was set back: nobody knows for how long', async () => {
    nowMs = 3_600_000;
    await writeDoorConfig(directory);
    expect((await ask()).events.triggers).toHaveLength(1);
    await unlink(join(directory, 'door-2.yaml'));
    nowMs = 0;
    expect((await ask()).events.triggers).toEqual([]);
  });

  it('is not gone by for hours because nobody has come: who comes then waits for a look', async () => {
    await writeDoorConfig(directory);
    expect((await ask()).events.triggers).toHaveLength(1);
    await unlink(join(directory, 'door-2.yaml'));
    nowMs = 5_000;
    expect((await ask()).events.triggers).toEqual([]);
  });

  it('is unavailable, and not wrong for ever, where there has been no good copy: senders come again', async () => {
    await expect(ask()).rejects.toMatchObject({ code: 'Unavailable' });
    await writeFile(join(directory, 'mesh.yaml'), 'kind: Mesh');
    await expect(ask()).rejects.toMatchObject({ code: 'Unavailable' });
    await unlink(join(directory, 'mesh.yaml'));
    await writeDoorConfig(directory);
    expect((await ask()).fault).toBe('');
  });

  it('is read once for all requests that come together', async () => {
    await writeDoorConfig(directory);
    const all = await Promise.all(Array.from({ length: 20 }, () => ask()));
    expect(new Set(all.map(({ events }) => events)).size).toBe(1);
  });
});
