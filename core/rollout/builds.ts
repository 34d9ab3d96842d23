/**
 * Builds of the workers, and runs that stand still. A run is stuck when no worker takes what it waits for, or when its
 * workflow task fails again and again: nothing moves then, the way back neither. Facts come from Temporal; this only judges.
 */

/** A worker that asks for work on a queue. */
export interface Poller {
  readonly queue: string;
  /** '' = it has no build id. */
  readonly build: string;
  /** When it asked last, ms since the epoch; a live one asks at least once a minute. */
  readonly atMs: number;
}

export type BuildStatus = 'inactive' | 'current' | 'ramping' | 'draining' | 'drained';

export interface Build {
  readonly id: string;
  readonly status: BuildStatus;
  /** Those that its workers have ever polled: another release may have others than this one. Empty: not known. */
  readonly queues: readonly string[];
}

/** What Temporal knows of the workers of an installation. */
export interface Workers {
  readonly builds: readonly Build[];
  /** Gets what is pinned to no build. '' = none does: workers without a build id get it. */
  readonly current: string;
  readonly pollers: readonly Poller[];
  /** All that a worker of this release polls. */
  readonly queues: readonly string[];
}

/** A workflow task that is not done yet. */
export interface OpenTask {
  /** It failed, or ran out of time, at least once. */
  readonly failing: boolean;
  /** Since its first failure, or since it was scheduled, ms since the epoch. */
  readonly sinceMs: number;
  /** Of the failure; '' = none is known. */
  readonly error: string;
}

export interface OpenRun {
  readonly workflowId: string;
  readonly runId: string;
  /** Build that it is pinned to, or moved to. '' = none: it goes with the current one. */
  readonly pinned: string;
  /** null: nothing waits for a worker's answer. */
  readonly task: OpenTask | null;
}

export interface StuckRun {
  readonly workflowId: string;
  readonly runId: string;
  /** Build whose workers it needs; '' = workers without a build id. */
  readonly build: string;
  /** noWorker: a queue is not polled. failing: its workflow task fails. waiting: nobody takes its workflow task. */
  readonly because: 'noWorker' | 'failing' | 'waiting';
  /** ms since the epoch; null: longer than Temporal remembers. */
  readonly sinceMs: number | null;
  /** Queues that are not polled, or the error of the task; '' = nothing to add. */
  readonly detail: string;
}

/** Temporal remembers pollers for minutes after they are gone; a live one asks anew at least once a minute. ms. */
export const POLLED_WITHIN_MS = 90_000;

/** What a person hears of when asking: a task that failed once, or ran out of time on a busy machine, is done by then. ms. */
export const STANDS_STILL_MS = 30_000;

interface Since {
  readonly nowMs: number;
  readonly withinMs?: number;
}

/** Queues of the build on which none of its workers has asked for work in the last so many ms. */
export function unpolled(workers: Workers, build: string, { nowMs, withinMs = POLLED_WITHIN_MS }: Since): string[] {
  const own = workers.builds.find(({ id }) => id === build)?.queues ?? [];
  const live = workers.pollers.filter((one) => one.build === build && nowMs - one.atMs < withinMs);
  return (own.length === 0 ? workers.queues : own).filter((queue) => !live.some((one) => one.queue === queue));
}

/** Build whose workers do what is left of a run; '' = workers without a build id. */
export const buildOf = ({ pinned }: Pick<OpenRun, 'pinned'>, { current }: Pick<Workers, 'current'>): string =>
  pinned === '' ? current : pinned;

interface Standing {
  readonly nowMs: number;
  /** Shorter is no standstill yet, ms. */
  readonly forMs: number;
}

/** null: it goes on, or has not stood still for that long. */
export function whyStuck(run: OpenRun, workers: Workers, { nowMs, forMs }: Standing): StuckRun | null {
  const { workflowId, runId, task } = run;
  const build = buildOf(run, workers);
  const stuck = (because: StuckRun['because'], sinceMs: number | null, detail: string): StuckRun => ({
    ...{ workflowId, runId, build, because, sinceMs, detail },
  });
  const missing = unpolled(workers, build, { nowMs, withinMs: Math.max(forMs, POLLED_WITHIN_MS) });
  if (missing.length > 0) {
    const asked = workers.pollers.filter((one) => one.build === build && missing.includes(one.queue));
    const last = asked.length === 0 ? null : Math.max(...asked.map(({ atMs }) => atMs));
    return stuck('noWorker', last, missing.join(', '));
  }
  if (task === null || nowMs - task.sinceMs < forMs) return null;
  if (task.failing) return stuck('failing', task.sinceMs, task.error);
  // A worker that polls takes a task within moments: one that has just been scheduled is on its way.
  return nowMs - task.sinceMs < Math.max(forMs, POLLED_WITHIN_MS) ? null : stuck('waiting', task.sinceMs, '');
}
