import { describe, expect, it } from '@jest/globals';
import { createApplyActivities } from '../../../activities/apply/index.ts';
import { createRestoreActivities } from '../../../activities/restore/index.ts';
import { TidegateError } from '../../../core/values/error.ts';
import { type Clusters, type KubeCluster } from '../../../platform/kube/clusters.ts';
import { createNamespace } from '../../support/api-server.ts';
import { createShop, initial, testDeps, WHOLE, type Shop } from './shop.ts';
import { START_MS, useApiServers } from './use-api-servers.ts';

/** More writes than the story has: the test finds the end by itself. */
const MOST_WRITES = 60;
/** Stories that run side by side. */
const AT_ONCE = 4;
const { clusters, servers } = useApiServers('aws');

/** The worker dies after its k-th write: the write is done, its answer is lost. */
function dyingAfter(k: number): { clusters: Clusters; died: () => boolean } {
  let writes = 0;
  const lost = async <T>(work: Promise<T>): Promise<T> => {
    const result = await work;
    writes += 1;
    if (writes === k) throw new TidegateError('Unavailable', 'the worker died');
    return result;
  };
  const connect = (real: KubeCluster): KubeCluster => ({
    ...real,
    apply: (manifest, options) => lost(real.apply(manifest, options)),
    patch: (type, at, patch) => lost(real.patch(type, at, patch)),
    delete: (type, at, options) => lost(real.delete(type, at, options)),
  });
  return {
    clusters: { connect: (ref) => connect(clusters.connect(ref)), close: () => Promise.resolve() },
    died: () => writes >= k,
  };
}

/** Adopt, canary, restore, retire, promote, release; every activity is retried once it has died. */
async function story(shop: Shop, through: Clusters): Promise<unknown[]> {
  const deps = testDeps(through);
  const act = { ...createApplyActivities(deps), ...createRestoreActivities(deps) };
  const { service } = shop;
  const cluster = shop.cluster.ref;
  const retried = <T>(work: () => Promise<T>): Promise<T> =>
    work().catch((error: unknown) => {
      if (error instanceof TidegateError && error.message === 'the worker died') return work();
      throw error;
    });
  const prepare = (version: string, replaces: string, deployment: string): Promise<unknown> => {
    deps.onSleep(() => shop.makeReady(version, 2));
    const source = replaces === '' ? { deployment } : { deployment, image: `registry.lab/checkout:${version}` };
    const rest = { version, replaces, source, workload: 'managed' as const, progressDeadlineMs: 60_000, run: 'run' };
    return retried(() => act.prepareVersion({ service, cluster, ...rest }));
  };
  const route = (epoch: number, shares: Record<string, number>, redirect = true): Promise<unknown> =>
    retried(() =>
      act.applyRouting({
        service,
        cluster,
        epoch,
        run: 'run',
        versions: { aws: shares },
        redirect,
        initial: { ...initial, topology: { aws: WHOLE } },
      }),
    );
  const commit = (epoch: number, pin: string): Promise<unknown> =>
    retried(() => act.commit({ service, cluster, epoch, run: 'run', serving: ['aws'], pin }));
  const snapshots: unknown[] = [];
  const look = async (): Promise<void> => void snapshots.push(await snapshot(shop));

  await prepare('v1', '', 'checkout');
  await route(10, { v1: WHOLE }, false);
  await route(10, { v1: WHOLE });
  await commit(10, 'v1');
  await look();
  await prepare('v2', 'v1', 'checkout-v1');
  await route(20, { v1: WHOLE, v2: 0 });
  await route(20, { v1: 900_000, v2: 100_000 });
  await retried(() => act.restore({ service, cluster, epoch: 21, run: 'run', serving: [] }));
  await look();
  await retried(() => act.retireVersion({ service, clusters: [cluster], version: 'v2', drainMs: 0 }));
  await look();
  await prepare('v3', 'v1', 'checkout-v1');
  await route(30, { v1: 0, v3: WHOLE });
  await commit(30, 'v3');
  await retried(() =>
    act.retireVersion({ service, clusters: [cluster], version: 'v1', original: 'checkout', drainMs: 0 }),
  );
  await retried(() => act.retireVersion({ service, clusters: [cluster], version: 'v1', drainMs: 0 }));
  await look();
  for (const step of ['route', 'services'] as const) {
    await retried(() => act.releaseService({ service, cluster, step, epoch: 40, run: 'run', drainMs: 0 }));
  }
  await look();
  return snapshots;
}

async function snapshot(shop: Shop): Promise<unknown> {
  const hasRoute = (await shop.list('CiliumEnvoyConfig')).length > 0;
  const plain = (name: string): string => name.replace(/-[a-z2-7]{8}$/, '');
  return {
    record: hasRoute ? (await shop.record()).versions : null,
    redirect: hasRoute ? (await shop.route()).spec?.services?.length : null,
    pin: (await shop.frontend()).spec.selector,
    services: (await shop.list('Service')).map(plain),
    deployments: await shop.list('Deployment'),
    budgets: await shop.list('PodDisruptionBudget'),
  };
}

describe('a worker that dies after any write', () => {
  it(
    'ends in the same state as one that lives, at every write of the whole story',
    async () => {
      const server = servers().clusters['aws'];
      if (server === undefined) throw new Error('no server');
      const run = async (k: number): Promise<{ died: boolean; snapshots: unknown[] }> => {
        const namespace = await createNamespace(servers(), `dies-${String(k)}`);
        const { clusters: through, died } = dyingAfter(k);
        const snapshots = await story(await createShop(server, namespace), through);
        return { died: died(), snapshots };
      };
      const expected = (await run(MOST_WRITES)).snapshots;
      expect(expected.at(-1)).toMatchObject({
        record: null,
        services: ['checkout'],
        deployments: ['checkout', 'checkout-v3'],
      });
      let k = 1;
      for (let alive = false; !alive; k += AT_ONCE) {
        const runs = await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => run(k + i)));
        runs.forEach(({ snapshots }, i) => expect({ k: k + i, snapshots }).toEqual({ k: k + i, snapshots: expected }));
        alive = runs.some(({ died }) => !died);
      }
      expect(k).toBeGreaterThan(25);
      expect(k).toBeLessThan(MOST_WRITES);
    },
    START_MS,
  );
});
