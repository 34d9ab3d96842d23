/**
 * watchMesh: notices that a cluster of a mesh is lost, and has its calls answered elsewhere: by itself (`failover: auto`), or
 * when a person says the word (`ask`). A schedule sees to it that one runs per mesh.
 * Guarantees: one source alone never moves anything (core/topology/lost-cluster.ts). It writes through `failOver` only, which
 * takes each record from the owner that was read; nothing comes back by itself. A failover does not end the watch of the others.
 * Timers: between two rounds of a failover that is not done everywhere. Messages: update failOver; query status.
 */
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  allHandlersFinished,
  ApplicationFailure,
  ChildWorkflowCancellationType,
  condition,
  continueAsNew,
  defineQuery,
  defineUpdate,
  isCancellation,
  log,
  ParentClosePolicy,
  proxyActivities,
  setHandler,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import type { RolloutActivities } from '../../core/contract/activities.ts';
import type {
  FailedOverService,
  FailOverAnswer,
  FailOverAsked,
  WatchClustersResult,
  WatchedCluster,
  WatchMeshInput,
  WatchMeshStatus,
} from '../../core/contract/failover.ts';
import { messageNames } from '../../core/contract/messages.ts';
import { taskQueue } from '../../core/contract/queues.ts';
import type { ListServicesResult } from '../../core/contract/settle-activities.ts';
import { watchWorkflowId } from '../../core/contract/workflow-ids.ts';
import { lostEvent } from '../../core/events/out/of-lost.ts';
import { present } from '../../core/values/json.ts';
import { summaryText } from '../../core/view/temporal-limits.ts';
import { activityOptions, noPlan } from '../activity-options.ts';
import { describeFailure, toWorkflowFailure } from '../failures.ts';
import { installation } from '../installation.ts';
import { hearersOfEnd } from '../run-ended.ts';
import { failOverCluster } from './fail-over-cluster.ts';

const options = activityOptions(noPlan, installation());
const { listServices } = proxyActivities<RolloutActivities>({ ...options.listServices, summary: 'which clusters?' });
/** Whoever waits for it decides by what was listed before, if need be. */
const { listServices: listAtOnce } = proxyActivities<RolloutActivities>({
  ...options.listServices,
  ...{ scheduleToCloseTimeout: 5_000, summary: 'which clusters, now?' },
});
const { watchClusters } = proxyActivities<RolloutActivities>({ ...options.watchClusters, summary: 'is one lost?' });

const status = defineQuery<WatchMeshStatus>(messageNames.status);
const failOver = defineUpdate<FailOverAnswer, [FailOverAsked]>(messageNames.failOver);

/** Replay gets slow, and the server suggests a new run, at 4 096. */
const EVENTS = 3_500;

export async function watchMesh(input: WatchMeshInput): Promise<WatchMeshStatus> {
  const watch = createWatch(input);
  const isIdle = (): boolean => allHandlersFinished() && watch.moving.size === 0;
  if (input.sees === true) {
    await startOne(input.mesh ?? '');
    return statusOf(watch);
  }
  setHandler(status, () => statusOf(watch));
  setHandler(failOver, (asked) => heard(watch, asked));
  try {
    for (;;) {
      const listed = await listOrKnown(watch);
      if (listed.failover === undefined) break;
      await look(watch, listed);
      if (workflowInfo().historyLength <= EVENTS) continue;
      await condition(isIdle);
      const paused = watch.services.filter(({ phase }) => phase === 'paused');
      await continueAsNew<typeof watchMesh>({
        ...input,
        carried: watch.clusters,
        ...(paused.length > 0 && { paused }),
      });
    }
    // Nobody looks any more; who has asked is answered first.
    await condition(isIdle);
    return statusOf(watch);
  } catch (error) {
    throw toWorkflowFailure(error);
  }
}

/** The id is the lock. */
async function startOne(mesh: string): Promise<void> {
  try {
    await startChild(watchMesh, {
      workflowId: watchWorkflowId(installation(), mesh),
      args: [{ mesh }],
      taskQueue: taskQueue(installation(), 'control'),
      parentClosePolicy: ParentClosePolicy.ABANDON,
      cancellationType: ChildWorkflowCancellationType.ABANDON,
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      staticSummary: summaryText(`is a cluster of ${mesh} lost?`),
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}

/** What a watch knows. */
interface Watch {
  readonly input: WatchMeshInput;
  listed: ListServicesResult | null;
  clusters: readonly WatchedCluster[];
  services: readonly FailedOverService[];
  /** Clusters whose calls are moved right now. */
  readonly moving: Set<string>;
}

const createWatch = (input: WatchMeshInput): Watch => ({
  ...{ input, listed: null, clusters: input.carried ?? [], services: input.paused ?? [], moving: new Set<string>() },
});

const statusOf = ({ listed, clusters, services }: Watch): WatchMeshStatus => ({
  ...{ mesh: listed?.mesh ?? '', failover: listed?.failover ?? 'off' },
  ...{ clusters: clusters.map((one) => ({ ...one })), services: services.map((one) => ({ ...one })) },
});

/** A config that cannot be read now is no reason to look at nothing: what it said last holds. */
async function listOrKnown(watch: Watch, atOnce = false): Promise<ListServicesResult> {
  const list = atOnce && watch.listed !== null ? listAtOnce : listServices;
  try {
    watch.listed = await list(present({ mesh: watch.input.mesh }));
    return watch.listed;
  } catch (error) {
    if (isCancellation(error) || watch.listed === null) throw error;
    log.warn(`the mesh is watched as it was listed last: ${describeFailure(error).message}`);
    return watch.listed;
  }
}

const lookInput = ({ clusters: known }: Watch, { mesh, clusters, services }: ListServicesResult) => ({
  ...{ mesh, clusters, services: services.map(({ service }) => service) },
  told: known.map(({ text: _, sinceMs: __, ...one }) => one),
});

/** Returns with the first news, which are acted upon; or after some time without any. */
async function look(watch: Watch, of: ListServicesResult): Promise<void> {
  const { news, answering } = await watchClusters(lookInput(watch, of));
  const before = watch.clusters;
  for (const one of news) hear(watch, one);
  const lost = news.filter(({ judgement }) => judgement === 'lost');
  if (lost.length === 0) return;
  // Services may be new since, and people may have changed their mind.
  const now = await listOrKnown(watch, true);
  for (const one of lost) {
    if (now.failover === 'auto') void move(watch, { of: now, answering, cluster: one.cluster });
    else if (now.failover !== 'ask') continue;
    else if (isHeldUp(watch, before, one.cluster)) void move(watch, { of: now, answering, cluster: one.cluster });
    else if (!isToldLost(before, one.cluster)) await tellLost(now, one);
  }
}

/** Sinks know it already: it was told, and nobody has moved its calls since. */
const isToldLost = (before: readonly WatchedCluster[], cluster: string): boolean =>
  before.some((one) => one.cluster === cluster && one.judgement === 'lost' && one.movedAtMs < one.atMs);

/** A person has said the word, and pauses held it up: maybe they have ended. */
const isHeldUp = ({ services }: Watch, before: readonly WatchedCluster[], cluster: string): boolean =>
  before.some((one) => one.cluster === cluster && one.movedAtMs > 0) &&
  services.some((one) => one.cluster === cluster && one.phase === 'paused');

/** A person says that it is lost: what does the evidence say to that? */
async function heard(watch: Watch, { cluster, reason, despitePauses }: FailOverAsked): Promise<FailOverAnswer> {
  const of = await listOrKnown(watch, true);
  const names = of.clusters.map(({ name }) => name);
  if (!names.includes(cluster))
    throw ApplicationFailure.nonRetryable(
      `mesh ${of.mesh} has no cluster ${cluster}; it has ${names.join(', ')}`,
      'Invalid',
    );
  const { news, answering } = await watchClusters({ ...lookInput(watch, of), person: cluster });
  const movedAtMs = watch.clusters.find((one) => one.cluster === cluster)?.movedAtMs ?? 0;
  const [found] = news;
  if (found === undefined) return { judgement: 'unknown', text: 'nobody could look', movedAtMs };
  const { judgement, text } = found;
  if (judgement === 'lost') {
    hear(watch, { ...found, text: `${text}: ${reason}` });
    void move(watch, { of, answering, cluster, despitePauses: despitePauses === true });
  }
  return { judgement, text, movedAtMs };
}

function hear(watch: Watch, one: WatchClustersResult['news'][number]): void {
  const { cluster, judgement, text } = one;
  const before = watch.clusters.find((known) => known.cluster === cluster);
  const movedAtMs = before?.movedAtMs ?? 0;
  const isWell = judgement === 'well';
  const sinceMs = lostOrDoubtedSinceMs(before, one);
  const others = watch.clusters.filter((known) => known.cluster !== cluster);
  watch.clusters = [...others, { ...one, movedAtMs: isWell ? 0 : movedAtMs, ...present({ sinceMs }) }];
  if (!isWell) log.warn(`${cluster} is ${judgement}: ${text}`);
  else if (movedAtMs > 0)
    log.warn(`${cluster} is back: ${text}; it gets its calls again by: tidegate cluster restore ${cluster}`);
}

/** undefined: since it is judged so. */
function lostOrDoubtedSinceMs(
  before: WatchedCluster | undefined,
  { judgement, atMs }: Pick<WatchedCluster, 'judgement' | 'atMs'>,
): number | undefined {
  const isDoubted = judgement === 'lost' || judgement === 'suspected';
  if (!isDoubted || (before?.judgement !== 'lost' && before?.judgement !== 'suspected')) return undefined;
  return Math.min(before.sinceMs ?? before.atMs, atMs);
}

interface Moving {
  readonly of: ListServicesResult;
  readonly cluster: string;
  readonly answering: readonly string[];
  /** Absent: pauses hold it up. */
  readonly despitePauses?: boolean;
}

/** Beside the watch, which goes on looking at the others. Never rejects. */
async function move(watch: Watch, { of, cluster, answering, despitePauses = false }: Moving): Promise<void> {
  if (watch.moving.has(cluster)) return;
  watch.moving.add(cluster);
  const known = watch.clusters.find((one) => one.cluster === cluster);
  const { text = '', atMs = Date.now(), sinceMs = atMs } = known ?? {};
  try {
    const lost = { listed: of, lost: cluster, answering, atMs: sinceMs, text, despitePauses };
    await failOverCluster(lost, (told) => {
      watch.services = [...watch.services.filter((one) => one.cluster !== cluster), ...told];
    });
  } catch (error) {
    log.warn(`the failover of ${cluster} was ended: ${describeFailure(error).message}`);
  } finally {
    // The clocks of workers may be ahead.
    watch.clusters = watch.clusters.map((one) =>
      one.cluster === cluster ? { ...one, movedAtMs: Math.max(Date.now(), one.atMs) } : one,
    );
    watch.moving.delete(cluster);
  }
}

/** To every sink that hears of any service of the mesh. */
async function tellLost(
  { mesh, services }: ListServicesResult,
  { cluster, text, atMs }: Pick<WatchedCluster, 'cluster' | 'text' | 'atMs'>,
): Promise<void> {
  const sinks = [...new Set(services.flatMap((one) => one.sinks ?? []))].sort();
  const about = { installation: installation(), mesh, namespace: '', service: cluster };
  const { workflowId, firstExecutionRunId: runId } = workflowInfo();
  const event = lostEvent({ installation: installation(), mesh, cluster, text, atMs, run: { workflowId, runId } });
  await hearersOfEnd(about, sinks).hearers?.send(event);
}
