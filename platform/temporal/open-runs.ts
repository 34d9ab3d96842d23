/** Open rollouts as Temporal sees them: which build they need, and whether their workflow task gets done. */
import { WorkflowNotFoundError, type Client, type WorkflowExecutionDescription } from '@temporalio/client';
import { workflowNames } from '../../core/contract/messages.ts';
import { taskQueue } from '../../core/contract/queues.ts';
import { workerDeployment } from '../../core/contract/worker-deployment.ts';
import type { OpenRun, OpenTask } from '../../core/rollout/builds.ts';
import { redacted } from '../../core/values/error.ts';

/** Number of temporal.api.enums.v1.VersioningBehavior. */
const PINNED = 1;

/** Asked at the same time: each is a few milliseconds of the server. */
const AT_ONCE = 10;

/** Events that are read back in search of the first failure. */
const EVENTS = 100;

/** Every open rollout of this installation. */
export async function readOpenRuns(client: Client, installation: string): Promise<OpenRun[]> {
  const query = `WorkflowType = '${workflowNames.rollout}' AND ExecutionStatus = 'Running' AND TaskQueue = '${taskQueue(installation, 'control')}'`;
  const ids: string[] = [];
  for await (const { workflowId } of client.workflow.list({ query })) ids.push(workflowId);
  const runs: OpenRun[] = [];
  for (let from = 0; from < ids.length; from += AT_ONCE) {
    const read = await Promise.all(
      ids.slice(from, from + AT_ONCE).map((workflowId) => readOpenRun(client, { installation, workflowId })),
    );
    runs.push(...read.filter((run) => run !== null));
  }
  return runs;
}

/** The open run of that id; null: none is open. */
export async function readOpenRun(
  client: Client,
  { installation, workflowId }: { readonly installation: string; readonly workflowId: string },
): Promise<OpenRun | null> {
  try {
    const described = await client.workflow.getHandle(workflowId).describe();
    if (described.status.name !== 'RUNNING') return null;
    const pinned = pinnedTo(described, workerDeployment(installation));
    return { workflowId, runId: described.runId, pinned, task: await openTask(client, described) };
  } catch (error) {
    // Visibility lags behind: one that it still lists may be gone.
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

function pinnedTo({ raw }: WorkflowExecutionDescription, deployment: string): string {
  const info = raw.workflowExecutionInfo?.versioningInfo;
  const moved = info?.versioningOverride;
  if (moved?.autoUpgrade === true) return '';
  const version =
    moved?.oneTime?.targetDeploymentVersion ??
    moved?.pinned?.version ??
    (Number(info?.behavior ?? 0) === PINNED ? info?.deploymentVersion : null);
  const { deploymentName, buildId } = version ?? {};
  return deploymentName === deployment ? (buildId ?? '') : '';
}

async function openTask(
  client: Client,
  { raw, workflowId, runId }: WorkflowExecutionDescription,
): Promise<OpenTask | null> {
  const task = raw.pendingWorkflowTask;
  if (task === null || task === undefined) return null;
  const scheduledMs = msOf(task.originalScheduledTime ?? task.scheduledTime);
  if ((task.attempt ?? 1) <= 1) return { failing: false, sinceMs: scheduledMs, error: '' };
  const { sinceMs, error } = await firstFailure(client, { workflowId, runId });
  return { failing: true, sinceMs: sinceMs ?? scheduledMs, error };
}

/** A history keeps the first failure of a workflow task; later attempts leave no event. */
async function firstFailure(
  { workflowService, options }: Client,
  execution: { readonly workflowId: string; readonly runId: string },
): Promise<{ sinceMs: number | null; error: string }> {
  const { history } = await workflowService.getWorkflowExecutionHistoryReverse({
    namespace: options.namespace,
    execution,
    maximumPageSize: EVENTS,
  });
  let [sinceMs, error]: [number | null, string] = [null, ''];
  for (const event of history?.events ?? []) {
    if (event.workflowTaskCompletedEventAttributes != null) break;
    const failed = event.workflowTaskFailedEventAttributes;
    if (failed == null && event.workflowTaskTimedOutEventAttributes == null) continue;
    sinceMs = msOf(event.eventTime);
    // The newest one that says why: it may only have run out of time before.
    if (error === '') error = redacted(failed?.failure?.message ?? '');
  }
  return { sinceMs, error };
}

const msOf = (time: { seconds?: unknown } | null | undefined): number => Number(time?.seconds ?? 0) * 1000;

/**
 * The next workflow task of a run, and its activities, go to that build. It is pinned there once its workers have done that
 * task; until then nothing else changes, and children do not inherit it.
 */
export async function moveRun(
  { workflowService, options }: Client,
  { workflowId, runId }: Pick<OpenRun, 'workflowId' | 'runId'>,
  to: { readonly installation: string; readonly buildId: string },
): Promise<void> {
  const { namespace, identity } = options;
  await workflowService.updateWorkflowExecutionOptions({
    ...{ namespace, identity, workflowExecution: { workflowId, runId } },
    workflowExecutionOptions: {
      versioningOverride: {
        oneTime: {
          targetDeploymentVersion: { deploymentName: workerDeployment(to.installation), buildId: to.buildId },
        },
      },
    },
    updateMask: { paths: ['versioning_override'] },
  });
}
