/** Between two writes of one step, and before the first share: nobody meets a version that is not watched. */
import { beforeEach, describe, expect, it } from '@jest/globals';
import { assertEventually } from '../support/eventually.ts';
import { limits } from '../support/limits.ts';
import type { Stage } from './stage.ts';

export function gaps(stage: () => Stage): void {
  describe('without a gap', () => {
    beforeEach(() => stage().settle(), limits.labTest);

    it(
      'a breach between the writes of one step, one cluster hanging: verdict and restore do not wait for it',
      async () => {
        const { basket, lab } = stage();
        const before = await basket.allShares();
        const tookMs = async (hangs: boolean): Promise<number> => {
          const version = basket.newVersion();
          const since = Date.now();
          await basket.configure({ rest: [20, 100], bake: '30s' });
          await lab.break('errors', 'basket', version, '--ratio', '0.5');
          await basket.deploy(version);
          await basket.until(({ phase }) => phase === 'entering');
          await basket.say('pause', { reason: 'until one hangs' });
          await basket.until(({ phase }) => phase === 'paused');
          if (hangs) await lab.break('api-server', 'onprem-fra1', 'hung');
          await basket.say('resume', { reason: 'it hangs' });
          const seen = await basket.until(({ moments }) => moments.verdict !== null);
          const { report } = await basket.clientsSaw(since);
          expect(seen.reason).toContain('breach');
          if (hangs) {
            const back = await basket.until(({ outstanding }) => outstanding.join() === 'onprem-fra1');
            expect(back.phase).toBe('restoring');
            expect(await basket.shares('aws-us-east-1')).toEqual(before['aws-us-east-1']);
            await lab.break('api-server', 'onprem-fra1', 'heal');
          }
          expect(await basket.end()).toMatchObject({ outcome: 'restored' });
          expect((await basket.clientsSaw(since)).failuresOutside(version)).toEqual([]);
          return (seen.moments.verdict ?? Infinity) - (report.firstBad[version] ?? Infinity);
        };
        const alone = await tookMs(false);
        const beside = await tookMs(true);
        const text = (ms: number): string => (ms / 1_000).toFixed(1);
        process.stderr.write(`first bad answer to verdict: ${text(alone)} s, one hanging ${text(beside)} s\n`);
        expect(beside).toBeLessThan(30_000);
        expect(await basket.allShares()).toEqual(before);
      },
      limits.labTest,
    );

    it(
      'an entry that Prometheus cannot tell of: no share is given, and it goes on by itself when it answers again',
      async () => {
        const { basket, lab } = stage();
        const since = Date.now();
        const version = basket.newVersion();
        await basket.configure({ canary: [100], rest: [100] });
        await basket.deploy(version);
        await basket.until(({ phase }) => phase === 'preparing');
        await lab.break('prometheus', 'dead');
        const held = await basket.until(({ phase }) => phase === 'needs-person', limits.rollout);
        expect(held.reason).toMatch(/not every Envoy has said that it knows/);
        expect((await basket.clientsSaw(since)).byVersion()).not.toHaveProperty(version);
        await lab.break('prometheus', 'heal');
        await assertEventually(async () => expect((await basket.status()).phase).toBe('baking'), limits.phase);
        expect(await basket.end()).toMatchObject({ outcome: 'promoted' });
        expect((await basket.clientsSaw(since)).failuresOutside()).toEqual([]);
      },
      limits.labTest,
    );
  });
}
