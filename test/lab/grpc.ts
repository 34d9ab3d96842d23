/** The main job on `payment`, whose routed port speaks gRPC beside another that speaks HTTP: failures are HTTP 200s. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loopbackOf } from '../../infra/lab/processes/slot.ts';
import type { LabRig } from '../support/lab-rig.ts';
import { limits } from '../support/limits.ts';
import { clusters, labService, modestRate, type LabService } from './lab-service.ts';

export function grpc(rig: () => LabRig): void {
  describe('a gRPC service', () => {
    let payment: LabService;
    let begun: number;

    beforeAll(async () => {
      payment = labService(rig(), 'payment');
      begun = Date.now();
      await rig().lab.traffic.start({ service: 'payment', rate: modestRate });
      await payment.configure({ canary: [5, 100], rest: [100], warm: '10m' });
      await payment.measured();
    }, limits.labTest);

    afterAll(() => rig().lab.traffic.stop());

    /** Who answers at its HTTP port, which Tidegate does not route, by cluster. */
    const atHttp = async (): Promise<string[]> =>
      Promise.all(
        clusters.map(async (cluster) => {
          const path = '/api/v1/namespaces/shop/services/payment';
          const { spec } = await rig().admin(cluster).get<{ spec: { clusterIP: string } }>(path);
          const answer = await fetch(`http://${loopbackOf(spec.clusterIP)}:8080/`, {
            headers: { connection: 'close' },
          });
          return ((await answer.json()) as { version: string }).version;
        }),
      );

    it(
      'is adopted, and deployed to promotion',
      async () => {
        await payment.begin({ kind: 'adopt' });
        expect(await payment.end()).toMatchObject({ outcome: 'promoted', version: 'v1' });
        await payment.deploy('v2');
        expect(await payment.end()).toMatchObject({ outcome: 'promoted', proof: { result: 'verified' } });
        expect(await payment.allShares()).toEqual(payment.whole('v2'));
        expect(await atHttp()).toEqual(['v2', 'v2', 'v2']);
      },
      limits.labTest,
    );

    it(
      'takes a version back at its first 5 % by statuses in trailers, one call in five',
      async () => {
        await rig().lab.break('errors', 'payment', 'v3', '--ratio', '0.2');
        await payment.deploy('v3');
        const status = await payment.end();
        expect(status).toMatchObject({ outcome: 'restored', wave: 1, step: 1, proof: { result: 'verified' } });
        expect(status.reason).toContain('breach');
        const after = await payment.requests(500);
        expect(after.byVersion()).toEqual({ v2: after.requests });
        await rig().lab.break('heal');
      },
      limits.labTest,
    );

    it(
      'goes back to the version before, and is released; its other port follows',
      async () => {
        await payment.begin({ kind: 'undo' });
        expect(await payment.end()).toMatchObject({ outcome: 'promoted', version: 'v1' });
        await payment.begin({ kind: 'release' });
        expect(await payment.end()).toMatchObject({ outcome: 'released' });
        for (const cluster of clusters) await expect(payment.cec(cluster)).rejects.toThrow('404');
        const after = await payment.requests(500);
        expect(after.byVersion()).toEqual({ v1: after.requests });
        expect(await atHttp()).toEqual(['v1', 'v1', 'v1']);
      },
      limits.labTest,
    );

    it('and in all of it clients saw no failure but statuses of v3', async () => {
      const all = await payment.clientsSaw(begun);
      expect(all.failuresOutside('v3')).toEqual([]);
      const outcomes = all.report.groups.filter(({ version }) => version === 'v3').map(({ outcome }) => outcome);
      expect([...new Set(outcomes)].sort()).toEqual(['grpc', 'ok']);
      process.stderr.write(`gRPC: ${String(all.requests)} calls, ${String(all.failed())} failed, all of v3\n`);
    });
  });
}
