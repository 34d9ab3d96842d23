/** Pods that report nothing themselves: not ready, crashed, or hung. Kubernetes and the clients' Envoys tell. */
import { beforeEach, describe, expect, it } from '@jest/globals';
import { limits } from '../support/limits.ts';
import type { Stage } from './stage.ts';

export function sickPods(stage: () => Stage): void {
  describe('sick pods', () => {
    beforeEach(() => stage().settle(), limits.labTest);

    it(
      'that never get ready: the progress deadline ends it, and no request was sent to them',
      async () => {
        const { basket, lab } = stage();
        const before = await basket.allShares();
        const since = Date.now();
        const version = basket.newVersion();
        await basket.configure({ canary: [50, 100], rest: [100], progressDeadline: '8s' });
        await lab.break('unready', 'basket', version);
        await basket.deploy(version);
        const status = await basket.end();
        expect(status).toMatchObject({ outcome: 'restored', wave: 1 });
        expect(status.reason).toMatch(/ready/);
        expect(await basket.allShares()).toEqual(before);
        const all = await basket.clientsSaw(since);
        expect(all.byVersion()).not.toHaveProperty(version);
        expect(all.failuresOutside()).toEqual([]);
      },
      limits.labTest,
    );

    for (const [sickness, says] of [
      ['no-image', /ErrImagePull: .*not found/],
      ['no-node', /Unschedulable: 0\/\d nodes are available/],
    ] as const) {
      it(
        `that have ${sickness.replace('-', ' ')}: the pod's own reason ends it within seconds, not the progress deadline`,
        async () => {
          const { basket, lab } = stage();
          const before = await basket.allShares();
          const version = basket.newVersion();
          await basket.configure({ canary: [50, 100], rest: [100], progressDeadline: '5m' });
          await lab.break(sickness, 'basket', version);
          await basket.deploy(version);
          const began = Date.now();
          const status = await basket.end();
          process.stderr.write(`${sickness}: told ${((Date.now() - began) / 1_000).toFixed(1)} s after the start\n`);
          expect(status).toMatchObject({ outcome: 'restored', wave: 1, reason: expect.stringMatching(says) });
          expect(Date.now() - began).toBeLessThan(60_000);
          expect(await basket.allShares()).toEqual(before);
        },
        limits.labTest,
      );
    }

    for (const sickness of ['crash', 'hang'] as const) {
      it(
        `that ${sickness} after they were ready: a breach by Envoy's view, since they say nothing themselves`,
        async () => {
          const { basket, lab } = stage();
          const before = await basket.allShares();
          const since = Date.now();
          const version = basket.newVersion();
          await basket.configure({ canary: [30, 100], rest: [100], bake: '30s' });
          await basket.deploy(version);
          await basket.until(({ phase }) => phase === 'baking');
          await lab.break(sickness, 'basket', version);
          const status = await basket.end();
          expect(status).toMatchObject({ outcome: 'restored', wave: 1, step: 1 });
          expect(status.reason).toContain('breach');
          const breached = status.readings.filter(({ verdict }) => verdict === 'breach');
          expect(breached.map(({ source }) => source)).toContain('envoy');
          expect(await basket.allShares()).toEqual(before);
          // Only the canary's clients can have met them.
          const all = await basket.clientsSaw(since);
          const failed = all.report.groups.filter(({ outcome }) => outcome !== 'ok').map(({ client }) => client);
          expect([...new Set(failed)]).toEqual(['aws-us-east-1']);
        },
        limits.labTest,
      );
    }
  });
}
