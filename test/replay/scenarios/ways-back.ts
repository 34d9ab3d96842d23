/** Ways back that meet clusters that do not answer, resets, and a second breach; and runs of two parts side by side. */
import { ApplicationFailure, Context } from '@temporalio/activity';
import type { WorkflowHandle } from '@temporalio/client';
import type { PrepareVersionInput, RestoreInput } from '../../../core/contract/activities.ts';
import type { WatchSloInput } from '../../../core/judge/look/watch.ts';
import type { RolloutStatus } from '../../../core/rollout/machine/status.ts';
import { untilCancelled } from '../../support/fake-activities.ts';
import { settlingWorld } from '../../support/settling-world.ts';
import { sharedWorld } from '../../support/shared-world.ts';
import { baking, seen } from './ends.ts';
import type { Scenario, Stage } from './stage.ts';
import { waitUntil } from './wait.ts';

const dead = 'gcp-europe-west1';
const deploy = { kind: 'deploy', version: 'v2', image: 'registry/checkout:v2' } as const;

/** A cluster whose API server is down until it is given up: the settler then finds it answering again. */
const withoutOne = (isDown: () => boolean) => ({
  restore: async ({ cluster }: RestoreInput) => {
    if (cluster.name === dead && isDown()) throw ApplicationFailure.retryable('connect ECONNREFUSED', 'Unavailable');
    return { cluster: cluster.name, changes: [], weights: {}, writtenAtMs: Date.now(), withdrawn: [] };
  },
});

/** Gives the cluster up that does not answer; `answers` tells its world. */
const givenUp = (
  name: string,
  {
    overrides,
    begin,
  }: {
    overrides: (isDown: () => boolean) => Parameters<typeof settlingWorld>[1];
    begin: (stage: Stage) => Promise<unknown>;
  },
): Scenario => {
  let isDown = true;
  return {
    name,
    world: (service) =>
      settlingWorld(
        service,
        overrides(() => isDown),
      ),
    play: async (stage) => {
      await begin(stage);
      await outstanding(stage);
      await stage.run().cancel();
      await stage.say('giveUp', { cluster: dead });
      await stage.run().result();
      isDown = false;
    },
  };
};

const outstanding = ({ run }: Stage): Promise<void> =>
  waitUntil(async () => {
    const { outstanding: left, phase } = await run().query<RolloutStatus>('status');
    if (phase !== 'restoring' || left.join() !== dead) throw new Error(`${phase}: ${left.join()}`);
  });

const restoring = (stage: Stage): Promise<WorkflowHandle> => stage.start(stage.plan({ kind: 'restore', shares: [] }));

/** Ends the run's task at that event, as `temporal workflow reset` does. */
async function reset({ client }: Stage, run: WorkflowHandle, which: 'first' | 'last'): Promise<void> {
  const { events } = await run.fetchHistory();
  const tasks = (events ?? []).filter((event) => event.workflowTaskCompletedEventAttributes);
  await client.workflowService.resetWorkflowExecution({
    ...{ namespace: client.options.namespace, reason: 'a recording', requestId: `reset-${run.workflowId}` },
    workflowExecution: { workflowId: run.workflowId, runId: (await run.describe()).runId },
    workflowTaskFinishEventId: tasks.at(which === 'first' ? 0 : -1)?.eventId ?? null,
  });
}

const ownRun = (): string => Context.current().info.workflowExecution?.runId ?? '';

const resetIn = (name: string, which: 'first' | 'last', overrides: Parameters<typeof settlingWorld>[1]): Scenario => ({
  name,
  world: (service) => settlingWorld(service, overrides),
  play: async (stage) => {
    const run = await stage.start();
    const phase = overrides?.prepareVersion === undefined ? 'baking' : 'preparing';
    await stage.until(phase);
    const called = overrides?.prepareVersion === undefined ? 'watchSlo' : 'prepareVersion aws-us-east-1';
    const calls = (): number => stage.world.calls.filter((call) => call === called).length;
    await waitUntil(() => atLeast(calls(), 1));
    const before = calls();
    await reset(stage, run, which);
    // The new self has asked anew, and was told that it is another.
    await waitUntil(() => atLeast(calls(), before + 1));
    await stage.until(phase);
    await stage.say('abort');
    await stage.run().result();
  },
});

function atLeast(is: number, least: number): void {
  if (is < least) throw new Error(`${is} calls, not yet ${least}`);
}

const knowsItsRun = {
  watchSlo: async ({ run }: WatchSloInput) =>
    run === undefined || run === ownRun() ? untilCancelled() : { ...seen('unknown'), resetTo: ownRun() },
};

const preparesForItsRun = {
  prepareVersion: async ({ ranAs }: PrepareVersionInput) =>
    ranAs === ownRun()
      ? untilCancelled()
      : { deployment: '', replicas: 0, ready: 0, templateDigest: '', resetTo: ownRun() },
};

/** The second wave breaches in its clusters, and while they go back the first one does. */
function breachesTwice(isDown: () => boolean): Parameters<typeof settlingWorld>[1] {
  let restores = 0;
  return {
    restore: async (input: RestoreInput) => {
      restores += 1;
      return withoutOne(isDown).restore(input);
    },
    watchSlo: async ({ mode, strata }: WatchSloInput) => {
      if (restores > 0) return seen('breach', ['aws-us-east-1']);
      if (strata.length > 1 && mode === 'bake') return seen('breach', [dead, 'onprem-fra1']);
      if (mode === 'bake') return seen('healthy');
      await waitUntil(() => atLeast(restores, 1));
      return seen('breach', ['aws-us-east-1']);
    },
  };
}

export const waysBack: readonly Scenario[] = [
  givenUp('back-gives-up', { overrides: withoutOne, begin: restoring }),
  {
    name: 'back-without',
    world: (service) => settlingWorld(service),
    play: async ({ start, plan }) => {
      const names = ['aws-us-east-1', 'onprem-fra1'];
      const waves = [{ name: 'all', serving: names, clients: names, enter: {}, steps: [], skipped: [] }];
      const absent = { [dead]: 'left out by --without' };
      await (await start(plan({ kind: 'restore', shares: [] }, { waves, absent }))).result();
    },
  },
  givenUp('back-twice', {
    overrides: breachesTwice,
    begin: async ({ start, plan, run }) => {
      await start(plan({ onBreach: 'cluster' }));
      // A cancellation before the second breach would be what takes the last one back.
      await waitUntil(async () => {
        const { phase, shares } = await run().query<RolloutStatus>('status');
        if (phase !== 'restoring' || Object.values(shares).some((share) => share > 0)) throw new Error(`${phase} once`);
      });
    },
  }),
  resetIn('reset-to-first', 'first', knowsItsRun),
  resetIn('reset-to-last', 'last', knowsItsRun),
  resetIn('reset-while-preparing', 'last', preparesForItsRun),
  {
    name: 'parts-beside',
    world: sharedWorld,
    play: async ({ ask, until, say, run }) => {
      await ask(deploy);
      await until('baking');
      await ask({ kind: 'topology' });
      await until('baking', 'topology');
      await say('abort');
      await run().result();
      await say('promote', { full: false }, 'topology');
      await run('topology').result();
    },
  },
  {
    name: 'parts-terminated',
    world: sharedWorld,
    play: async ({ ask, until, run, settles }) => {
      await ask({ kind: 'topology' });
      await until('baking', 'topology');
      await run('topology').terminate('a recording');
      await settles();
    },
  },
  {
    name: 'parts-begun-since',
    world: (service) => settlingWorld(service, { ...baking }),
    play: async ({ start, plan, run, until }) => {
      await start(plan({}, { part: 'topology' }));
      await until('baking', 'topology');
      // Planned before that one began.
      const late = await start(plan({ kind: 'release' }, { beside: { topology: '' } }));
      await late.result().catch(() => undefined);
      await run('topology').terminate('a recording');
    },
  },
];
