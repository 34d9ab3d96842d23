/** The main job, told once from adoption to release, on the service `checkout` and under traffic that never stops. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { LabRig } from '../support/lab-rig.ts';
import { limits } from '../support/limits.ts';
import { clusters, labService, modestRate, type LabService } from './lab-service.ts';

export function tellStory(rig: () => LabRig): void {
  describe('the whole story, under traffic', () => {
    let checkout: LabService;
    let begun: number;

    beforeAll(async () => {
      checkout = labService(rig(), 'checkout');
      begun = Date.now();
      await rig().lab.traffic.start({ service: 'checkout', rate: modestRate });
      await checkout.configure({ canary: [20, 50, 100], rest: [50, 100], warm: '10m' });
      await checkout.measured();
    }, limits.labTest);

    afterAll(() => rig().lab.traffic.stop());

    it(
      'adopts a running service: the same version serves, through Envoy from now on',
      async () => {
        await checkout.begin({ kind: 'adopt' });
        expect(await checkout.end()).toMatchObject({ outcome: 'promoted', version: 'v1' });
        expect(await checkout.allShares()).toEqual(checkout.whole('v1'));
      },
      limits.labTest,
    );

    it(
      'deploys v2 through two waves to promotion',
      async () => {
        await checkout.deploy('v2');
        const status = await checkout.end();
        expect(status).toMatchObject({ outcome: 'promoted', waves: 2, proof: { result: 'verified' } });
        expect(await checkout.allShares()).toEqual(checkout.whole('v2'));
      },
      limits.labTest,
    );

    it(
      'takes v3 back when it begins to fail at its second step, and proves by the traffic that it is gone',
      async () => {
        await checkout.deploy('v3');
        await checkout.until(({ step, phase }) => step === 2 && phase === 'baking');
        await rig().lab.break('errors', 'checkout', 'v3', '--ratio', '0.3');
        const status = await checkout.end();
        expect(status).toMatchObject({ outcome: 'restored', proof: { result: 'verified' } });
        expect(status.reason).toContain('breach');
        expect(await checkout.allShares()).toEqual(checkout.whole('v2'));
        const after = await checkout.requests(500);
        expect(after.byVersion()).toEqual({ v2: after.requests });
      },
      limits.labTest,
    );

    it(
      'deploys v4 after the breach as if nothing had happened',
      async () => {
        await checkout.configure({ canary: [50, 100], rest: [100], warm: '10m' });
        await checkout.deploy('v4');
        expect(await checkout.end()).toMatchObject({ outcome: 'promoted' });
        expect(await checkout.allShares()).toEqual(checkout.whole('v4'));
      },
      limits.labTest,
    );

    it(
      'undoes v4 in one step while v2 is warm',
      async () => {
        await checkout.begin({ kind: 'undo' });
        expect(await checkout.end()).toMatchObject({ outcome: 'promoted', version: 'v2', steps: 1 });
        const after = await checkout.requests(500);
        expect(after.byVersion()).toEqual({ v2: after.requests });
      },
      limits.labTest,
    );

    it(
      'gives the service back: no route of ours is left and the proven version still serves',
      async () => {
        await checkout.begin({ kind: 'release' });
        expect(await checkout.end()).toMatchObject({ outcome: 'released' });
        for (const cluster of clusters) await expect(checkout.cec(cluster)).rejects.toThrow('404');
        const after = await checkout.requests(500);
        expect(after.byVersion()).toEqual({ v2: after.requests });
      },
      limits.labTest,
    );

    it('and in all of it clients saw no failure but those of v3', async () => {
      const all = await checkout.clientsSaw(begun);
      expect(all.failuresOutside('v3')).toEqual([]);
      expect(all.failed()).toBeGreaterThan(0);
      expect(all.requests).toBeGreaterThan(10_000);
    });
  });
}
