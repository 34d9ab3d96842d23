/** A service on which changes wait for each other: real locks, plans, guards, settlers and `next`, with clusters in memory. */
import { expect } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import type { RolloutIdentity } from '../../cli/rollouts/rollout.ts';
import { DEFAULT_INSTALLATION } from '../../core/contract/installation.ts';
import type { QueuedResult, StartRolloutInput, StartRolloutResult } from '../../core/contract/messages.ts';
import { nextWorkflowId, rolloutWorkflowId, settleWorkflowId } from '../../core/contract/workflow-ids.ts';
import type { WatchSloResult } from '../../core/judge/look/watch.ts';
import type { VerifyRoutingResult } from '../../core/judge/proof/proof.ts';
import type { RolloutStatus } from '../../core/rollout/machine/status.ts';
import type { WaitingStatus } from '../../core/rollout/waiting.ts';
import { askForChange } from '../../platform/temporal/start-change.ts';
import { startWorkers, type RunningWorkers } from '../../worker/workers.ts';
import { assertEventually } from './eventually.ts';
import { facts, workload } from './facts.ts';
import { untilCancelled } from './fake-activities.ts';
import { limits } from './limits.ts';
import { settlingWorld, type SettlingWorld } from './settling-world.ts';
import { type TemporalOfFile } from './temporal-of-file.ts';
import { quietly } from './temporal.ts';

const breach: WatchSloResult = {
  ...{ verdict: 'breach', breached: [], reason: 'errors', readings: [], firstBadAtMs: 0, decidedAtMs: 0 },
};

/** What can be held, until it is let go. */
type Held = 'restore' | 'commit' | 'surveyService';

interface QueueingWorld extends SettlingWorld {
  readonly held: Set<Held>;
  /** Told by the next proofs of a way back, the first of them first; empty: verified. */
  readonly proofs: VerifyRoutingResult['result'][];
  /** The running watch finds a breach. */
  breach(): void;
}

/** Versions that were made are there to be planned with, and a watch finds nothing by itself. */
function queueingWorld(service: string): QueueingWorld {
  const held = new Set<Held>();
  const proofs: VerifyRoutingResult['result'][] = [];
  let breached: (result: WatchSloResult) => void = () => undefined;
  const refuseHeld = (what: Held): void => {
    if (held.has(what)) throw new Error(`${what} is held`);
  };
  const at = (name: string): SettlingWorld['clusters'][string] => {
    const found = world.clusters[name];
    if (found === undefined) throw new RangeError(`no cluster ${name}`);
    return found;
  };
  const plain = settlingWorld(service);
  const world: SettlingWorld = settlingWorld(service, {
    watchSlo: () => untilCancelled(new Promise<WatchSloResult>((resolve) => void (breached = resolve))),
    readRecords: async ({ clusters }: { clusters: { name: string }[] }) => ({
      clusters: clusters.map(({ name }) => {
        const { record, versions, pinned, pauses } = at(name);
        const workloads = Object.keys(versions).map((version) => workload(version));
        const { frontend } = facts(name);
        return facts(name, { record, workloads, pauses, frontend: frontend && { ...frontend, pinned } });
      }),
      epoch: Date.now(),
    }),
    verifyRestored: async () => ({
      ...{ result: proofs.shift() ?? 'verified', proofs: [], verifiedAtMs: Date.now() },
    }),
    restore: async (input) => {
      refuseHeld('restore');
      return onSame(() => plain.activities.restore(input));
    },
    commit: async (input) => {
      refuseHeld('commit');
      return onSame(() => plain.activities.commit(input));
    },
    surveyService: async (input) => {
      refuseHeld('surveyService');
      return onSame(() => plain.activities.surveyService(input));
    },
  });
  // The plain world's activities work on the clusters of this one.
  const onSame = <T>(act: () => Promise<T>): Promise<T> => {
    Object.assign(plain.clusters, world.clusters);
    return act();
  };
  return { ...world, held, proofs, breach: () => breached(breach) };
}

export interface QueueingStage {
  readonly world: QueueingWorld;
  readonly run: WorkflowHandle;
  readonly next: WorkflowHandle;
  readonly of: RolloutIdentity;
  readonly deploy: (version: string, how?: Partial<StartRolloutInput>) => Promise<StartRolloutResult | QueuedResult>;
  /** The rollout of the part is one of that version, in that phase. */
  readonly until: (version: string, phase: string) => Promise<void>;
  readonly waits: () => Promise<WaitingStatus>;
  readonly promote: () => Promise<void>;
  readonly replaceWorkers: () => Promise<void>;
}

export const queuedOf = (answer: StartRolloutResult | QueuedResult): QueuedResult['queued'] => {
  if ('queued' in answer) return answer.queued;
  throw new Error(`${answer.workflowId} has started`);
};

const statusIn = (run: WorkflowHandle): Promise<RolloutStatus> => run.query<RolloutStatus>('status');

/** Plays with one service; afterwards every history of its starts, guards and `next`s is replayed. */
export async function onQueueingStage(
  { env, workflowBundle }: TemporalOfFile,
  { service, body }: { readonly service: string; readonly body: (stage: QueueingStage) => Promise<void> },
): Promise<void> {
  const { client, nativeConnection: connection, namespace = 'default' } = env;
  const world = queueingWorld(service);
  const begin = (): Promise<RunningWorkers> =>
    startWorkers({ connection, namespace, activities: world.activities, workflowBundle, graceMs: 500 });
  let workers = await begin();
  const of = { mesh: 'shop', namespace: 'shop', service, installation: DEFAULT_INSTALLATION };
  const part = { ...of, part: 'versions' } as const;
  const run = client.workflow.getHandle(rolloutWorkflowId(DEFAULT_INSTALLATION, part));
  const next = client.workflow.getHandle(nextWorkflowId(DEFAULT_INSTALLATION, part));
  const stage: QueueingStage = {
    ...{ world, run, next, of },
    deploy: (version, how = {}) => {
      const change = { kind: 'deploy', version, image: `registry/checkout:${version}` } as const;
      return askForChange(client, { service, change, by: 'ann', ...how }, quietly);
    },
    until: (version, phase) =>
      assertEventually(async () => {
        const status = await statusIn(run);
        expect([status.version, status.outcome ?? status.phase]).toEqual([version, phase]);
      }, limits.phase),
    waits: () => next.query<WaitingStatus>('status'),
    promote: async () => {
      await run.executeUpdate('promote', { args: [{ reason: 'a test', full: true }] });
    },
    replaceWorkers: async () => {
      workers.shutdown();
      await workers.done;
      workers = await begin();
    },
  };
  try {
    await body(stage);
    for (const prefix of ['next:default:shop:shop:', 'start:default:', 'guard:default:shop:shop:']) {
      for await (const one of client.workflow.list({ query: `WorkflowId STARTS_WITH '${prefix}${service}:'` })) {
        const history = await client.workflow.getHandle(one.workflowId, one.runId).fetchHistory();
        await Worker.runReplayHistory({ workflowBundle }, history, one.workflowId);
      }
    }
  } finally {
    for (const one of [next, run, client.workflow.getHandle(settleWorkflowId(DEFAULT_INSTALLATION, of))])
      await one.terminate().catch(() => undefined);
    workers.shutdown();
    await workers.done;
  }
}
