/** Both time bounds of every activity, in one table. `restore` is the one named exception: it retries without limit. */
import type { ActivityOptions } from '@temporalio/workflow';
import type { RolloutActivities } from '../core/contract/activities.ts';
import type { ClusterWrite } from '../core/contract/many-clusters.ts';
import { queueOf, taskQueue } from '../core/contract/queues.ts';
import { heartbeatTimeoutsMs } from '../core/contract/timeouts.ts';
import { present } from '../core/values/json.ts';
import type { Plan } from '../core/rollout/plan/plan.ts';
import { capacityTerms } from '../core/rollout/watch-terms.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

/** One answer after the other of API servers that take seconds for each; a dead worker is noticed by the heartbeat. */
const SLOW = { startToCloseTimeout: 4 * MINUTE, scheduleToCloseTimeout: 5 * MINUTE };

const quickRetry = { initialInterval: 500, backoffCoefficient: 2, maximumInterval: 10 * SECOND };

/** Times that depend on the plan; a front workflow without a plan uses the defaults. */
type Times = Pick<Plan, 'progressDeadlineMs' | 'drainMs' | 'before'>;

export const noPlan: Times = { progressDeadlineMs: 10 * MINUTE, drainMs: 30 * SECOND };

/** Options of every activity: its bounds, with the queue of the installation and the heartbeat timeout that the contract gives it. */
export function activityOptions(times: Times, installation: string): Record<keyof RolloutActivities, ActivityOptions> {
  const all = Object.entries(bounds(times)).map(([name, options]) => {
    const heartbeatTimeout = (heartbeatTimeoutsMs as Record<string, number>)[name];
    const queue = taskQueue(installation, queueOf[name as keyof RolloutActivities]);
    return [name, { ...options, taskQueue: queue, ...present({ heartbeatTimeout }) }];
  });
  return Object.fromEntries(all) as Record<keyof RolloutActivities, ActivityOptions>;
}

function bounds(times: Times): Record<keyof RolloutActivities, ActivityOptions> {
  const read: ActivityOptions = {
    startToCloseTimeout: 40 * SECOND,
    scheduleToCloseTimeout: 2 * MINUTE,
    retry: { ...quickRetry, maximumAttempts: 3 },
  };
  const manyReads: ActivityOptions = { ...read, ...SLOW };
  const write: ActivityOptions = {
    startToCloseTimeout: MINUTE,
    // An unreachable client cluster holds a forward step that long; then the run goes back.
    scheduleToCloseTimeout: Math.max(times.progressDeadlineMs, MINUTE),
    retry: quickRetry,
  };
  const drain: ActivityOptions = {
    startToCloseTimeout: times.drainMs + 5 * MINUTE,
    scheduleToCloseTimeout: DAY,
    retry: quickRetry,
  };
  const proof: ActivityOptions = {
    startToCloseTimeout: 5 * MINUTE,
    scheduleToCloseTimeout: 15 * MINUTE,
    retry: quickRetry,
  };
  const pods: ActivityOptions = {
    startToCloseTimeout: times.progressDeadlineMs + MINUTE,
    scheduleToCloseTimeout: 2 * times.progressDeadlineMs + 5 * MINUTE,
    retry: quickRetry,
  };
  return {
    loadConfig: read,
    readRecords: manyReads,
    ...{ findRun: read, describeRun: read, abortRun: read, nameRun: read },
    // Nothing waits for it, and what it finds is told by nobody else.
    describeEnd: { ...read, scheduleToCloseTimeout: DAY, retry: quickRetry },
    ...{ listServices: read, readWindows: read, askGate: gateBounds, ...eventsBounds },
    // One answer of Temporal per run that is open.
    findStuck: { ...read, startToCloseTimeout: MINUTE },
    ...settlersBounds({ manyReads, write }),
    dryRunWrites: manyReads,
    ...{ probeSlos: read, readVersions: read, measureTraffic: read, measureLoad: read },
    ...{ prepareVersion: pods, keepCapacity: pods },
    runBefore: {
      startToCloseTimeout: beforeMs(times),
      // A later attempt waits for the Jobs of the former one.
      scheduleToCloseTimeout: beforeMs(times) + 5 * MINUTE,
      retry: quickRetry,
    },
    applyRouting: write,
    movePins: write,
    verifyRouting: proof,
    verifyRestored: { ...proof, priority: { priorityKey: 1 } },
    ...waitingBounds,
    // Bounded: while it retries nothing can be undone, so a person hears of it soon.
    commit: { ...write, scheduleToCloseTimeout: 2 * MINUTE },
    ...waysBackBounds,
    ...{ retireVersion: drain, releaseService: drain, leaveClusters: drain },
    ...{ listSinks: read, deliverEvents: delivery },
    // Of one cluster; a call for many is given the time of its clusters.
    writeClusters: { ...write, startToCloseTimeout: Math.max(times.progressDeadlineMs, MINUTE) },
  };
}

/** A sink that does not answer for a day has lost what it was told: the delivery fails, and can be sent again. */
const delivery: ActivityOptions = {
  startToCloseTimeout: 60 * MINUTE,
  scheduleToCloseTimeout: DAY,
  retry: { initialInterval: 5 * SECOND, backoffCoefficient: 2, maximumInterval: 15 * MINUTE },
};

/** A push is heard of once: Temporal, a config or a registry that is away for minutes must not lose it. */
const ofEvents: ActivityOptions = {
  startToCloseTimeout: MINUTE,
  scheduleToCloseTimeout: 15 * MINUTE,
  retry: quickRetry,
};

const eventsBounds = {
  reactTo: ofEvents,
  findStep: ofEvents,
  steerRun: ofEvents,
  chooseImage: ofEvents,
  resolveImage: ofEvents,
};

/** All Jobs before the first share one after the other, each with a minute for its making and the cluster's own delays, ms. */
const beforeMs = ({ before = [] }: Times): number =>
  MINUTE + before.reduce((sum, { timeoutMs }) => sum + timeoutMs + MINUTE, 0);

/** A gate that says wait is asked again, ever more rarely; how long at most is given where it is asked. */
const gateBounds: ActivityOptions = {
  startToCloseTimeout: 40 * SECOND,
  scheduleToCloseTimeout: 31 * DAY,
  retry: { initialInterval: 5 * SECOND, backoffCoefficient: 1.5, maximumInterval: 5 * MINUTE },
};

const waysBackBounds = {
  restore: {
    startToCloseTimeout: MINUTE,
    retry: { initialInterval: 250, backoffCoefficient: 2, maximumInterval: 30 * SECOND },
    priority: { priorityKey: 1 },
  },
  // Two writes in each cluster, and the time between them.
  failOver: {
    startToCloseTimeout: MINUTE,
    scheduleToCloseTimeout: 5 * MINUTE,
    retry: { ...quickRetry, initialInterval: 250 },
    priority: { priorityKey: 1 },
  },
} satisfies Partial<Record<keyof RolloutActivities, ActivityOptions>>;

const waitingBounds = {
  // One attempt is a window of at most 10 minutes; the windows of one watch add no history events.
  watchSlo: {
    startToCloseTimeout: 12 * MINUTE,
    scheduleToCloseTimeout: 90 * DAY,
    retry: { initialInterval: 100, backoffCoefficient: 1, maximumInterval: SECOND },
  },
  // One attempt is a window of 9 minutes, and as a rule a watch: twelve history events.
  watchClusters: {
    startToCloseTimeout: 11 * MINUTE,
    scheduleToCloseTimeout: DAY,
    retry: { initialInterval: 100, backoffCoefficient: 2, maximumInterval: 10 * SECOND },
  },
  holdCapacity: {
    startToCloseTimeout: capacityTerms.windowMs + 3 * MINUTE,
    scheduleToCloseTimeout: 90 * DAY,
    retry: { initialInterval: SECOND, backoffCoefficient: 2, maximumInterval: MINUTE },
  },
} satisfies Partial<Record<keyof RolloutActivities, ActivityOptions>>;

/** How long a write may take in each of many clusters, from its first attempt on, ms: as long as it may alone. */
export const withinMsOf = (times: Times): Readonly<Record<ClusterWrite, number>> => ({
  prepareVersion: times.progressDeadlineMs + MINUTE,
  runBefore: beforeMs(times),
  keepCapacity: times.progressDeadlineMs + MINUTE,
  applyRouting: Math.max(times.progressDeadlineMs, MINUTE),
  commit: 2 * MINUTE,
  releaseService: times.drainMs + 5 * MINUTE,
});

const settlersBounds = ({ manyReads, write }: Record<'manyReads' | 'write', ActivityOptions>) => {
  const mends = mend(write);
  return {
    // Some hundred services in a few namespaces: some hundred lists.
    ...{ surveyService: manyReads, findUnsettled: manyReads, findNaming: manyReads },
    ...{ freeAutoscalers: mends, pinVersion: mends, mendFrontend: mends, keepWarm: mends },
    ...{ markPaused: mends, forgetAbsent: mends, shareService: mends },
  };
};

/** What does not succeed is found again by the settler's next look. */
const mend = (write: ActivityOptions): ActivityOptions => ({
  ...write,
  scheduleToCloseTimeout: 2 * MINUTE,
  retry: { ...quickRetry, maximumAttempts: 3 },
});
