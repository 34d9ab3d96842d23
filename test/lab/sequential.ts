/** The default judge under traffic: it asks for evidence in both directions. */
import { beforeEach, describe, expect, it } from '@jest/globals';
import { limits } from '../support/limits.ts';
import type { Stage } from './stage.ts';

export function sequential(stage: () => Stage): void {
  describe('the sequential judge', () => {
    beforeEach(() => stage().settle(), limits.labTest);

    it(
      'promotes a good version once enough requests have shown it, however short the bake is',
      async () => {
        const { basket } = stage();
        const version = basket.newVersion();
        await basket.configure({ canary: [20, 100], rest: [100], judge: 'sequential' });
        await basket.deploy(version);
        const early = await basket.until(({ readings, step }) => step === 2 && readings.length > 0);
        // 0 of 298 requests could still be a version at its objective of 1 %, by a chance of 5 %.
        for (const reading of early.readings.filter(({ cluster }) => cluster !== '*'))
          expect(reading).toMatchObject({ verdict: 'healthy', judge: 'sequential', newBad: 0 });
        expect(Math.min(...early.readings.map(({ newTotal }) => newTotal))).toBeGreaterThanOrEqual(299);
        expect(await basket.end()).toMatchObject({ outcome: 'promoted' });
      },
      limits.labTest,
    );

    it(
      'takes a version back that fails 20 % at the first step, by what the old version does in the same time',
      async () => {
        const { basket, lab } = stage();
        const before = await basket.allShares();
        const since = Date.now();
        const version = basket.newVersion();
        await basket.configure({ canary: [20, 100], rest: [100], judge: 'sequential' });
        await lab.break('errors', 'basket', version, '--ratio', '0.2');
        await basket.deploy(version);
        expect(await basket.end()).toMatchObject({
          outcome: 'restored',
          wave: 1,
          step: 1,
          reason: expect.stringMatching(/in the same time.*evidence/),
        });
        expect(await basket.allShares()).toEqual(before);
        expect((await basket.clientsSaw(since)).failuresOutside(version)).toEqual([]);
      },
      limits.labTest,
    );
  });
}
