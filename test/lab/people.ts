/** People in the way of a rollout: they abort, approve, pause, start twice, and kill what they should not. */
import { beforeEach, describe, expect, it } from '@jest/globals';
import { assertEventually } from '../support/eventually.ts';
import { itInFull } from '../support/full.ts';
import { limits } from '../support/limits.ts';
import type { Stage } from './stage.ts';

export function people(stage: () => Stage): void {
  describe('people', () => {
    beforeEach(() => stage().settle(), limits.labTest);

    it(
      'abort in mid-bake: the traffic goes back at once, not at the end of the bake',
      async () => {
        const { basket } = stage();
        const before = await basket.allShares();
        const since = Date.now();
        await basket.configure({ canary: [50, 100], rest: [100], bake: '10m' });
        await basket.deploy(basket.newVersion());
        await basket.until(({ phase }) => phase === 'baking');
        await basket.say('abort', { reason: 'changed my mind' });
        const status = await basket.end();
        expect(status).toMatchObject({ outcome: 'restored', proof: { result: 'verified' } });
        expect(status.reason).toContain('changed my mind');
        expect(await basket.allShares()).toEqual(before);
        expect((await basket.clientsSaw(since)).failuresOutside()).toEqual([]);
      },
      limits.labTest,
    );

    it(
      'approve a gate, pause and resume; meanwhile nobody can start a second rollout of the same part',
      async () => {
        const { basket } = stage();
        const version = basket.newVersion();
        await basket.configure({ canary: [[20, 'approve'], 100], rest: [100] });
        await basket.deploy(version);
        await basket.until(({ phase }) => phase === 'gated');
        await expect(basket.deploy(basket.newVersion())).rejects.toMatchObject({
          code: 'Conflict',
          message: expect.stringContaining('one change at a time'),
        });
        expect(await basket.shares('aws-us-east-1')).toMatchObject({ [version]: 200_000 });
        await basket.say('pause', { reason: 'lunch' });
        await basket.say('approve', { reason: 'looks good' });
        await basket.until(({ phase }) => phase === 'paused');
        await basket.requests(300);
        expect(await basket.shares('aws-us-east-1')).toMatchObject({ [version]: 200_000 });
        await basket.say('resume', { reason: 'back from lunch' });
        expect(await basket.end()).toMatchObject({ outcome: 'promoted' });
        expect(await basket.allShares()).toEqual(basket.whole(version));
      },
      limits.labTest,
    );

    itInFull(
      'terminate a rollout: nobody has to say anything, the traffic goes back and the next deploy is taken',
      async () => {
        const { basket } = stage();
        const before = await basket.allShares();
        await basket.configure({ canary: [50, 100], rest: [100], bake: '10m' });
        const run = await basket.deploy(basket.newVersion());
        await basket.until(({ phase }) => phase === 'baking');
        expect(await basket.allShares()).not.toEqual(before);
        await run.terminate('by a hasty person');
        await assertEventually(async () => expect(await basket.allShares()).toEqual(before), limits.phase);
        expect(await basket.end()).toMatchObject({ kind: 'restore', outcome: 'restored' });
        await basket.configure({ canary: [100], rest: [100] });
        const version = basket.newVersion();
        await basket.deploy(version);
        expect(await basket.end()).toMatchObject({ outcome: 'promoted', version });
      },
      limits.labTest,
    );

    it(
      'restore --from-cluster with the worker dead; the run that wakes up later cannot move the traffic again',
      async () => {
        const { basket, rig } = stage();
        const before = await basket.allShares();
        const version = basket.newVersion();
        await basket.configure({ canary: [50, 100], rest: [100], bake: '3s' });
        await basket.deploy(version);
        await basket.until(({ phase }) => phase === 'baking');
        await rig.lab.worker.kill();
        const { code, out } = await rig.tidegate('restore', 'basket', '--from-cluster');
        expect({ code, out }).toMatchObject({ code: 3, out: expect.stringContaining('aws-us-east-1') });
        expect(await basket.allShares()).toEqual(before);
        // Written is not yet in force: the last weights take a moment to reach the Envoys.
        await basket.requests(120);
        const after = await basket.requests(300);
        expect(after.byVersion()).not.toHaveProperty(version);
        await rig.startWorker();
        // It finds another writer's record, goes no further, and takes the way back itself.
        expect(await basket.end()).toMatchObject({ outcome: 'restored', reason: expect.stringContaining('run cli-') });
        expect(await basket.allShares()).toEqual(before);
      },
      limits.labTest,
    );
  });
}
