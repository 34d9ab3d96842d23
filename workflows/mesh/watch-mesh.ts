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
  ChildWorkflowCancellationType,
  condition,
  continueAsNew,
  defineQuery,
  defineUpdate,
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
import { refuse } from '../../core/values/error.ts';
import { present } from '../../core/values/json.ts';
import { summaryText } from '../../core/view/temporal-limits.ts';
import { activityOptions, noPlan } from '../activity-options.ts';
import { describeFailure, toWorkflowFailure } from '../failures.ts';
import { installation } from '../installation.ts';
import { failOverCluster } from './fail-over-cluster.ts';

const options = activityOptions(noPlan, installation());
const { listServices } = proxyActivities<RolloutActivities>({ ...options.listServices, summary: 'which clusters?' });
const { watchClusters } = proxyActivities<RolloutActivities>({ ...options.watchClusters, summary: 'is one lost?' });

const status = defineQuery<WatchMeshStatus>(messageNames.status);
const failOver = defineUpdate<FailOverAnswer, [FailOverAsked]>(messageNames.failOver);

/** Replay gets slow, and the server suggests a new run, at 4 096. */
const EVENTS = 3_500;

export async function watchMesh(input: WatchMeshInput): Promise<WatchMeshStatus> {
  const watch = createWatch(input);
  if (input.sees === true) {
    await startOne(input.mesh ?? '');
    return watch.status();
  }
  setHandler(status, watch.status);
  setHandler(failOver, async (asked) => watch.heard(asked));
  try {
    for (;;) {
      const listed = await watch.list();
      // Nobody looks; who has asked is answered first.
      if (listed.failover === undefined) break;
      await watch.look(listed);
      if (workflowInfo().historyLength <= EVENTS) continue;
      await condition(() => allHandlersFinished() && watch.isIdle());
      await continueAsNew<typeof watchMesh>({ ...input, carried: watch.status().clusters });
    }
    await condition(() => allHandlersFinished() && watch.isIdle());
    return watch.status();
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

interface Watch {
  readonly status: () => WatchMeshStatus;
  readonly isIdle: () => boolean;
  readonly list: () => Promise<ListServicesResult>;
  /** Returns with the first news, which are acted upon; or after some time without any. */
  readonly look: (listed: ListServicesResult) => Promise<void>;
  readonly heard: (asked: FailOverAsked) => Promise<FailOverAnswer>;
}

function createWatch({ mesh: asked, carried = [] }: WatchMeshInput): Watch {
  let listed: ListServicesResult | null = null;
  let clusters = [...carried];
  let services: readonly FailedOverService[] = [];
  const moving = new Set<string>();
  const now = (): WatchMeshStatus => ({
    ...{ mesh: listed?.mesh ?? '', failover: listed?.failover ?? 'off' },
    ...{ clusters: clusters.map((one) => ({ ...one })), services: services.map((one) => ({ ...one })) },
  });
  const hear = ({ news }: WatchClustersResult): void => {
    for (const one of news) {
      const movedAtMs = clusters.find(({ cluster }) => cluster === one.cluster)?.movedAtMs ?? 0;
      const isBack = one.judgement === 'well';
      clusters = [
        ...clusters.filter(({ cluster }) => cluster !== one.cluster),
        { ...one, movedAtMs: isBack ? 0 : movedAtMs },
      ];
      if (isBack && movedAtMs > 0)
        log.warn(
          `${one.cluster} is back: ${one.text}; it gets its calls again by: tidegate cluster restore ${one.cluster}`,
        );
      else if (one.judgement !== 'well') log.warn(`${one.cluster} is ${one.judgement}: ${one.text}`);
    }
  };
  /** Beside the watch, which goes on looking at the others. */
  const move = async (
    of: ListServicesResult,
    { cluster, answering }: { cluster: string; answering: readonly string[] },
  ): Promise<void> => {
    if (moving.has(cluster)) return;
    moving.add(cluster);
    const lost = clusters.find((one) => one.cluster === cluster);
    try {
      await failOverCluster(
        { listed: of, lost: cluster, answering, atMs: lost?.atMs ?? Date.now(), text: lost?.text ?? '' },
        (told) => {
          services = told;
        },
      );
      clusters = clusters.map((one) => (one.cluster === cluster ? { ...one, movedAtMs: Date.now() } : one));
    } catch (error) {
      log.warn(`the failover of ${cluster} has met a fault: ${describeFailure(error).message}`);
    } finally {
      moving.delete(cluster);
    }
  };
  const list = async (): Promise<ListServicesResult> => (listed = await listServices(present({ mesh: asked })));
  const inputOf = ({ mesh, clusters: refs, services: all }: ListServicesResult) => ({
    ...{ mesh, clusters: refs, services: all.map(({ service }) => service) },
    told: clusters.map(({ cluster, judgement, movedAtMs }) => ({ cluster, judgement, movedAtMs })),
  });
  return {
    status: now,
    isIdle: () => moving.size === 0,
    list,
    look: async (of) => {
      const result = await watchClusters(inputOf(of));
      hear(result);
      const lost = result.news.filter(({ judgement }) => judgement === 'lost');
      for (const { cluster } of of.failover === 'auto' ? lost : [])
        void move(of, { cluster, answering: result.answering });
    },
    heard: async ({ cluster, reason }) => {
      const of = await list();
      const names = of.clusters.map(({ name }) => name);
      if (!names.includes(cluster))
        throw toWorkflowFailure(
          asRefusal(() => refuse('Invalid', `mesh ${of.mesh} has no cluster ${cluster}`, `it has ${names.join(', ')}`)),
        );
      const result = await watchClusters({ ...inputOf(of), person: cluster });
      const [found] = result.news;
      if (found === undefined) return { judgement: 'unknown', text: 'nobody could look' };
      if (found.judgement !== 'lost') return found;
      hear({ ...result, news: [{ ...found, text: `${found.text}: ${reason}` }] });
      void move(of, { cluster, answering: result.answering });
      return found;
    },
  };
}

function asRefusal(refused: () => never): unknown {
  try {
    return refused();
  } catch (error) {
    return error;
  }
}
