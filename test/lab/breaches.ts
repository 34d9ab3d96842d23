/** A version that fails its clients goes back, wherever in the plan it begins to fail. */
import { beforeEach, describe, expect, it } from '@jest/globals';
import { WHOLE } from '../../core/values/share.ts';
import { itInFull } from '../support/full.ts';
import { limits } from '../support/limits.ts';
import type { Stage } from './stage.ts';

export function breaches(stage: () => Stage): void {
  describe('breach', () => {
    beforeEach(() => stage().settle(), limits.labTest);

    it(
      'at the first step: the fewest users see it, and the second wave never starts',
      async () => {
        const { basket, lab } = stage();
        const before = await basket.allShares();
        const since = Date.now();
        const version = basket.newVersion();
        await basket.configure({ canary: [20, 100], rest: [100] });
        await lab.break('errors', 'basket', version, '--ratio', '0.5');
        await basket.deploy(version);
        expect(await basket.end()).toMatchObject({
          outcome: 'restored',
          wave: 1,
          step: 1,
          proof: { result: 'verified' },
        });
        expect(await basket.allShares()).toEqual(before);
        const all = await basket.clientsSaw(since);
        expect(all.failuresOutside(version)).toEqual([]);
        expect(all.byVersion('gcp-europe-west1')).not.toHaveProperty(version);
      },
      limits.labTest,
    );

    itInFull(
      'in the second wave: the first wave goes back too, since a version is proven everywhere or nowhere',
      async () => {
        const { basket, lab } = stage();
        const before = await basket.allShares();
        const since = Date.now();
        const version = basket.newVersion();
        await basket.configure({ canary: [100], rest: [50, 100] });
        await lab.break('errors', 'basket', version, '--ratio', '0.5', '--cluster', 'gcp-europe-west1');
        await basket.deploy(version);
        expect(await basket.end()).toMatchObject({ outcome: 'restored', wave: 2, step: 1, takenBack: [] });
        expect(await basket.allShares()).toEqual(before);
        const after = await basket.requests(300);
        expect(after.byVersion()).not.toHaveProperty(version);
        expect((await basket.clientsSaw(since)).failuresOutside(version)).toEqual([]);
      },
      limits.labTest,
    );

    itInFull(
      'at the last step: at 100 % nothing is left to compare with, so the objective alone decides',
      async () => {
        const { basket, lab } = stage();
        const before = await basket.allShares();
        const since = Date.now();
        const version = basket.newVersion();
        await basket.configure({ canary: [100], rest: [100], bake: '4s' });
        await basket.deploy(version);
        await basket.until(({ wave, step, steps, phase }) => wave === 2 && step === steps && phase === 'baking');
        await lab.break('errors', 'basket', version, '--ratio', '0.3');
        expect(await basket.end()).toMatchObject({ outcome: 'restored', wave: 2 });
        expect(await basket.allShares()).toEqual(before);
        expect((await basket.clientsSaw(since)).failuresOutside(version)).toEqual([]);
      },
      limits.labTest,
    );

    it(
      'in one cluster with onBreach: cluster: its wave goes back, and clusters that had finished their bake keep the version',
      async () => {
        const { basket, lab } = stage();
        const before = await basket.allShares();
        const since = Date.now();
        const version = basket.newVersion();
        await basket.configure({ canary: [100], rest: [100], onBreach: 'cluster', bake: '4s' });
        await lab.break('errors', 'basket', version, '--ratio', '0.5', '--cluster', 'gcp-europe-west1');
        await basket.deploy(version);
        expect(await basket.end()).toMatchObject({
          outcome: 'partial',
          takenBack: ['gcp-europe-west1', 'onprem-fra1'],
        });
        const wanted = { ...before, 'aws-us-east-1': { [version]: WHOLE } };
        expect(await basket.allShares()).toEqual(wanted);
        const { versions } = await basket.record('aws-us-east-1');
        expect(versions.proven?.['aws-us-east-1']).toMatchObject({ [version]: WHOLE });
        const after = await basket.requests(300);
        expect(after.byVersion('aws-us-east-1')).toEqual({ [version]: expect.any(Number) });
        for (const cluster of ['gcp-europe-west1', 'onprem-fra1'])
          expect(after.byVersion(cluster)).not.toHaveProperty(version);
        expect((await basket.clientsSaw(since)).failuresOutside(version)).toEqual([]);
      },
      limits.labTest,
    );
  });
}
