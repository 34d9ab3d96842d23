/** The workers of Tidegate: one per task queue, so that forward work and watching never stand before the way back. */
import {
  bundleWorkflowCode,
  Worker,
  type NativeConnection,
  type WorkerDeploymentOptions,
  type WorkerOptions,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RolloutActivities } from '../core/contract/activities.ts';
import { DEFAULT_INSTALLATION } from '../core/contract/installation.ts';
import { movedFrom, queueOf, queues, taskQueue, type Queue } from '../core/contract/queues.ts';
import { identityText, ownIdentity } from '../platform/temporal/worker-identity.ts';
import { workerDeployment } from '../core/contract/worker-deployment.ts';
import { workflowBundle as workflowBundleOf, type WorkflowEntry } from './workflow-bundle.ts';

export interface WorkersOptions {
  readonly connection: NativeConnection;
  readonly namespace: string;
  /** Whose queues are served. Absent: the default one's. */
  readonly installation?: string;
  readonly activities: RolloutActivities;
  /** Bundled once and shared, with or without a build id as these workers are; absent: the one of this code. */
  readonly workflowBundle?: WorkerOptions['workflowBundle'];
  /** Of the code and config of these workers: they join the Worker Deployment. Absent: they are not versioned. */
  readonly buildId?: string;
  /** Time that running activities get to end at a shutdown, ms. */
  readonly graceMs?: number;
}

/**
 * Concurrent activities of a queue. A watch waits nearly always and costs a few hundred kB, so there is a place for each of
 * a thousand; writes are short. No queue takes another's: behind all watches a step is proven, and a way back is
 * written and proven, as if there were none.
 */
const slots: Readonly<Record<Queue, number>> = {
  control: 50,
  apply: 50,
  observe: 1_000,
  verify: 100,
  restore: 50,
  prove: 100,
  tell: 100,
};

/** The activities that the worker of a queue offers, and no others. */
export const activitiesOn = (queue: Queue, activities: RolloutActivities): Partial<RolloutActivities> =>
  Object.fromEntries(
    Object.entries(activities).filter(([key]) => {
      const name = key as keyof RolloutActivities;
      return queueOf[name] === queue || movedFrom[name] === queue;
    }),
  );

export const bundleWorkflows = (entry: WorkflowEntry = 'index'): Promise<WorkflowBundleWithSourceMap> =>
  bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL(`../workflows/${entry}${extname(import.meta.url)}`, import.meta.url)),
    logger: quiet,
  });

/** Webpack's progress is of no interest to people; its warnings and errors are. */
const quiet = {
  log: () => undefined,
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: (message: string) => process.stderr.write(`${message}\n`),
  error: (message: string) => process.stderr.write(`${message}\n`),
};

/** Every workflow names its own behavior (workflows/versioned.ts); one that did not would stay with its build. */
const versioned = (installation: string, buildId: string): WorkerDeploymentOptions => ({
  version: { deploymentName: workerDeployment(installation), buildId },
  useWorkerVersioning: true,
  defaultVersioningBehavior: 'PINNED',
});

export interface RunningWorkers {
  /** Rejects when a worker fails; resolves after shutdown. */
  readonly done: Promise<void>;
  shutdown(): void;
}

export async function startWorkers(options: WorkersOptions): Promise<RunningWorkers> {
  const { connection, namespace, installation = DEFAULT_INSTALLATION, activities, graceMs = 5_000, buildId } = options;
  const entry = buildId === undefined ? 'index' : 'versioned';
  const workflowBundle = options.workflowBundle ?? (await workflowBundleOf(entry));
  const base = {
    ...{ connection, namespace, shutdownGraceTime: graceMs, shutdownForceTime: graceMs + 5_000 },
    identity: identityText(ownIdentity()),
    ...(buildId !== undefined && { workerDeploymentOptions: versioned(installation, buildId) }),
  };
  const workers = await Promise.all(
    queues.map((queue) =>
      Worker.create({
        ...base,
        taskQueue: taskQueue(installation, queue),
        activities: activitiesOn(queue, activities),
        maxConcurrentActivityTaskExecutions: slots[queue],
        // Heartbeats carry cancellation: a watch that was replaced stops within a second or so.
        maxHeartbeatThrottleInterval: 1_000,
        defaultHeartbeatThrottleInterval: 1_000,
        ...(queue === 'control' ? { workflowBundle, maxCachedWorkflows: 500 } : {}),
      }),
    ),
  );
  const done = Promise.all(workers.map((worker) => worker.run())).then(() => undefined);
  return {
    done,
    shutdown: () => {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
    },
  };
}
