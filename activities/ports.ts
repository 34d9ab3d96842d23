/** What activities need of the world, so that they run the same in a Temporal worker, in the CLI and in tests. */
import { Context } from '@temporalio/activity';
import { setTimeout as wait } from 'node:timers/promises';
import { beatEveryMs, type BeatingActivity } from '../core/contract/timeouts.ts';
import type { CountSource } from '../core/judge/series/source.ts';
import type { ClusterRef } from '../core/kube/cluster-ref.ts';
import type { ServiceRef } from '../core/routing/service-ref.ts';
import type { KubeCluster } from '../platform/kube/clusters.ts';
import { isOver, supersedes, type Superseding } from './other-runs.ts';

export interface ActivityPort {
  /** Aborts when the activity is cancelled or its worker shuts down. */
  signal(): AbortSignal;
  heartbeat(progress: unknown): void;
  /** When the first attempt was scheduled, ms since the epoch: deadlines span attempts. */
  scheduledAtMs(): number;
  /** Run id of the workflow that this activity works for; null: none does. */
  runId(): string | null;
  /** Has the run that this activity works for ended already? (Its late attempt may still be under way.) */
  isOver(): Promise<boolean>;
  /** May the run of this activity go on in the place of that one? */
  supersedes(run: string, over: Superseding): Promise<boolean>;
}

export interface Clock {
  nowMs(): number;
  /** Throws the signal's reason when it aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** The cluster of that name in the mesh of the service. */
export interface ClusterAt {
  readonly service: Pick<ServiceRef, 'mesh'>;
  readonly cluster: ClusterRef;
}

/** An input says which cluster is meant; how it is reached is for the owner of this port to know. */
export interface NamedClusters {
  /** Throws `Unavailable` where it does not know: another worker may. dryRun: as in platform/kube. */
  connect(at: ClusterAt, options?: { readonly dryRun?: boolean }): Promise<KubeCluster>;
}

export interface KubeDeps {
  readonly clusters: NamedClusters;
  readonly clock: Clock;
  readonly activity: ActivityPort;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  async sleep(ms, signal) {
    try {
      await wait(ms, undefined, { signal });
    } catch (error) {
      throw signal.aborted ? signal.reason : error;
    }
  },
};

/** The activity that is running in a Temporal worker. */
export const temporalActivity: ActivityPort = {
  signal: () => Context.current().cancellationSignal,
  heartbeat: (progress) => Context.current().heartbeat(progress),
  scheduledAtMs: () => Context.current().info.scheduledTimestampMs,
  runId: () => Context.current().info.workflowExecution?.runId ?? null,
  isOver,
  supersedes,
};

/** Outside Temporal (`restore --from-cluster`): nobody to tell, nothing to outlive. */
export function standaloneActivity(signal: AbortSignal, startedAtMs: number): ActivityPort {
  return {
    signal: () => signal,
    heartbeat: () => undefined,
    scheduledAtMs: () => startedAtMs,
    runId: () => null,
    isOver: () => Promise.resolve(false),
    supersedes: () => Promise.resolve(false),
  };
}

/** Waits with heartbeats; ends at once when the activity is cancelled. */
export async function drain(
  { clock, activity }: Pick<KubeDeps, 'clock' | 'activity'>,
  { ms, of }: { ms: number; of: BeatingActivity },
): Promise<void> {
  const until = clock.nowMs() + ms;
  for (let left = ms; left > 0; left = until - clock.nowMs()) {
    activity.heartbeat({ drainingMs: left });
    await clock.sleep(Math.min(left, beatEveryMs(of)), activity.signal());
  }
}

export interface ObserveDeps {
  /** Asks by this worker's own config; null: the mesh has no metrics. */
  readonly connectMetrics: (mesh: string) => Promise<CountSource | null>;
  /** Those that are watched for being lost, also while the config cannot be read. Default: the clusters of every read. */
  readonly watchedClusters?: NamedClusters;
  /** Our clock, ms since the epoch. */
  readonly now: () => number;
  /** Waits on the clock of `now`. Default: the system's. */
  readonly sleep?: Clock['sleep'];
  /** Longest attempt of a watch, ms; default: as its input says. */
  readonly attemptMs?: number;
  /** Does the workflow still wait for this attempt of the running activity? Default: as heartbeats say. */
  readonly isWanted?: () => Promise<boolean>;
}
