/**
 * A scenario is one service with clusters in memory, and what happens to it: its workflows are real, on a real Temporal
 * server. All scenarios share the workers; an activity finds its world by the name of the service.
 */
import { Context } from '@temporalio/activity';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { DEFAULT_INSTALLATION } from '../../../core/contract/installation.ts';
import type { RolloutActivities } from '../../../core/contract/activities.ts';
import type { SettleStatus, StartRolloutInput, StartRolloutResult } from '../../../core/contract/messages.ts';
import { taskQueue } from '../../../core/contract/queues.ts';
import { rolloutWorkflowId, settleWorkflowId } from '../../../core/contract/workflow-ids.ts';
import type { Change } from '../../../core/rollout/change.ts';
import type { Phase } from '../../../core/rollout/machine/state.ts';
import type { RolloutStatus } from '../../../core/rollout/machine/status.ts';
import type { Plan } from '../../../core/rollout/plan/plan.ts';
import type { Part } from '../../../core/routing/part.ts';
import { WHOLE } from '../../../core/values/share.ts';
import { startChange } from '../../../platform/temporal/start-change.ts';
import { testPlan } from '../../support/plans.ts';
import type { SettlingWorld } from '../../support/settling-world.ts';
import { waitUntil } from './wait.ts';

export const controlQueue = taskQueue(DEFAULT_INSTALLATION, 'control');

const asking = { installation: DEFAULT_INSTALLATION, tell: () => undefined };

export interface Scenario {
  /** Of the scenario and of its service. */
  readonly name: string;
  readonly world: (service: string) => SettlingWorld;
  readonly play: (stage: Stage) => Promise<void>;
}

export interface Stage {
  readonly client: Client;
  readonly world: SettlingWorld;
  readonly service: string;
  readonly settler: WorkflowHandle;
  readonly plan: (shape?: Parameters<typeof testPlan>[0], change?: Partial<Plan>) => Plan;
  /** Starts the workflow `rollout` itself. */
  readonly start: (plan?: Plan) => Promise<WorkflowHandle>;
  readonly run: (part?: Part) => WorkflowHandle;
  readonly until: (phase: Phase, part?: Part) => Promise<void>;
  readonly say: (update: string, message?: object, part?: Part) => Promise<void>;
  /** By the door, `startRollout`. */
  readonly ask: (change: Change, more?: Partial<StartRolloutInput>) => Promise<StartRolloutResult>;
  /** The settler has ended in this phase, or waits in it. */
  readonly settles: (phase?: SettleStatus['phase']) => Promise<void>;
  /** Starts another workflow, under an id by which its activities find this world. */
  readonly other: (workflow: string, input: object) => Promise<WorkflowHandle>;
}

export function createStage(client: Client, service: string, world: SettlingWorld): Stage {
  const settler = client.workflow.getHandle(settleWorkflowId(DEFAULT_INSTALLATION, testPlan({ service }).service));
  const run = (part: Part = 'versions'): WorkflowHandle =>
    client.workflow.getHandle(rolloutWorkflowId(DEFAULT_INSTALLATION, { ...testPlan({ service }).service, part }));
  const plan: Stage['plan'] = (shape, change) => ({
    ...testPlan({ service, shares: [50_000, WHOLE], ...shape }),
    capacity: { mode: 'full', pods: {} },
    ...{ epoch: Date.now(), seen: Object.fromEntries(Object.keys(world.clusters).map((name) => [name, 1])) },
    ...change,
  });
  const same = <T>(is: T, wanted: T): void => {
    if (is !== wanted) throw new Error(`${service}: ${String(is)}, not yet ${String(wanted)}`);
  };
  return {
    ...{ client, world, service, settler, run, plan },
    start: (given = plan()) =>
      client.workflow.start('rollout', {
        ...{ workflowId: run(given.part).workflowId, taskQueue: controlQueue, args: [{ plan: given }] },
      }),
    until: (phase, part) => waitUntil(async () => same((await run(part).query<RolloutStatus>('status')).phase, phase)),
    say: async (update, message = {}, part) =>
      void (await run(part).executeUpdate(update, { args: [{ reason: 'a recording', ...message }] })),
    ask: (change, more = {}) => startChange(client, { service, change, ...more }, asking),
    settles: (phase = 'settled') =>
      waitUntil(async () => same((await settler.query<SettleStatus>('status')).phase, phase)),
    other: (workflow, input) =>
      client.workflow.start(workflow, {
        ...{ workflowId: `${workflow}:${service}`, taskQueue: controlQueue, args: [input] },
      }),
  };
}

/** The activities of the world that a call is about. */
export function activitiesOfAll(worlds: ReadonlyMap<string, SettlingWorld>): RolloutActivities {
  const [first] = worlds.values();
  const of = (input: unknown): SettlingWorld => {
    const { workflowExecution } = Context.current().info;
    const text = `${workflowExecution?.workflowId ?? ''} ${JSON.stringify(input ?? '')}`;
    const found = [...worlds].find(([name]) => text.includes(name));
    if (found === undefined) throw new RangeError(`no scenario for ${text.slice(0, 200)}`);
    return found[1];
  };
  const names = Object.keys(first?.activities ?? {}) as (keyof RolloutActivities)[];
  const all = names.map((name) => [
    name,
    (input: never) => (of(input).activities[name] as (input: never) => Promise<unknown>)(input),
  ]);
  return Object.fromEntries(all) as RolloutActivities;
}

export const failing = (promise: Promise<unknown>): Promise<void> =>
  promise.then(
    () => Promise.reject(new Error('it was to fail')),
    () => undefined,
  );
