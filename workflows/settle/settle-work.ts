/** What the settler does about one need. */
import {
  ChildWorkflowCancellationType,
  ParentClosePolicy,
  patched,
  proxyActivities,
  startChild,
} from '@temporalio/workflow';
import type { RolloutActivities } from '../../core/contract/activities.ts';
import { idScheme, installation } from '../installation.ts';
import type { KnownService } from '../../core/contract/messages.ts';
import { taskQueue } from '../../core/contract/queues.ts';
import { settleRestoreWorkflowId } from '../../core/contract/workflow-ids.ts';
import type { ClusterRef } from '../../core/kube/cluster-ref.ts';
import type { Need } from '../../core/rollout/settled.ts';
import { partField, type Part } from '../../core/routing/part.ts';
import type { ServiceRef } from '../../core/routing/service-ref.ts';
import { present } from '../../core/values/json.ts';
import { summaryText } from '../../core/view/temporal-limits.ts';
import { activityOptions, noPlan } from '../activity-options.ts';
import { startRollout } from '../start-rollout.ts';

/** Run id of the restore. It is a rollout as any other: with the lock, the proof and the guard of one. */
export async function startRestore(
  service: ServiceRef,
  { part, without }: { part: Part; without?: readonly string[] | undefined },
): Promise<string> {
  const { mesh, namespace, service: name } = service;
  const change = { kind: 'restore', ...partField(part), ...present({ without }) } as const;
  const door = await startChild(startRollout, {
    workflowId: settleRestoreWorkflowId(idScheme(service), { ...service, part }),
    args: [{ mesh, namespace, service: name, change }],
    taskQueue: taskQueue(installation(), 'control'),
    parentClosePolicy: ParentClosePolicy.ABANDON,
    cancellationType: ChildWorkflowCancellationType.ABANDON,
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    staticSummary: summaryText(`restore ${name}: no run owns what is half moved`),
  });
  return (await door.result()).runId;
}

/** '' = done; else why it could not be. Throws what a later look may do better. */
export async function doNeed(
  service: ServiceRef,
  { clusters, drainMs, drift = 'repair' }: KnownService,
  need: Need,
): Promise<string> {
  const at = (name: string): { service: ServiceRef; cluster: ClusterRef } => ({
    service,
    cluster: refOf(clusters, name),
  });
  const does = (name: keyof RolloutActivities): RolloutActivities =>
    proxyActivities<RolloutActivities>({
      ...activityOptions({ ...noPlan, drainMs }, installation())[name],
      summary: summaryText(need.reason),
      // A run that wants the service waits until this has ended for good.
      cancellationType: 'WAIT_CANCELLATION_COMPLETED',
    });
  switch (need.kind) {
    case 'pin': {
      const changes = await does('pinVersion').pinVersion(at(need.cluster));
      // A look at once would only find the same.
      return changes.length === 0 && patched('nothing-pinned') ? `not pinned yet: ${need.reason}` : '';
    }
    case 'route':
      return unlessWritten(await does('mendFrontend').mendFrontend({ ...at(need.cluster), drift, route: true }), need);
    case 'frontend':
      await does('mendFrontend').mendFrontend({ ...at(need.cluster), drift });
      return '';
    case 'unmark':
    case 'free':
      await does('freeAutoscalers').freeAutoscalers({
        ...{ ...at(need.cluster), version: need.version },
        ...(need.kind === 'free' && { autoscaler: need.autoscaler }),
      });
      return '';
    case 'keep':
      await does('keepWarm').keepWarm({ ...at(need.cluster), version: need.version, dueMs: need.dueMs });
      return '';
    case 'leave':
      await does('leaveClusters').leaveClusters({ ...at(need.cluster), drainMs });
      return '';
    case 'retire':
    case 'original': {
      const { version } = need;
      const what =
        need.kind === 'retire'
          ? { clusters, keptIn: need.keptIn }
          : { clusters: [refOf(clusters, need.cluster)], original: need.deployment };
      const changes = await does('retireVersion').retireVersion({ service, ...what, version, drainMs });
      const skipped = changes.some(({ action }) => action === 'skipped');
      if (!skipped) return '';
      return need.kind === 'retire'
        ? `${version} is called again: it stays`
        : `${need.deployment} is still called: it stays`;
    }
    case 'reach':
    case 'person':
    case 'paused':
    case 'restore':
      return need.reason;
  }
}

/** A look at once would only find the same. */
const unlessWritten = (changes: readonly unknown[], { reason }: Need): string =>
  changes.length === 0 ? `not written yet: ${reason}` : '';

function refOf(clusters: readonly ClusterRef[], name: string): ClusterRef {
  const found = clusters.find((one) => one.name === name);
  if (found === undefined) throw new RangeError(`the mesh has no cluster ${name}`);
  return found;
}
