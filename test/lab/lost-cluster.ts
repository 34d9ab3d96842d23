/** A cluster vanishes under traffic, and a cluster only seems to: what is moved, and how soon. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import type { WatchMeshStatus } from '../../core/contract/failover.ts';
import { DEFAULT_INSTALLATION } from '../../core/contract/installation.ts';
import { messageNames } from '../../core/contract/messages.ts';
import { watchWorkflowId } from '../../core/contract/workflow-ids.ts';
import { assertEventually } from '../support/eventually.ts';
import { isFull } from '../support/full.ts';
import type { LabRig } from '../support/lab-rig.ts';
import { limits } from '../support/limits.ts';
import { globalCatalog } from './global-catalog.ts';
import { clusters, type LabService } from './lab-service.ts';

const [aws, gcp, onprem] = clusters;
const topology = {
  [aws]: { [aws]: 60, [gcp]: 40 },
  [gcp]: { [gcp]: 100 },
  [onprem]: { [onprem]: 50, [gcp]: 50 },
};
const survivors = [aws, onprem];
/** A control plane that is away for so long is not lost, ms. */
const AWAY_MS = isFull ? 60_000 : 8_000;
const BUCKET_MS = 250;

export function lostCluster(rig: () => LabRig): void {
  describe('a lost cluster', () => {
    let catalog: LabService;
    const id = watchWorkflowId(DEFAULT_INSTALLATION, 'shop');

    const status = (): Promise<WatchMeshStatus> =>
      rig().client.workflow.getHandle(id).query<WatchMeshStatus>(messageNames.status);

    /** As a person writes it; the watch of before ends, and the schedule starts the next. */
    async function configure(failover: 'auto' | 'ask'): Promise<void> {
      const file = join(rig().lab.env.TIDEGATE_CONFIG, 'mesh.yaml');
      const document = parseDocument(await readFile(file, 'utf8'));
      document.setIn(['spec', 'failover'], failover);
      await writeFile(file, document.toString());
      const { client } = rig();
      await client.workflow
        .getHandle(id)
        .terminate('a test')
        .catch(() => undefined);
      await client.schedule.getHandle(id).trigger();
      await assertEventually(async () => {
        const { clusters: seen, failover: by } = await status();
        expect([by, seen.filter(({ judgement }) => judgement === 'well').length]).toEqual([failover, 3]);
      }, limits.phase);
    }

    beforeAll(async () => {
      catalog = await globalCatalog(rig(), topology);
    }, limits.labTest);

    // The API server of the lost cluster needs a moment: who comes next asks it at once.
    afterEach(async () => {
      await rig().lab.break('heal');
      await assertEventually(async () => expect(await catalog.record(gcp)).toBeDefined(), limits.phase);
    }, limits.phase * 2);
    afterAll(() => rig().lab.traffic.stop());

    const callsLost = async (): Promise<string[]> => {
      const records = await Promise.all(survivors.map((one) => catalog.record(one)));
      return records.filter((one) => (one.topology.current?.[gcp] ?? 0) > 0).map((one) => one.cluster);
    };

    /** Failed requests of clients in the clusters that are left. */
    async function failures(since: number, until: number): Promise<number> {
      const { report } = await catalog.clientsSaw(since, until);
      return report.groups
        .filter(({ client, outcome }) => client !== gcp && outcome !== 'ok')
        .reduce((sum, { count }) => sum + count, 0);
    }

    async function lastFailure(since: number, until: number): Promise<number> {
      for (let at = until; at > since; at -= BUCKET_MS) if ((await failures(at - BUCKET_MS, at)) > 0) return at;
      return since;
    }

    it(
      'is none while its API server is away, or Prometheus, or both: nothing is moved, by failover: auto',
      async () => {
        await configure('auto');
        const since = Date.now();
        for (const words of [
          [['api-server', gcp, 'dead']],
          [['prometheus', 'dead']],
          [
            ['api-server', gcp, 'hung'],
            ['prometheus', 'dead'],
          ],
        ]) {
          for (const one of words) await rig().lab.break(...one);
          const until = Date.now() + AWAY_MS;
          await assertEventually(async () => {
            expect(await callsLost()).toEqual([...survivors]);
            if (Date.now() < until) throw new Error('it is looked at on');
          }, limits.phase);
          await rig().lab.break('heal');
        }
        expect((await status()).services).toEqual([]);
        expect(await failures(since, Date.now())).toBe(0);
      },
      limits.labTest * 2,
    );

    it(
      'loses the calls of the others within seconds, and gets them back when a person says so',
      async () => {
        await configure('auto');
        await catalog.requests(500);
        const lostAt = Date.now();
        await rig().lab.break('lost', gcp);
        let movedAt = 0;
        await assertEventually(async () => {
          expect(await callsLost()).toEqual([]);
          movedAt ||= Date.now();
        }, limits.phase);
        await catalog.requests(1_000);
        const failedUntil = await lastFailure(lostAt, Date.now());
        const count = await failures(lostAt, Date.now());
        process.stderr.write(
          `lost cluster: calls moved after ${String(movedAt - lostAt)} ms, last failure after ${String(failedUntil - lostAt)} ms, ${String(count)} failed\n`,
        );
        expect(failedUntil - movedAt).toBeLessThan(5_000);
        const record = await catalog.record(aws);
        expect(record.topology).toMatchObject({
          proven: { [aws]: 1_000_000 },
          drained: { from: { [aws]: 600_000, [gcp]: 400_000 }, clusters: { [gcp]: { lost: true } } },
        });
        const [told] = (await status()).services.filter(({ service }) => service === 'shop/catalog');
        expect(told).toMatchObject({ phase: 'moved', cluster: gcp });

        await rig().lab.break('heal');
        await assertEventually(async () => {
          expect(await catalog.record(gcp)).toBeDefined();
          expect((await catalog.clientsSaw(Date.now() - 3_000)).failed()).toBe(0);
        }, limits.phase);
        const back = Date.now();
        expect(await rig().tidegate('cluster', 'restore', gcp, '--service', 'catalog')).toMatchObject({
          code: 0,
          err: '',
        });
        expect((await catalog.record(aws)).topology).toMatchObject({ proven: { [aws]: 600_000, [gcp]: 400_000 } });
        await catalog.requests(500);
        expect((await catalog.clientsSaw(back)).failuresOutside()).toEqual([]);
      },
      limits.labTest,
    );

    it(
      'waits for the word of a person by default, and of one whom the evidence contradicts it takes none',
      async () => {
        await configure('ask');
        const refused = await rig().tidegate('cluster', 'failover', gcp, '--mesh', 'shop', '--reason', 'a test');
        expect([refused.code, refused.out]).toEqual([4, expect.stringContaining('suspected')]);
        await rig().lab.break('lost', gcp);
        await assertEventually(async () => {
          const one = (await status()).clusters.find(({ cluster }) => cluster === gcp);
          expect(one).toMatchObject({ judgement: 'lost', movedAtMs: 0 });
        }, limits.phase);
        expect(await callsLost()).toEqual([...survivors]);
        const moved = await rig().tidegate('cluster', 'failover', gcp, '--mesh', 'shop', '--reason', 'a test');
        expect([moved.code, moved.out]).toEqual([0, expect.stringContaining('shop/catalog: moved')]);
        expect(await callsLost()).toEqual([]);
      },
      limits.labTest,
    );
  });
}
