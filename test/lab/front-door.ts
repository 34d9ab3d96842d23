/** The front door on real parts: a registry that tells of a push, a link that approves, and a sink that hears of it. */
import { beforeEach, describe, expect, it } from '@jest/globals';
import { fileURLToPath } from 'node:url';
import { approveByLink, openDoor, openSink, pushed } from '../../cli/lab/demo-door.ts';
import { limits } from '../support/limits.ts';
import type { Stage } from './stage.ts';

const script = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));

export function frontDoor(given: () => Stage): void {
  describe('the front door', () => {
    beforeEach(() => given().settle(), limits.labTest);

    it(
      'a push starts a rollout, a link approves it once, and a sink hears of all that',
      async () => {
        const { basket, rig, lab } = given();
        const version = basket.newVersion();
        const scene = { lab, io: rig.io, service: 'basket', version, script };
        const sink = await openSink(rig.io);
        const shut = await openDoor(scene, sink);
        try {
          const { handle } = await pushed(scene, sink, rig.client);
          await approveByLink(scene, sink);
          const { data } = await sink.heard('dev.tidegate.rollout.ended', limits.rollout);
          expect(data).toMatchObject({ outcome: 'promoted', version, service: 'basket' });
          expect(await handle.result()).toMatchObject({ outcome: 'promoted' });
          const { out } = await rig.tidegate('events', 'tail');
          expect(out).toMatch(/started .*shop\/basket .*dev\.tidegate\.image\.pushed of lab-registry/);
        } finally {
          await shut();
          await sink.close();
        }
      },
      limits.labTest,
    );
  });
}
