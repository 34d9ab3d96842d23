/** Workers of several builds beside each other, on one real Temporal server, and rollouts that stand in each phase. */
import { Context } from '@temporalio/activity';
import {
  bundleWorkflowCode,
  DefaultLogger,
  type NativeConnection,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import { fileURLToPath } from 'node:url';
import type { RolloutActivities } from '../../core/contract/activities.ts';
import { DEFAULT_INSTALLATION } from '../../core/contract/installation.ts';
import { taskQueue } from '../../core/contract/queues.ts';
import { rolloutWorkflowId } from '../../core/contract/workflow-ids.ts';
import type { WatchSloResult } from '../../core/judge/look/watch.ts';
import type { Plan } from '../../core/rollout/plan/plan.ts';
import { WHOLE } from '../../core/values/share.ts';
import { startWorkers } from '../../worker/workers.ts';
import { workflowBundleOf } from './workflow-bundle.ts';
import { fakeWorld } from './fake-activities.ts';
import { testPlan } from './plans.ts';
import type { Handle } from './run-rollout.ts';
import type { TemporalOfFile } from './temporal-of-file.ts';

/** The code of a build: of today, or with a rollout that replays nothing of before. */
export type Code = 'today' | 'changed';

export interface Fleet {
  /** Resolves once its workers have ended. */
  stop(): Promise<void>;
}

const bundles = new Map<string, Promise<WorkflowBundleWithSourceMap>>();

function bundleOf(code: Code, buildId: string | undefined): Promise<WorkflowBundleWithSourceMap> {
  const entry = buildId === undefined ? 'index' : 'versioned';
  const key = `${code}/${entry}`;
  const made =
    bundles.get(key) ??
    (code === 'today'
      ? workflowBundleOf(entry)
      : bundleWorkflowCode({
          workflowsPath: fileURLToPath(new URL(`./changed/${entry}.ts`, import.meta.url)),
          logger: new DefaultLogger('ERROR'),
        }));
  bundles.set(key, made);
  return made;
}

/** Where workers are to be. */
export interface Place {
  readonly connection: NativeConnection;
  readonly namespace: string;
}

/** Starts the workers of all queues, of a build or (no build id) of none. */
export async function startFleet(
  place: Place,
  given: { readonly code: Code; readonly buildId?: string; readonly activities: RolloutActivities },
): Promise<Fleet> {
  const { code, buildId, activities } = given;
  const workers = await startWorkers({
    ...{ ...place, activities, graceMs: 100 },
    workflowBundle: await bundleOf(code, buildId),
    ...(buildId !== undefined && { buildId }),
  });
  return {
    stop: async () => {
      workers.shutdown();
      await workers.done;
    },
  };
}

/** Where a rollout stands until it is let go on. */
export const held = ['preparing', 'applying', 'baking', 'gated', 'restoring'] as const;
export type Held = (typeof held)[number];

export interface HeldWorld {
  readonly activities: RolloutActivities;
  /** `prepareVersion by A`: who was called, in which build's workers. */
  readonly calls: string[];
}

export interface HeldTruth {
  /** Share of v2 per service and cluster, ppm, as written last. */
  readonly share: Record<string, number>;
  /** Nothing is held any more. */
  released: boolean;
}

/** Activities of one build's workers; what they write is the same truth for all builds. */
export function heldWorld(build: string, truth: HeldTruth): HeldWorld {
  const calls: string[] = [];
  const world = fakeWorld();
  const stand = async (): Promise<void> => {
    const context = Context.current();
    while (!truth.released) {
      context.heartbeat();
      await Promise.race([context.sleep(100), context.cancelled]);
    }
  };
  const bad: WatchSloResult = {
    ...{ verdict: 'breach', breached: ['aws-us-east-1'], reason: '9 of 40 failed', readings: [] },
    ...{ firstBadAtMs: 1, decidedAtMs: 2 },
  };
  const place = (service: string, cluster: string): string => `${service}/${cluster}`;
  const own: Partial<RolloutActivities> = {
    prepareVersion: async (input) => {
      if (input.service.service.startsWith('preparing')) await stand();
      return { deployment: 'd', replicas: 2, ready: 2, templateDigest: 'x' };
    },
    applyRouting: async ({ service: { service }, cluster: { name }, versions }) => {
      const share = versions?.[name]?.['v2'] ?? 0;
      if (service.startsWith('applying') && share > 0) await stand();
      truth.share[place(service, name)] = share;
      return { cluster: name, changes: [], weights: { a: WHOLE }, writtenAtMs: Date.now() };
    },
    watchSlo: async (input) => {
      const { service } = input.service;
      if (service.startsWith('restoring')) return bad;
      if (service.startsWith('baking') && input.mode === 'bake') await stand();
      return world.activities.watchSlo(input);
    },
    restore: async ({ service: { service }, cluster: { name } }) => {
      if (service.startsWith('restoring')) await stand();
      truth.share[place(service, name)] = 0;
      return { cluster: name, changes: [], weights: {}, writtenAtMs: Date.now(), withdrawn: ['a'] };
    },
  };
  const all = { ...world.activities, ...own };
  const noted = Object.entries(all).map(([name, run]) => [
    name,
    (input: never) => {
      calls.push(`${name} by ${build}`);
      return (run as (given: never) => unknown)(input);
    },
  ]);
  return { calls, activities: Object.fromEntries(noted) as RolloutActivities };
}

/** Starts a rollout that will stand in that phase. */
export async function startHeld({ env }: TemporalOfFile, phase: Held, name: string): Promise<Handle> {
  const approveAt = phase === 'gated' ? 0 : -1;
  const plan: Plan = testPlan({ service: `${phase}-${name}`, shares: [50_000, WHOLE], approveAt });
  return (await env.client.workflow.start('rollout', {
    workflowId: rolloutWorkflowId(DEFAULT_INSTALLATION, { ...plan.service, part: 'versions' }),
    taskQueue: taskQueue(DEFAULT_INSTALLATION, 'control'),
    args: [{ plan }],
  })) as Handle;
}
