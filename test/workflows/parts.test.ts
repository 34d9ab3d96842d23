/** A deploy and a topology move of one service at once: each has its lock, its run, its way back and its guard. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Context } from '@temporalio/activity';
import type { WorkflowHandle } from '@temporalio/client';
import { Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import type { CommitInput, RestoreInput } from '../../core/contract/activities.ts';
import type { StartRolloutInput } from '../../core/contract/messages.ts';
import { rolloutWorkflowId, settleWorkflowId } from '../../core/contract/workflow-ids.ts';
import type { RolloutStatus } from '../../core/rollout/machine/status.ts';
import { committed, restored, withoutLeaving, withShares, type ApplyRoutingInput } from '../../core/routing/changes.ts';
import { halfMovedParts, type Part } from '../../core/routing/part.ts';
import type { RoutingRecord } from '../../core/routing/record.ts';
import { WHOLE } from '../../core/values/share.ts';
import { startChange } from '../../platform/temporal/start-change.ts';
import { bundleWorkflows, startWorkers } from '../../worker/workers.ts';
import { assertEventually } from '../support/eventually.ts';
import { clusterNames, record, testConfig } from '../support/facts.ts';
import { untilCancelled } from '../support/fake-activities.ts';
import { limits } from '../support/limits.ts';
import { settlingWorld, type SettlingWorld } from '../support/settling-world.ts';
import { startTemporal, type TestTemporal } from '../support/temporal.ts';

let temporal: TestTemporal;
let workflowBundle: WorkflowBundleWithSourceMap;

beforeAll(async () => {
  temporal = await startTemporal();
  workflowBundle = await bundleWorkflows();
}, 120_000);

afterAll(async () => {
  await temporal?.stop();
});

const [aws, gcp, onprem] = clusterNames;
const proven = { [aws]: 900_000, [gcp]: 100_000 };
const wanted = { [aws]: 500_000, [gcp]: 500_000 };

interface SharedWorld extends SettlingWorld {
  /** Each happens once a cluster has entered. */
  readonly entered: (() => void)[];
}

/** Records change by the very functions of the activities; aws calls gcp, too. */
function sharedWorld(service: string): SharedWorld {
  const at = (name: string): SettlingWorld['clusters'][string] => {
    const found = world.clusters[name];
    if (found === undefined) throw new RangeError(`no cluster ${name}`);
    return found;
  };
  const own = <T extends { readonly run: string }>(input: T): T => ({
    ...input,
    run: Context.current().info.workflowExecution?.runId ?? '',
  });
  const write = (name: string, next: RoutingRecord) => {
    at(name).record = next;
    return { cluster: name, changes: [], weights: { a: WHOLE }, writtenAtMs: Date.now(), withdrawn: [] };
  };
  const entered: (() => void)[] = [];
  const topology = { [aws]: wanted, [gcp]: { [gcp]: WHOLE }, [onprem]: { [onprem]: WHOLE } };
  const world = settlingWorld(service, {
    watchSlo: () => untilCancelled(),
    loadConfig: async () => testConfig({ name: service, drainMs: 1_000, topology }),
    applyRouting: async (input: ApplyRoutingInput) => {
      const done = write(input.cluster.name, withShares(at(input.cluster.name).record, own(input)));
      if (input.entering === true) for (const then of entered) then();
      return done;
    },
    restore: async (input: RestoreInput) =>
      write(input.cluster.name, restored(at(input.cluster.name).record, own(input))),
    commit: async (input: CommitInput) => {
      write(input.cluster.name, committed(at(input.cluster.name).record, own(input)));
      return [];
    },
    leaveClusters: async ({ cluster }: { cluster: { name: string } }) => {
      write(cluster.name, withoutLeaving(at(cluster.name).record));
      return [];
    },
  });
  const base = record(aws, { v1: WHOLE }, { service });
  const serves = { [aws]: { v1: WHOLE }, [gcp]: { v1: WHOLE } };
  at(aws).record = {
    ...base,
    topology: { ...base.topology, proven, current: proven },
    versions: { ...base.versions, proven: serves, current: serves },
  };
  return { ...world, entered };
}

interface Stage {
  readonly world: SharedWorld;
  readonly runs: Readonly<Record<'versions' | 'topology', WorkflowHandle>>;
  readonly ask: (change: StartRolloutInput['change']) => Promise<unknown>;
  readonly until: (part: 'versions' | 'topology', phase: string) => Promise<void>;
  readonly record: () => RoutingRecord;
  readonly half: () => Part[];
}

async function onStage(service: string, body: (stage: Stage) => Promise<void>): Promise<void> {
  const { client, nativeConnection, namespace = 'default' } = temporal.env;
  const world = sharedWorld(service);
  const workers = await startWorkers({
    ...{ connection: nativeConnection, namespace, activities: world.activities, workflowBundle, graceMs: 500 },
  });
  const of = { mesh: 'shop', namespace: 'shop', service };
  const handle = (part: Part): WorkflowHandle => client.workflow.getHandle(rolloutWorkflowId({ ...of, part }));
  const runs = { versions: handle('versions'), topology: handle('topology') };
  const own = (): RoutingRecord => world.clusters[aws]?.record ?? record(aws, null);
  const stage: Stage = {
    ...{ world, runs, record: own, half: () => halfMovedParts(own()) },
    ask: (change) => startChange(client, { service, change }, () => undefined),
    until: (part, phase) =>
      assertEventually(
        async () => expect((await runs[part].query<RolloutStatus>('status')).phase).toBe(phase),
        limits.phase,
      ),
  };
  try {
    await body(stage);
    for await (const run of client.workflow.list({ query: `WorkflowId STARTS_WITH 'rollout:shop/shop/${service}/'` })) {
      const history = await client.workflow.getHandle(run.workflowId, run.runId).fetchHistory();
      await Worker.runReplayHistory({ workflowBundle }, history, run.workflowId);
    }
  } finally {
    for (const one of [...Object.values(runs), client.workflow.getHandle(settleWorkflowId(of))])
      await one.terminate().catch(() => undefined);
    workers.shutdown();
    await workers.done;
  }
}

const deploy = { kind: 'deploy', version: 'v2', image: 'registry/checkout:v2' } as const;
const abort = (run: WorkflowHandle) => run.executeUpdate('abort', { args: [{ reason: 'a test' }] });

describe('a deploy and a topology move of one service', () => {
  it(
    'run at once under a lock each; the abort of one leaves the other where it is, and that is promoted',
    async () => {
      await onStage('both', async ({ ask, until, runs, record: own, half }) => {
        await ask(deploy);
        await until('versions', 'baking');
        await ask({ kind: 'topology' });
        await until('topology', 'baking');
        expect(half()).toEqual(['topology', 'versions']);
        expect(own().versions.current?.[aws]).toEqual({ v1: 950_000, v2: 50_000 });
        await expect(ask({ kind: 'topology' })).rejects.toThrow('moves its topology');

        await abort(runs.versions);
        expect(await runs.versions.result()).toMatchObject({ outcome: 'restored' });
        expect(half()).toEqual(['topology']);
        expect((await runs.topology.query<RolloutStatus>('status')).phase).toBe('baking');
        expect(own().topology.current).toEqual(wanted);

        await runs.topology.executeUpdate('promote', { args: [{ reason: 'a test', full: false }] });
        expect(await runs.topology.result()).toMatchObject({ outcome: 'promoted' });
        expect([half(), own().topology.proven]).toEqual([[], wanted]);
        expect(own().versions.proven?.[aws]).toEqual({ v1: WHOLE });
      });
    },
    limits.phase * 6,
  );

  it(
    'a move that lets a cluster in goes back when what is proven there has changed since it was planned',
    async () => {
      await onStage('joins', async ({ ask, world, runs, record: own }) => {
        const alone = world.clusters[aws];
        if (alone === undefined) throw new RangeError('no cluster');
        alone.record = record(aws, { v1: WHOLE }, { service: 'joins' });
        world.entered.push(() => {
          const other = world.clusters[gcp];
          if (other !== undefined) other.record = record(gcp, { v9: WHOLE }, { service: 'joins' });
        });
        await ask({ kind: 'topology' });
        await expect(runs.topology.result()).rejects.toThrow();
        const { outcome, reason } = await runs.topology.query<RolloutStatus>('status');
        expect([outcome, reason]).toEqual(['restored', expect.stringContaining(`proven in ${gcp} changed after`)]);
        // … and the settler lets go of what had entered.
        await assertEventually(() => expect(own().topology.current).toEqual({ [aws]: WHOLE }), limits.phase);
        expect(Object.keys(own().versions.proven ?? {})).toEqual([aws]);
      });
    },
    limits.phase * 6,
  );

  it(
    'a topology move that is terminated is put back by the settler beside the deploy, which goes on',
    async () => {
      await onStage('beside', async ({ ask, until, runs, record: own, half }) => {
        await ask({ kind: 'topology' });
        await until('topology', 'baking');
        await ask(deploy);
        await until('versions', 'baking');
        await runs.topology.terminate('a test');
        await assertEventually(() => expect(half()).toEqual(['versions']), limits.phase);
        expect(own().topology.current).toEqual(proven);
        expect((await runs.versions.query<RolloutStatus>('status')).phase).toBe('baking');
        expect(own().versions.current?.[aws]).toEqual({ v1: 950_000, v2: 50_000 });
        await abort(runs.versions);
      });
    },
    limits.phase * 6,
  );
});
