/** Two parts of one record, each written by a run of its own, on real API servers. */
import { describe, expect, it } from '@jest/globals';
import { createApplyActivities } from '../../../activities/apply/index.ts';
import { findRecord, updateRecord } from '../../../activities/record-store.ts';
import type { TopologyPatch, Writer } from '../../../core/routing/changes.ts';
import type { Part } from '../../../core/routing/part.ts';
import { subsetName } from '../../../core/routing/names.ts';
import { adopt, createScene, route, type Scene } from './scenes.ts';
import { WHOLE, type TestDeps } from './shop.ts';
import { useApiServers } from './use-api-servers.ts';

const { clusters, servers } = useApiServers('aws', 'gcp');

/** Both clusters serve v1, and each answers its own calls. */
async function scene(namespace: string): Promise<Scene> {
  const one = await adopt(await createScene({ servers: servers(), clusters }, namespace));
  const { act, gcp, service } = one;
  await route(one, gcp, { versions: { gcp: { v1: WHOLE } }, epoch: 10, topology: { gcp: WHOLE } });
  await act.commit({ service, cluster: gcp.cluster.ref, epoch: 10, run: 'run-1', serving: ['gcp'], pin: '' });
  return one;
}

const runOf = (part: Part, turn = 1): Writer => ({
  ...{ epoch: 20, run: `run-${part}`, turn },
  replaces: { epoch: 10, run: 'run-1' },
});

const shared = (gcp: number): TopologyPatch => ({
  shares: { aws: WHOLE - gcp, gcp },
  serves: { gcp: { v1: WHOLE } },
});

const canary = (share: number) => ({ aws: { v1: WHOLE - share, v2: share } });

describe('two parts of a record', () => {
  it('are written at the same time, and neither write is lost', async () => {
    const { act, aws, service } = await scene('parts-together');
    const cluster = aws.cluster.ref;
    const steps = [50_000, 250_000, 500_000];
    const both = [
      async () => {
        for (const [turn, share] of steps.entries())
          await act.applyRouting({ service, cluster, ...runOf('versions', turn), versions: canary(share) });
      },
      async () => {
        for (const [turn, share] of steps.entries())
          await act.applyRouting({ service, cluster, ...runOf('topology', turn), topology: shared(share) });
      },
    ];
    await Promise.all(both.map((run) => run()));
    const { topology, versions } = await aws.record();
    expect([topology.current, topology.run]).toEqual([{ aws: 500_000, gcp: 500_000 }, 'run-topology']);
    expect([versions.current, versions.run]).toEqual([
      { aws: { v1: 500_000, v2: 500_000 }, gcp: { v1: WHOLE } },
      'run-versions',
    ]);
    // A restore of the one beside a commit of the other.
    await Promise.all([
      act.restore({ service, cluster, ...runOf('versions', 9), serving: [] }),
      act.commit({ service, cluster, ...runOf('topology', 9), part: 'topology', serving: [], pin: '' }),
    ]);
    const after = await aws.record();
    expect(after.topology.proven).toEqual({ aws: 500_000, gcp: 500_000 });
    expect(after.versions).toMatchObject({ current: { aws: { v1: WHOLE, v2: 0 } }, proven: { aws: { v1: WHOLE } } });
  });

  it('are fenced by themselves: an overtaken run of one stops nobody of the other', async () => {
    const { act, aws, service } = await scene('parts-fence');
    const cluster = aws.cluster.ref;
    await act.applyRouting({ service, cluster, ...runOf('topology'), topology: shared(500_000) });
    const late = { ...runOf('topology'), run: 'run-late' };
    await expect(act.restore({ service, cluster, ...late, part: 'topology', serving: [] })).rejects.toMatchObject({
      code: 'FencedOut',
      message: expect.stringContaining('the topology belongs to run'),
    });
    await act.applyRouting({ service, cluster, ...runOf('versions'), versions: canary(50_000) });
    expect((await aws.record()).topology.current).toEqual({ aws: 500_000, gcp: 500_000 });
  });

  it('leave to the versions whether calls go through Envoy: a topology neither takes the redirect nor gives it', async () => {
    const { act, aws, deps, service } = await scene('parts-redirect');
    const cluster = aws.cluster.ref;
    const { clusters: reached } = deps;
    const at = { cluster: await reached.connect({ service, cluster }), service };
    const isRedirected = async () => (await findRecord(at)).redirected;
    // A release, or an adoption that is taken back, has just taken it.
    await updateRecord(at, ({ record }) => (record === null ? null : { record, redirect: false }));
    await act.applyRouting({ service, cluster, ...runOf('topology'), topology: shared(200_000) });
    expect(await isRedirected()).toBe(false);
    await act.restore({ service, cluster, ...runOf('topology', 2), part: 'topology', serving: [] });
    expect(await isRedirected()).toBe(false);
    // An adoption has just given it: nothing is proven yet.
    await updateRecord(at, ({ record }) =>
      record === null
        ? null
        : { record: { ...record, versions: { ...record.versions, proven: null } }, redirect: true },
    );
    await act.restore({ service, cluster, ...runOf('topology', 3), part: 'topology', serving: [] });
    expect(await isRedirected()).toBe(true);
  });
});

describe('a serving cluster', () => {
  it('enters a client by two writes, and leaves it with its stubs once it has drained', async () => {
    const { act, aws, gcp, service } = await scene('parts-enter');
    const cluster = aws.cluster.ref;
    const stub = subsetName({ ...service, version: 'v1', cluster: 'gcp' });
    const by = runOf('topology');
    const entered = await act.applyRouting({ service, cluster, ...by, topology: shared(200_000), entering: true });
    expect(Object.values(entered.weights).sort((a, b) => a - b)).toEqual([0, WHOLE]);
    expect(await aws.list('Service')).toContain(stub);
    const moved = await act.applyRouting({ service, cluster, ...by, topology: shared(200_000) });
    expect(Object.values(moved.weights).sort((a, b) => a - b)).toEqual([200_000, 800_000]);

    const back = await act.restore({ service, cluster, ...runOf('topology', 2), part: 'topology', serving: [] });
    expect(back.withdrawn).toHaveLength(1);
    const leave = { service, cluster, drainMs: 30_000 };
    await act.leaveClusters(leave);
    const { topology, versions } = await aws.record();
    expect([topology.current, versions.current, versions.proven]).toEqual([
      { aws: WHOLE },
      { aws: { v1: WHOLE } },
      { aws: { v1: WHOLE } },
    ]);
    expect(await aws.list('Service')).not.toContain(stub);
    expect(await gcp.list('Service')).toContain(stub);
    expect(await act.leaveClusters(leave)).toEqual([]);
  });

  it('is not let go of when a move lets it in again while it drains', async () => {
    const { act, aws, deps, service } = await scene('parts-again');
    const cluster = aws.cluster.ref;
    await act.applyRouting({ service, cluster, ...runOf('topology'), topology: shared(200_000) });
    await act.restore({ service, cluster, ...runOf('topology', 2), part: 'topology', serving: [] });
    const { epoch, run } = (await aws.record()).topology;
    const next = { epoch: 30, run: 'run-next', turn: 1, replaces: { epoch, run } };
    deps.onSleep(async () => {
      await act.applyRouting({ service, cluster, ...next, topology: shared(300_000), entering: true });
    });
    expect(await act.leaveClusters({ service, cluster, drainMs: 5_000 })).toEqual([]);
    expect((await aws.record()).topology.current).toEqual({ aws: WHOLE, gcp: 0 });
  });

  it('leaves no stub behind when the worker dies between the two writes: the next attempt looks for them anew', async () => {
    const { act, aws, deps, service } = await scene('parts-killed');
    const cluster = aws.cluster.ref;
    const stub = subsetName({ ...service, version: 'v1', cluster: 'gcp' });
    await act.applyRouting({ service, cluster, ...runOf('topology'), topology: shared(200_000) });
    await act.restore({ service, cluster, ...runOf('topology', 2), part: 'topology', serving: [] });
    // It hears at its next heartbeat that it was given up, and removes nothing that may be another's by now.
    const slow = createApplyActivities({ ...deps, activity: { ...deps.activity, heartbeat: givenUpAtTheEnd(deps) } });
    await expect(slow.leaveClusters({ service, cluster, drainMs: 5_000 })).rejects.toThrow('cancelled');
    expect((await aws.record()).topology.current).toEqual({ aws: WHOLE });
    expect(await aws.list('Service')).toContain(stub);

    const next = createApplyActivities({
      ...deps,
      activity: { ...deps.activity, signal: () => new AbortController().signal },
    });
    await next.leaveClusters({ service, cluster, drainMs: 5_000 });
    const left = await aws.list('Service');
    expect(left).not.toContain(stub);
    expect(left).toContain(subsetName({ ...service, version: 'v1', cluster: 'aws' }));
  });

  it('keeps the Service of what it is pinned to when nobody calls it any more: calls come back there', async () => {
    const { act, aws, deps, service } = await scene('parts-pinned');
    const cluster = aws.cluster.ref;
    const at = { cluster: await deps.clusters.connect({ service, cluster }), service };
    const elsewhere = { gcp: { v2: WHOLE } };
    await updateRecord(at, ({ record }) => {
      if (record === null) return null;
      const topology = { ...record.topology, proven: { gcp: WHOLE }, current: { gcp: WHOLE } };
      const versions = { ...record.versions, proven: elsewhere, current: elsewhere };
      return { record: { ...record, topology, versions }, redirect: true };
    });
    await act.retireVersion({ service, clusters: [cluster], version: 'v1', drainMs: 0 });
    expect(await aws.list('Service')).toContain(subsetName({ ...service, version: 'v1', cluster: 'aws' }));
    expect(await aws.list('Deployment')).toContain('checkout-v1');
  });
});

const givenUpAtTheEnd =
  (deps: TestDeps) =>
  (progress: unknown): void => {
    if (typeof progress === 'object' && progress !== null && 'leaving' in progress) deps.cancel();
  };
