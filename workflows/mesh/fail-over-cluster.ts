/** All services of a mesh leave a lost cluster, many at a time; what could not be moved is tried again. */
import { isCancellation, proxyActivities, sleep } from '@temporalio/workflow';
import type { RolloutActivities } from '../../core/contract/activities.ts';
import type { FailedOverClient, FailedOverService } from '../../core/contract/failover.ts';
import type { ListedService, ListServicesResult } from '../../core/contract/settle-activities.ts';
import type { ClusterRef } from '../../core/kube/cluster-ref.ts';
import { failedOverEnded } from '../../core/rollout/outcome.ts';
import type { Shares } from '../../core/values/share.ts';
import { formatShare, positiveNames } from '../../core/values/share.ts';
import { activityOptions, noPlan } from '../activity-options.ts';
import { describeFailure } from '../failures.ts';
import { installation } from '../installation.ts';
import { hearersOfEnd, tellEnd } from '../run-ended.ts';

const { failOver } = proxyActivities<RolloutActivities>({
  ...activityOptions(noPlan, installation()).failOver,
  summary: 'its calls go elsewhere',
});

/** Services that are moved at the same time: as many as the worker has places for ways back. */
const AT_ONCE = 40;
/** Between two rounds for what is left, ms: a record that somebody else was writing is free soon. */
const AGAIN_MS = [1_000, 5_000, 30_000, 60_000] as const;

interface LostCluster {
  readonly listed: ListServicesResult;
  readonly lost: string;
  /** Clusters that answer: the others are tried once they do. */
  readonly answering: readonly string[];
  readonly atMs: number;
  /** The evidence. */
  readonly text: string;
}

export async function failOverCluster(
  lost: LostCluster,
  say: (services: readonly FailedOverService[]) => void,
): Promise<void> {
  const told = new Map<string, FailedOverService>();
  const tell = (one: FailedOverService): void => {
    told.set(one.service, one);
    say([...told.values()]);
  };
  const all = lost.listed.services;
  const others = lost.listed.clusters.filter(({ name }) => name !== lost.lost);
  const answering = others.filter(({ name }) => lost.answering.includes(name));
  // Who answers is written at once, and waits for nobody; then it is everybody's turn.
  const first = await round({ ...lost, tell, clusters: answering }, all);
  let left = answering.length < others.length ? all : first;
  for (const waitMs of AGAIN_MS) {
    if (left.length === 0) return;
    await sleep(waitMs);
    left = await round({ ...lost, tell, clusters: others }, left);
  }
}

interface Telling extends LostCluster {
  /** Those that are read and written. */
  readonly clusters: readonly ClusterRef[];
  readonly tell: (one: FailedOverService) => void;
}

/** Those that are left. */
async function round(lost: Telling, services: readonly ListedService[]): Promise<readonly ListedService[]> {
  const todo = [...services];
  const left: ListedService[] = [];
  const work = async (): Promise<void> => {
    for (let one = todo.shift(); one !== undefined; one = todo.shift()) if (!(await moved(lost, one))) left.push(one);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return left;
}

async function moved(
  { clusters, lost, atMs, text, tell }: Telling,
  { service, failover = [], sinks }: ListedService,
): Promise<boolean> {
  const of = { service: `${service.namespace}/${service.service}`, cluster: lost };
  tell({ ...of, phase: 'moving', text: 'its calls are moved' });
  try {
    const { clients } = await failOver({ service, lost, clusters, failover, atMs });
    const [failed] = clients.filter(({ action }) => action === 'failed');
    const done = clients.filter(({ action }) => action === 'configured');
    tell({
      ...of,
      phase: failed === undefined ? 'moved' : 'left',
      text: failed === undefined ? movedText(done) : `${failed.cluster}: ${failed.failed}`,
    });
    if (done.length > 0)
      await tellEnd(
        failedOverEnded(service, { lost, reason: `${text}; ${movedText(done)}`, clusters: gainsOf(done) }),
        hearersOfEnd(service, sinks),
      );
    return failed === undefined;
  } catch (error) {
    if (isCancellation(error)) throw error;
    tell({ ...of, phase: 'left', text: describeFailure(error).message });
    return false;
  }
}

const movedText = (done: readonly FailedOverClient[]): string =>
  done.length === 0
    ? 'no calls go there'
    : done.map(({ cluster, shares }) => `calls of ${cluster} go to ${sharesText(shares)}`).join('; ');

const gainsOf = (done: readonly FailedOverClient[]): string[] => [
  ...new Set(done.flatMap(({ shares }) => positiveNames(shares))),
];

const sharesText = (shares: Shares): string =>
  positiveNames(shares)
    .map((name) => `${name} ${formatShare(shares[name] ?? 0)}`)
    .join(', ');
