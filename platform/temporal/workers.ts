/** Which workers Temporal knows: the builds of a Worker Deployment, and who polls the queues. */
import { isGrpcServiceError, type Client } from '@temporalio/client';
import { queues, taskQueue } from '../../core/contract/queues.ts';
import { workerDeployment } from '../../core/contract/worker-deployment.ts';
import type { Build, BuildStatus, Poller, Workers } from '../../core/rollout/builds.ts';

/** Numbers of temporal.api.enums.v1.TaskQueueType. */
const WORKFLOW_TASKS = 1;
const ACTIVITY_TASKS = 2;

/** Number of temporal.api.enums.v1.WorkerVersioningMode. */
const VERSIONED = 2;

const statuses: Readonly<Record<number, BuildStatus>> = { 2: 'current', 3: 'ramping', 4: 'draining', 5: 'drained' };

export async function readWorkers(client: Client, installation: string): Promise<Workers> {
  const asked = [readBuilds(client, workerDeployment(installation)), readPollers(client, installation)] as const;
  const [{ builds, current }, pollers] = await Promise.all(asked);
  return { builds, current, pollers, queues: queues.map((queue) => taskQueue(installation, queue)) };
}

/** Of the control queue those that take workflow tasks: the same workers take its activities. */
export async function readPollers({ workflowService, options }: Client, installation: string): Promise<Poller[]> {
  const { namespace } = options;
  const deployment = workerDeployment(installation);
  const asked = queues.map(async (one): Promise<Poller[]> => {
    const queue = taskQueue(installation, one);
    const taskQueueType = one === 'control' ? WORKFLOW_TASKS : ACTIVITY_TASKS;
    const told = await workflowService.describeTaskQueue({ namespace, taskQueue: { name: queue }, taskQueueType });
    return (told.pollers ?? []).map(({ lastAccessTime, deploymentOptions: own }) => ({
      queue,
      // Another deployment's workers are strangers here, but no workers without a build id.
      build: Number(own?.workerVersioningMode ?? 0) === VERSIONED ? nameIn(deployment, own ?? {}) : '',
      atMs: Number(lastAccessTime?.seconds ?? 0) * 1000 + (lastAccessTime?.nanos ?? 0) / 1e6,
    }));
  });
  return (await Promise.all(asked)).flat();
}

interface VersionOf {
  readonly deploymentName?: string | null;
  readonly buildId?: string | null;
}

const nameIn = (deployment: string, { deploymentName, buildId }: VersionOf): string =>
  deploymentName === deployment ? (buildId ?? '') : `${deploymentName ?? ''}:${buildId ?? ''}`;

/** No builds, where no worker with a build id was ever started. */
async function readBuilds(
  { workflowService, options }: Client,
  deploymentName: string,
): Promise<Pick<Workers, 'builds' | 'current'>> {
  const { namespace } = options;
  try {
    const { workerDeploymentInfo: info } = await workflowService.describeWorkerDeployment({
      namespace,
      deploymentName,
    });
    const builds = (info?.versionSummaries ?? []).map(async ({ deploymentVersion, status }): Promise<Build> => {
      const id = deploymentVersion?.buildId ?? '';
      const asked = { namespace, deploymentVersion: { deploymentName, buildId: id } };
      const { versionTaskQueues } = await workflowService.describeWorkerDeploymentVersion(asked);
      const polled = (versionTaskQueues ?? []).map(({ name }) => name ?? '');
      return { id, status: statuses[Number(status ?? 0)] ?? 'inactive', queues: [...new Set(polled)] };
    });
    return { builds: await Promise.all(builds), current: info?.routingConfig?.currentDeploymentVersion?.buildId ?? '' };
  } catch (error) {
    if (isGrpcServiceError(error) && without.has(error.code)) return { builds: [], current: '' };
    throw error;
  }
}

/** gRPC: NOT_FOUND, and UNIMPLEMENTED of a server that knows no Worker Deployments. */
const without: ReadonlySet<number> = new Set([5, 12]);

/** New runs, and what is pinned to no build, go to this build from now on. It must poll. */
export async function setCurrentBuild(
  { workflowService, options }: Client,
  { installation, buildId }: { readonly installation: string; readonly buildId: string },
): Promise<void> {
  const { namespace, identity } = options;
  await workflowService.setWorkerDeploymentCurrentVersion({
    ...{ namespace, identity, deploymentName: workerDeployment(installation), buildId },
  });
}
