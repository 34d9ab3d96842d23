/** A whole cluster leaves the traffic of a global service and comes back to it, with a deploy in between. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { annotations } from '../../core/kube/labels.ts';
import { positiveNames } from '../../core/values/share.ts';
import { assertEventually } from '../support/eventually.ts';
import type { LabRig } from '../support/lab-rig.ts';
import { limits } from '../support/limits.ts';
import { globalCatalog } from './global-catalog.ts';
import { clusters, type LabService, type Seen } from './lab-service.ts';

const [aws, gcp, onprem] = clusters;
const topology = {
  [aws]: { [aws]: 60, [gcp]: 40 },
  [gcp]: { [gcp]: 100 },
  [onprem]: { [onprem]: 50, [gcp]: 30, [aws]: 20 },
};

export function drains(rig: () => LabRig): void {
  describe('a drained cluster', () => {
    let catalog: LabService;

    beforeAll(async () => {
      catalog = await globalCatalog(rig(), topology);
    }, limits.labTest);

    afterAll(() => rig().lab.traffic.stop());

    /** Requests that a cluster answered, by who asked. */
    const answeredBy = ({ report }: Seen, serving: string): string[] =>
      report.groups
        .filter((one) => one.serving === serving)
        .map(({ client, node, connection, count }) => `${count} of ${client} ${node} ${connection}`);

    const callers = async (): Promise<string[]> => {
      const records = await Promise.all(clusters.map((one) => catalog.record(one)));
      return records
        .filter(({ topology: calls }) => positiveNames(calls.current ?? {}).includes(gcp))
        .map((one) => one.cluster);
    };

    const shared = async (): Promise<string | undefined> => {
      const frontend = await rig()
        .admin(gcp)
        .get<{ metadata: { annotations?: Record<string, string> } }>('/api/v1/namespaces/shop/services/catalog');
      return frontend.metadata.annotations?.[annotations.shared];
    };

    /** Cluster mesh hears after the weights, both ways: what is seen in between never says otherwise. */
    async function move(does: 'drain' | 'restore'): Promise<string> {
      let early = false;
      let isOver = false;
      const ended = rig()
        .tidegate('cluster', does, gcp, '--service', 'catalog')
        .finally(() => (isOver = true));
      await assertEventually(async () => {
        // Read in this order: a write between the two reads cannot look like a breach of it.
        const told = await shared();
        const calls = await callers();
        if (does === 'drain' ? told === 'false' && calls.length > 0 : told !== 'false' && calls.length === 0)
          early = true;
        expect(isOver).toBe(true);
      }, limits.rollout);
      const { code, out, err } = await ended;
      expect({ code, err, early }).toEqual({ code: 0, err: '', early: false });
      return out;
    }

    it(
      'gets no request while a deploy passes it by, returns as it was, and catches up: no request is lost',
      async () => {
        const since = Date.now();
        expect(answeredBy(await catalog.requests(500), gcp)).not.toEqual([]);
        expect(await move('drain')).toContain('shop/catalog: done: drained');
        expect(await shared()).toBe('false');
        expect((await catalog.record(aws)).topology).toMatchObject({
          proven: { [aws]: 1_000_000 },
          drained: { from: { [aws]: 600_000, [gcp]: 400_000 } },
        });
        // A Service that is written loses its redirect in Cilium for a moment: connections then go to its own pods.
        await assertEventually(
          async () => expect(answeredBy(await catalog.requests(1_000), gcp)).toEqual([]),
          limits.requests,
        );

        const version = 'passed-by';
        await catalog.deploy(version);
        expect(await catalog.end()).toMatchObject({ outcome: 'promoted', version });
        expect((await catalog.requests(500)).byVersion()).toEqual({ [version]: expect.any(Number) });
        expect(await catalog.record(gcp).then(({ versions }) => versions.proven?.[gcp])).toBeUndefined();

        expect(await move('restore')).toContain(`it has missed ${version}, and catches up`);
        expect(await shared()).toBeUndefined();
        expect((await catalog.record(aws)).topology).toMatchObject({ proven: { [aws]: 600_000, [gcp]: 400_000 } });
        await assertEventually(
          async () => expect(await catalog.shares(gcp)).toEqual({ [version]: 1_000_000 }),
          limits.rollout,
        );
        const after = await catalog.requests(1_000);
        expect(answeredBy(after, gcp)).not.toEqual([]);
        expect((await catalog.clientsSaw(since)).failuresOutside()).toEqual([]);
      },
      limits.labTest * 2,
    );
  });
}
