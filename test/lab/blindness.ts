/** Without numbers there is no verdict: the rollout holds, and never takes silence for health. */
import { beforeEach, describe, expect } from '@jest/globals';
import { itInFull } from '../support/full.ts';
import { limits } from '../support/limits.ts';
import { clusters, modestRate } from './lab-service.ts';
import type { Stage } from './stage.ts';

/** How long Prometheus is dead: the bake of 3 s would be over many times. */
const outageS = 30;

export function blindness(stage: () => Stage): void {
  describe('without numbers', () => {
    beforeEach(() => stage().settle(), limits.labTest);

    itInFull(
      'a dead Prometheus holds a healthy canary, and the rollout goes on when it is back',
      async () => {
        const { basket, lab } = stage();
        const version = basket.newVersion();
        const since = Date.now();
        await basket.configure({ canary: [100], rest: [100], bake: '3s', maxUnknown: '3m' });
        await basket.deploy(version);
        await basket.until(({ phase }) => phase === 'baking');
        await lab.break('prometheus', 'dead');
        await basket.requests(outageS * modestRate * clusters.length);
        expect(await basket.status()).toMatchObject({ phase: 'baking', wave: 1, step: 1, outcome: null });
        await lab.break('prometheus', 'heal');
        expect(await basket.end()).toMatchObject({ outcome: 'promoted' });
        expect((await basket.clientsSaw(since)).failuresOutside()).toEqual([]);
      },
      limits.labTest,
    );

    itInFull(
      'no traffic is untested and unknown, never healthy: a person is asked',
      async () => {
        const { basket, lab } = stage();
        const before = await basket.allShares();
        await basket.configure({ canary: [50, 100], rest: [100], maxUnknown: '3s' });
        await lab.traffic.stop();
        await basket.deploy(basket.newVersion());
        const status = await basket.until(({ phase }) => phase === 'needs-person');
        expect(status).toMatchObject({ wave: 1, step: 1, outcome: null, proof: { result: 'untested' } });
        expect(status.readings.map(({ verdict }) => verdict)).not.toContain('healthy');
        await basket.say('abort', { reason: 'nobody can tell' });
        expect(await basket.end()).toMatchObject({ outcome: 'restored', proof: { result: 'untested' } });
        expect(await basket.allShares()).toEqual(before);
      },
      limits.labTest,
    );
  });
}
