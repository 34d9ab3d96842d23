/** Both time bounds of every activity, in one table. `restore` is the one named exception: it retries without limit. */
import type { ActivityOptions } from '@temporalio/workflow';
import type { RolloutActivities } from '../core/contract/activities.ts';
import { taskQueues } from '../core/contract/names.ts';
import type { Plan } from '../core/contract/plan.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

const quickRetry = { initialInterval: 500, backoffCoefficient: 2, maximumInterval: 10 * SECOND };

/** Times that depend on the plan; a front workflow without a plan uses the defaults. */
type Times = Pick<Plan, 'progressDeadlineMs' | 'drainMs'>;

export const noPlan: Times = { progressDeadlineMs: 10 * MINUTE, drainMs: 30 * SECOND };

export function activityOptions(times: Times): Record<keyof RolloutActivities, ActivityOptions> {
  const read: ActivityOptions = {
    taskQueue: taskQueues.apply,
    startToCloseTimeout: 40 * SECOND,
    scheduleToCloseTimeout: 2 * MINUTE,
    retry: { ...quickRetry, maximumAttempts: 3 },
  };
  const write: ActivityOptions = {
    taskQueue: taskQueues.apply,
    startToCloseTimeout: MINUTE,
    // An unreachable client cluster holds a forward step that long; then the run goes back.
    scheduleToCloseTimeout: Math.max(times.progressDeadlineMs, MINUTE),
    retry: quickRetry,
  };
  const drain: ActivityOptions = {
    taskQueue: taskQueues.apply,
    startToCloseTimeout: times.drainMs + 5 * MINUTE,
    scheduleToCloseTimeout: DAY,
    heartbeatTimeout: 20 * SECOND,
    retry: quickRetry,
  };
  return {
    loadConfig: read,
    readRecords: read,
    findRun: read,
    probeSlos: { ...read, taskQueue: taskQueues.observe },
    measureTraffic: { ...read, taskQueue: taskQueues.observe },
    prepareVersion: {
      taskQueue: taskQueues.apply,
      startToCloseTimeout: times.progressDeadlineMs + MINUTE,
      scheduleToCloseTimeout: 2 * times.progressDeadlineMs + 5 * MINUTE,
      heartbeatTimeout: 20 * SECOND,
      retry: quickRetry,
    },
    applyRouting: write,
    verifyRouting: {
      taskQueue: taskQueues.observe,
      startToCloseTimeout: 5 * MINUTE,
      scheduleToCloseTimeout: 15 * MINUTE,
      heartbeatTimeout: 20 * SECOND,
      retry: quickRetry,
    },
    // One attempt is a window of at most 10 minutes; the windows of one watch add no history events.
    watchSlo: {
      taskQueue: taskQueues.observe,
      startToCloseTimeout: 12 * MINUTE,
      scheduleToCloseTimeout: 90 * DAY,
      heartbeatTimeout: 20 * SECOND,
      retry: { initialInterval: 100, backoffCoefficient: 1, maximumInterval: SECOND },
    },
    // Bounded: while it retries nothing can be undone, so a person hears of it soon.
    commit: { ...write, scheduleToCloseTimeout: 2 * MINUTE },
    restore: {
      taskQueue: taskQueues.restore,
      startToCloseTimeout: MINUTE,
      // A worker that dies in a restore must not delay it by the whole attempt.
      heartbeatTimeout: 10 * SECOND,
      retry: { initialInterval: 250, backoffCoefficient: 2, maximumInterval: 30 * SECOND },
      priority: { priorityKey: 1 },
    },
    retireVersion: drain,
    releaseService: drain,
  };
}
