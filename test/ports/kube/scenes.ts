/** Activities at work in two clusters: what their tests begin with. */
import { createApplyActivities } from '../../../activities/apply/index.ts';
import { createRestoreActivities } from '../../../activities/restore/index.ts';
import type { RunRoutes, VersionShares } from '../../../core/routing/record.ts';
import type { Shares } from '../../../core/values/share.ts';
import type { VersionSource } from '../../../core/workload/version-source.ts';
import type { Clusters } from '../../../platform/kube/clusters.ts';
import { createNamespace, type TestClusters } from '../../support/api-server.ts';
import { createShop, initial, testDeps, WHOLE, type Shop, type TestDeps } from './shop.ts';
import type { ActivitiesOf } from '../../../core/contract/queues.ts';

export interface Scene {
  readonly aws: Shop;
  readonly gcp: Shop;
  readonly deps: TestDeps;
  readonly act: ActivitiesOf<'apply' | 'restore'>;
  readonly service: Shop['service'];
}

export async function createScene(
  { servers, clusters }: { servers: TestClusters; clusters: Clusters },
  namespace: string,
): Promise<Scene> {
  await createNamespace(servers, namespace);
  const { aws: awsServer, gcp: gcpServer } = servers.clusters;
  if (awsServer === undefined || gcpServer === undefined) throw new Error('no servers');
  const [aws, gcp] = await Promise.all([createShop(awsServer, namespace), createShop(gcpServer, namespace)]);
  const deps = testDeps(clusters);
  const act = { ...createApplyActivities(deps), ...createRestoreActivities(deps) };
  return { aws, gcp, deps, act, service: aws.service };
}

export async function prepare(
  { deps, act, service }: Scene,
  shop: Shop,
  wanted: { version: string; replaces: string; source: VersionSource },
) {
  deps.onSleep(() => shop.makeReady(wanted.version, 2));
  return act.prepareVersion({
    service,
    cluster: shop.cluster.ref,
    workload: 'managed',
    progressDeadlineMs: 60_000,
    run: 'run-1',
    ...(wanted.replaces === '' && { marksOriginal: true as const }),
    ...wanted,
  });
}

export const route = (
  { act, service }: Scene,
  shop: Shop,
  rest: RunRoutes & { versions: VersionShares; epoch: number; run?: string; topology?: Shares; redirect?: boolean },
) => {
  const { topology, run = 'run-1', ...others } = rest;
  const first = topology === undefined ? {} : { initial: { ...initial, topology } };
  return act.applyRouting({ service, cluster: shop.cluster.ref, run, ...first, ...others });
};

/** Of a version that is made from v1. */
export const imageOf = (version: string): VersionSource => ({
  deployment: 'checkout-v1',
  image: `registry.lab/checkout:${version}`,
});

/** Adopts as v1 in aws, which answers its own calls. */
export async function adopt(one: Scene): Promise<Scene> {
  const { act, aws, service } = one;
  await prepare(one, aws, { version: 'v1', replaces: '', source: { deployment: 'checkout' } });
  const versions = { aws: { v1: WHOLE } };
  await route(one, aws, { versions, epoch: 10, topology: { aws: WHOLE }, redirect: false });
  await route(one, aws, { versions, epoch: 10, topology: { aws: WHOLE } });
  await act.commit({ service, cluster: aws.cluster.ref, epoch: 10, run: 'run-1', serving: ['aws'], pin: 'v1' });
  return one;
}
