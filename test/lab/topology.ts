/** Calls move between clusters under traffic, and beside a deploy of the same service. */
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import type { RolloutResult } from '../../core/contract/messages.ts';
import { assertEventually } from '../support/eventually.ts';
import { limits } from '../support/limits.ts';
import { clusters, type Seen } from './lab-service.ts';
import type { Stage } from './stage.ts';

const [aws, gcp] = clusters;

export function topology(given: () => Stage): void {
  describe('topology apply', () => {
    beforeEach(() => given().settle(), limits.labTest);

    /** Requests of aws that gcp answered, of all of aws, in percent. */
    const shareOfGcp = ({ report }: Seen): number => {
      const own = report.groups.filter(({ client }) => client === aws);
      const count = (groups: typeof own): number => groups.reduce((sum, one) => sum + one.count, 0);
      return (100 * count(own.filter(({ serving }) => serving === gcp))) / count(own);
    };

    const move = (): Promise<WorkflowHandle> => given().basket.begin({ kind: 'topology' });

    const resultOf = async (run: WorkflowHandle): Promise<RolloutResult> => (await run.result()) as RolloutResult;

    it(
      'lets a client call another cluster, moves on beside a deploy that is aborted, and comes back: no request is lost',
      async () => {
        const { basket, rig } = given();
        const since = Date.now();
        const even = { [aws]: { [aws]: 50, [gcp]: 50 } };
        await basket.configure({ canary: [[50, 'approve'], 100], rest: [100], topology: even });
        expect(await rig.tidegate('topology', 'apply', 'basket')).toMatchObject({ code: 0 });
        const shown = await rig.tidegate('rollout', 'status', 'basket', '--part', 'topology');
        expect(shown.out).toContain('new topology is proven everywhere');
        expect((await basket.record(aws)).topology.proven).toEqual({ [aws]: 500_000, [gcp]: 500_000 });
        expect(Math.abs(shareOfGcp(await basket.requests(1_000)) - 50)).toBeLessThan(8);

        // Both parts at once: each under its own lock.
        await basket.deploy(basket.newVersion());
        await basket.until(({ phase }) => phase === 'gated');
        const most = { [aws]: { [aws]: 20, [gcp]: 80 } };
        await basket.configure({ canary: [[50, 'approve'], 100], rest: [100], topology: most });
        const beside = await move();
        await basket.say('abort', { reason: 'the other part goes on' });
        expect(await basket.end()).toMatchObject({ outcome: 'restored' });
        expect(await resultOf(beside)).toMatchObject({ outcome: 'promoted' });
        expect(Math.abs(shareOfGcp(await basket.requests(1_000)) - 80)).toBeLessThan(8);

        await basket.configure({ canary: [100], rest: [100] });
        expect(await resultOf(await move())).toMatchObject({ outcome: 'promoted' });
        // The settler lets go of what is called no more, once it has drained.
        await assertEventually(async () => {
          const { topology: calls, versions } = await basket.record(aws);
          expect([calls.current, Object.keys(versions.proven ?? {})]).toEqual([{ [aws]: 1_000_000 }, [aws]]);
        }, limits.phase);
        expect(shareOfGcp(await basket.requests(500))).toBe(0);
        expect((await basket.clientsSaw(since)).failuresOutside()).toEqual([]);
      },
      limits.labTest,
    );
  });
}
