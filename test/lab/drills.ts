/** A whole cluster is drilled under the traffic of a global service: calls leave it in steps, and come back by themselves. */
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { positiveNames } from '../../core/values/share.ts';
import type { DrillStatus } from '../../core/contract/drill.ts';
import { assertEventually } from '../support/eventually.ts';
import { itInFull } from '../support/full.ts';
import type { LabRig } from '../support/lab-rig.ts';
import { limits } from '../support/limits.ts';
import { globalCatalog } from './global-catalog.ts';
import { clusters, modestRate, type LabService } from './lab-service.ts';

const [aws, gcp, onprem] = clusters;
const topology = {
  [aws]: { [aws]: 60, [gcp]: 40 },
  [gcp]: { [gcp]: 100 },
  [onprem]: { [onprem]: 50, [gcp]: 30, [aws]: 20 },
};

/** Of each step: some scrapes are to fall into the last one. */
const BAKE = '12s';

export function drills(rig: () => LabRig): void {
  describe('a drill of a cluster', () => {
    let catalog: LabService;

    beforeAll(async () => {
      catalog = await globalCatalog(rig(), topology);
      await catalog.requests(1_000);
      await catalog.configure({ rest: [100], topology, bake: BAKE });
    }, limits.labTest);

    afterAll(() => rig().lab.traffic.stop());

    const calls = async (): Promise<Record<string, unknown>> =>
      Object.fromEntries(
        await Promise.all(clusters.map(async (one) => [one, (await catalog.record(one)).topology.current] as const)),
      );

    itInFull(
      'takes it out of the traffic in steps and brings it back, without a lost request, and tells what was seen',
      async () => {
        const before = await calls();
        const since = Date.now();
        let isOver = false;
        let wasOut = false;
        const drilled = rig()
          .tidegate('topology', 'drill', '--cluster', gcp, '--service', 'catalog', '--reason', 'a test', '-o', 'json')
          .finally(() => (isOver = true));
        await assertEventually(async () => {
          const now = await calls();
          if (Object.values(now).every((one) => !positiveNames(one as Record<string, number>).includes(gcp)))
            wasOut = true;
          expect(isOver).toBe(true);
        }, limits.rollout);
        const { code, out, err } = await drilled;
        expect({ code, wasOut }).toEqual({ code: 0, wasOut: true });
        const { report, services } = JSON.parse(out) as DrillStatus;
        process.stderr.write(`${err}${out}`);
        expect(services).toMatchObject([{ service: 'shop/catalog', phase: 'held' }]);
        expect(report).toMatchObject({ outcome: 'held', problems: [] });
        expect(report?.togetherMs).toBeGreaterThan(0);
        const [{ survivors = [], clients = [] } = {}] = report?.services ?? [];
        expect(survivors.map(({ cluster }) => cluster)).toEqual([aws, onprem]);
        // What was expected is a mean of five minutes, and the traffic may be younger; what was seen is all of it.
        const seen = survivors.map((one) => one.seen ?? 0).reduce((sum, one) => sum + one, 0);
        expect(Math.abs(seen - clusters.length * modestRate)).toBeLessThan(0.25 * clusters.length * modestRate);
        expect(clients.map(({ cluster }) => cluster)).toEqual([...clusters]);
        expect(await calls()).toEqual(before);
        await catalog.requests(500);
        expect((await catalog.clientsSaw(since)).failuresOutside()).toEqual([]);
      },
      limits.labTest * 2,
    );
  });
}
