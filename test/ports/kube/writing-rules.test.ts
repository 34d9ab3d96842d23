import { describe, expect, it } from '@jest/globals';
import { createApplyActivities } from '../../../activities/apply/index.ts';
import { createRestoreActivities } from '../../../activities/restore/index.ts';
import { annotations, labels } from '../../../core/kube/labels.ts';
import type { ApplyRoutingInput } from '../../../core/routing/changes.ts';
import type { VersionShares } from '../../../core/routing/record.ts';
import { TidegateError } from '../../../core/values/error.ts';
import { type Clusters, type KubeCluster } from '../../../platform/kube/clusters.ts';
import { createNamespace } from '../../support/api-server.ts';
import { createShop, initial, testDeps, WHOLE, type Shop } from './shop.ts';
import { useApiServers } from './use-api-servers.ts';

const { clusters, servers } = useApiServers('aws');

async function scene(namespace: string, through: Clusters = clusters) {
  await createNamespace(servers(), namespace);
  const server = servers().clusters['aws'];
  if (server === undefined) throw new Error('no server');
  const shop = await createShop(server, namespace);
  const deps = testDeps(through);
  const act = { ...createApplyActivities(deps), ...createRestoreActivities(deps) };
  const { service } = shop;
  const input = (rest: Partial<ApplyRoutingInput & { versions: VersionShares }>): ApplyRoutingInput => ({
    service,
    cluster: server.ref,
    epoch: 10,
    run: 'run-1',
    versions: { aws: { v1: WHOLE } },
    initial: { ...initial, topology: { aws: WHOLE } },
    ...rest,
  });
  const back = { service, cluster: server.ref, epoch: 30, run: 'run-3', serving: [] };
  return { shop, act, input, back };
}

/** v1 proven, v2 at 5 %. */
async function inCanary(namespace: string, through?: Clusters) {
  const one = await scene(namespace, through);
  await one.act.applyRouting(one.input({}));
  const { service, cluster, epoch, run } = one.input({});
  await one.act.commit({ service, cluster, epoch, run, serving: ['aws'], pin: '' });
  await one.act.applyRouting(one.input({ versions: { aws: { v1: 950_000, v2: 50_000 } }, epoch: 20, run: 'run-2' }));
  return one;
}

const editRoute = (shop: Shop, body: unknown): Promise<unknown> =>
  shop.cluster.admin.merge(`${shop.path('CiliumEnvoyConfig', 'tidegate-checkout')}?fieldManager=kubectl-edit`, body);

describe('fencing', () => {
  it('refuses a run that a newer one has overtaken, so that a late worker cannot undo a restore', async () => {
    const { act, input, back, shop } = await inCanary('fence');
    await act.restore(back);
    const late = act.applyRouting(input({ versions: { aws: { v1: 0, v2: WHOLE } }, epoch: 20, run: 'run-2' }));
    await expect(late).rejects.toMatchObject({ code: 'FencedOut' });
    expect((await shop.record()).versions.current).toEqual({ aws: { v1: WHOLE, v2: 0 } });
  });

  it('refuses another run with the same epoch: two starts in the same millisecond', async () => {
    const { act, input } = await inCanary('fence-equal');
    await expect(act.applyRouting(input({ epoch: 20, run: 'run-other' }))).rejects.toMatchObject({ code: 'FencedOut' });
  });

  it('writes again when somebody else wrote in between, up to five times', async () => {
    let losses = 0;
    const losing = interfering(async () => {
      if (losses === 0) return;
      losses -= 1;
      await editRoute(one.shop, { metadata: { labels: { touched: String(losses) } } });
    });
    const one = await inCanary('conflict', losing);
    losses = 4;
    await one.act.applyRouting(one.input({ versions: { aws: { v1: 500_000, v2: 500_000 } }, epoch: 20, run: 'run-2' }));
    expect(losses).toBe(0);
    losses = 5;
    const lost = one.act.applyRouting(
      one.input({ versions: { aws: { v1: 400_000, v2: 600_000 } }, epoch: 20, run: 'run-2' }),
    );
    await expect(lost).rejects.toMatchObject({ code: 'Conflict' });
  });
});

/** Runs `before` ahead of each apply of a route that exists already. */
function interfering(before: () => Promise<void>): Clusters {
  return {
    close: () => Promise.resolve(),
    connect(ref) {
      const real = clusters.connect(ref);
      const apply: KubeCluster['apply'] = async (manifest, options) => {
        if (manifest.kind === 'CiliumEnvoyConfig' && manifest.metadata.resourceVersion !== undefined) await before();
        return real.apply(manifest, options);
      };
      return { ...real, apply };
    },
  };
}

describe('whose object is it', () => {
  it('shows the hazard: applying without a look takes a foreign object over silently', async () => {
    const { shop } = await scene('foreign-hazard');
    const { admin, ref } = shop.cluster;
    const metadata = { name: 'tidegate-checkout', namespace: 'foreign-hazard', labels: { [labels.owner]: 'other' } };
    const type = { apiVersion: 'cilium.io/v2', kind: 'CiliumEnvoyConfig' };
    await admin.create(shop.path('CiliumEnvoyConfig'), { ...type, metadata, spec: { resources: [] } });
    await clusters.connect(ref).apply({ ...type, metadata: { ...metadata, annotations: { taken: 'yes' } } });
    expect((await shop.route()).metadata.annotations).toEqual({ taken: 'yes' });
  });

  it("names the other installation, its manager and the time, and leaves the object's content alone", async () => {
    const { shop, act, input } = await scene('foreign');
    const metadata = { name: 'tidegate-checkout', namespace: 'foreign', labels: { [labels.owner]: 'other' } };
    const object = { apiVersion: 'cilium.io/v2', kind: 'CiliumEnvoyConfig', metadata, spec: { resources: [] } };
    await shop.cluster.admin.create(`${shop.path('CiliumEnvoyConfig')}?fieldManager=other-tidegate`, object);
    await expect(act.applyRouting(input({}))).rejects.toMatchObject({
      code: 'Foreign',
      message: expect.stringMatching(
        /aws\/foreign\/CiliumEnvoyConfig\/tidegate-checkout .*"other".*manager other-tidegate, 20/,
      ),
    });
    expect((await shop.route()).spec?.resources).toEqual([]);
    expect(await shop.list('Service')).toEqual(['checkout']);
  });

  it('takes an outside edit of its own route back at the next write, also fields that it never set', async () => {
    const { shop, act, back } = await inCanary('hand-edit');
    const { resources } = (await shop.route()).spec ?? {};
    await editRoute(shop, { spec: { resources: resources?.slice(0, 2), nodeSelector: { matchLabels: { a: 'b' } } } });
    const { changes } = await act.restore(back);
    expect(changes.at(-1)?.action).toBe('configured');
    const { spec } = await shop.route();
    expect(spec?.resources).toHaveLength(4);
    expect(spec).not.toHaveProperty('nodeSelector');
  });

  it('does not guess what is proven from an edited record: it tells the fault, and goes on trying until it is repaired', async () => {
    const { shop, act, back } = await inCanary('edited-record');
    await editRoute(shop, { metadata: { annotations: { [annotations.record]: '{"schema":1}' } } });
    await expect(act.restore(back)).rejects.toMatchObject({ code: 'Unavailable', cause: { code: 'Invalid' } });
  });
});

describe('writing only what differs', () => {
  it('writes nothing when equal: the same step twice leaves every resourceVersion as it was', async () => {
    const { shop, act, input } = await inCanary('equal');
    const before = (await shop.route()).metadata.resourceVersion;
    const again = input({ versions: { aws: { v1: 950_000, v2: 50_000 } }, epoch: 20, run: 'run-2' });
    const { changes } = await act.applyRouting(again);
    expect(changes.map((one) => one.action)).toEqual(['unchanged', 'unchanged', 'unchanged']);
    expect((await shop.route()).metadata.resourceVersion).toBe(before);
  });

  it('keeps a version that an entry leaves out at 0: its requests may still be under way', async () => {
    const { shop, act, input } = await inCanary('left-out');
    await act.applyRouting(input({ versions: { aws: { v1: WHOLE } }, epoch: 20, run: 'run-2' }));
    expect((await shop.record()).versions.current).toEqual({ aws: { v1: WHOLE, v2: 0 } });
  });

  it('refuses shares that do not sum to the whole before any write', async () => {
    const { shop, act, input } = await inCanary('bad-sum');
    const before = (await shop.route()).metadata.resourceVersion;
    const wrong = act.applyRouting(input({ versions: { aws: { v1: 1, v2: 50_000 } }, epoch: 20, run: 'run-2' }));
    await expect(wrong).rejects.toMatchObject({ code: 'Invalid' });
    expect((await shop.route()).metadata.resourceVersion).toBe(before);
  });
});

describe('objects that vanished', () => {
  it('says that the service must be adopted again when the route was deleted in mid-run', async () => {
    const { shop, act, input, back } = await inCanary('deleted');
    await shop.cluster.admin.remove(shop.path('CiliumEnvoyConfig', 'tidegate-checkout'));
    const { initial: _, ...step } = input({ epoch: 20, run: 'run-2' });
    await expect(act.applyRouting(step)).rejects.toMatchObject({
      code: 'Invalid',
      fix: expect.stringContaining('tidegate adopt checkout'),
    });
    expect(await act.restore(back)).toMatchObject({ changes: [], weights: {} });
  });

  it('makes a deleted subset Service again at the next write', async () => {
    const { shop, act, back } = await inCanary('deleted-service');
    const [subset] = (await shop.list('Service')).filter((name) => name !== 'checkout');
    await shop.cluster.admin.remove(shop.path('Service', subset ?? ''));
    const { changes } = await act.restore(back);
    expect(changes.filter((one) => one.action === 'created').map((one) => one.object)).toEqual([
      `Service/${subset ?? ''}`,
    ]);
  });
});

describe('the way back', () => {
  it('writes the proven weights even where a subset Service cannot be written, and says so afterwards', async () => {
    let failing = false;
    const refusing: Clusters = {
      close: () => Promise.resolve(),
      connect(ref) {
        const real = clusters.connect(ref);
        const apply: KubeCluster['apply'] = (manifest, options) =>
          failing && manifest.kind === 'Service'
            ? Promise.reject(new TidegateError('Forbidden', 'no more writing of Services'))
            : real.apply(manifest, options);
        return { ...real, apply };
      },
    };
    const { shop, act, back } = await inCanary('back-without-services', refusing);
    const [subset] = (await shop.list('Service')).filter((name) => name !== 'checkout');
    await shop.cluster.admin.remove(shop.path('Service', subset ?? ''));
    failing = true;
    await expect(act.restore(back)).rejects.toMatchObject({ code: 'Unavailable', cause: { code: 'Forbidden' } });
    expect((await shop.record()).versions.current).toEqual({ aws: { v1: WHOLE, v2: 0 } });
  });
});

describe('commit', () => {
  it('waits for ready endpoints before it pins, since whoever goes past Envoy would get nobody', async () => {
    const { shop, act, input } = await inCanary('pin-early');
    const { service, cluster } = input({});
    const commit = { service, cluster, epoch: 20, run: 'run-2', serving: ['aws'], pin: 'v2' };
    await expect(act.commit(commit)).rejects.toMatchObject({ code: 'NotYet' });
    expect((await shop.frontend()).spec.selector).toEqual({ app: 'checkout' });
  });
});
