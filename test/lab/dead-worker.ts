/** The worker dies without a word; Temporal keeps the state, so another one goes on where it ended. */
import { beforeEach, describe, expect, it } from '@jest/globals';
import { itInFull } from '../support/full.ts';
import { limits } from '../support/limits.ts';
import type { Stage } from './stage.ts';

export function deadWorker(stage: () => Stage): void {
  describe('a worker killed with -9', () => {
    beforeEach(() => stage().settle(), limits.labTest);

    itInFull(
      'in mid-bake: the traffic stays as it is, and the rollout goes on to promotion with the next worker',
      async () => {
        const { basket, rig } = stage();
        const since = Date.now();
        const version = basket.newVersion();
        await basket.configure({ canary: [50, 100], rest: [100], bake: '3s' });
        await basket.deploy(version);
        await basket.until(({ phase }) => phase === 'baking');
        await rig.lab.worker.kill();
        await basket.requests(300);
        expect(await basket.shares('aws-us-east-1')).toMatchObject({ [version]: 500_000 });
        await rig.startWorker();
        expect(await basket.end()).toMatchObject({ outcome: 'promoted' });
        expect(await basket.allShares()).toEqual(basket.whole(version));
        expect((await basket.clientsSaw(since)).failuresOutside()).toEqual([]);
      },
      limits.labTest,
    );

    it(
      'in mid-restore: the next worker completes the way back, also in the cluster that was out of reach',
      async () => {
        const { basket, lab, rig } = stage();
        const before = await basket.allShares();
        await basket.configure({ canary: [100], rest: [50, 100], bake: '10m' });
        await basket.deploy(basket.newVersion());
        await basket.until(({ phase }) => phase === 'baking');
        await basket.say('promote', { reason: 'straight to the last step of the wave, its pin' });
        await basket.until(({ phase, reason }) => phase === 'baking' && reason.startsWith('callers past Envoy'));
        await basket.say('promote', { reason: 'straight to the second wave' });
        await basket.until(({ phase, wave }) => phase === 'baking' && wave === 2);
        await lab.break('api-server', 'onprem-fra1', 'hung');
        await basket.say('abort', { reason: 'not good' });
        await basket.until(({ outstanding }) => outstanding.length === 1 && outstanding[0] === 'onprem-fra1');
        await rig.lab.worker.kill();
        await lab.break('api-server', 'onprem-fra1', 'heal');
        expect(await basket.allShares()).not.toEqual(before);
        await rig.startWorker();
        expect(await basket.end()).toMatchObject({ outcome: 'restored', outstanding: [] });
        expect(await basket.allShares()).toEqual(before);
      },
      limits.labTest,
    );
  });
}
