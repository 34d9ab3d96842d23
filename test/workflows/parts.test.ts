/** A deploy and a topology move of one service at once: each has its lock, its run, its way back and its guard. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Context } from '@temporalio/activity';
import type { WorkflowHandle } from '@temporalio/client';
import { Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { statWeights } from '../../activities/record-store.ts';
import type { CommitInput, RestoreInput } from '../../core/contract/activities.ts';
import type { StartRolloutInput } from '../../core/contract/messages.ts';
import type { VerifyMode, VerifyRoutingInput, VerifyRoutingResult } from '../../core/judge/proof/proof.ts';
import { taskQueues } from '../../core/contract/queues.ts';
import { rolloutWorkflowId, settleWorkflowId } from '../../core/contract/workflow-ids.ts';
import type { RolloutStatus } from '../../core/rollout/machine/status.ts';
import { committed, restored, withoutLeaving, withShares, type ApplyRoutingInput } from '../../core/routing/changes.ts';
import { halfMovedParts, partOf, type Part } from '../../core/routing/part.ts';
import type { RoutingRecord } from '../../core/routing/record.ts';
import { canonicalJson } from '../../core/values/canonical.ts';
import { WHOLE, type Shares } from '../../core/values/share.ts';
import { startChange } from '../../platform/temporal/start-change.ts';
import { bundleWorkflows, startWorkers } from '../../worker/workers.ts';
import { assertEventually } from '../support/eventually.ts';
import { clusterNames, record, testConfig } from '../support/facts.ts';
import { untilCancelled } from '../support/fake-activities.ts';
import { limits } from '../support/limits.ts';
import { testPlan } from '../support/plans.ts';
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
  /** Each happens once, while the traffic of a write is looked at. */
  readonly looked: Partial<Record<VerifyMode, () => void>>;
  /** Parts that cannot be restored now. */
  readonly held: Part[];
  /** Told by the next looks at traffic, the first of them first; empty: what the weights of aws say. */
  readonly proofs: VerifyRoutingResult['result'][];
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
    return { cluster: name, changes: [], weights: statWeights(next), writtenAtMs: Date.now(), withdrawn: [] };
  };
  const entered: (() => void)[] = [];
  const looked: SharedWorld['looked'] = {};
  const held: Part[] = [];
  const proofs: VerifyRoutingResult['result'][] = [];
  // The traffic follows the record, whoever wrote it.
  const look = async ({ mode, targets }: VerifyRoutingInput): Promise<VerifyRoutingResult> => {
    looked[mode]?.();
    delete looked[mode];
    const follows = targets.every(
      ({ cluster, weights }) => canonicalJson(weights) === canonicalJson(statWeights(at(cluster.name).record)),
    );
    const told = mode === 'entered' ? 'verified' : proofs.shift();
    return { result: told ?? (follows ? 'verified' : 'contradicted'), proofs: [], verifiedAtMs: Date.now() };
  };
  const topology = { [aws]: wanted, [gcp]: { [gcp]: WHOLE }, [onprem]: { [onprem]: WHOLE } };
  const world = settlingWorld(service, {
    watchSlo: () => untilCancelled(),
    verifyRouting: look,
    verifyRestored: look,
    loadConfig: async () => testConfig({ name: service, drainMs: 1_000, topology }),
    applyRouting: async (input: ApplyRoutingInput) => {
      const done = write(input.cluster.name, withShares(at(input.cluster.name).record, own(input)));
      if (input.entering === true) for (const then of entered) then();
      return done;
    },
    restore: async (input: RestoreInput) => {
      if (held.includes(partOf(input))) throw new Error('it is held');
      return write(input.cluster.name, restored(at(input.cluster.name).record, own(input)));
    },
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
  return { ...world, entered, looked, held, proofs };
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

  it(
    'an Envoy that follows what the other part has written since contradicts neither a step nor a way back',
    async () => {
      await onStage('follows', async ({ ask, until, world, runs, record: own }) => {
        const shift = (to: Shares) => (): void => {
          const one = world.clusters[aws];
          if (one !== undefined) one.record = { ...own(), topology: { ...own().topology, current: to } };
        };
        world.looked.forward = shift(wanted);
        await ask(deploy);
        await until('versions', 'baking');
        world.looked.restored = shift(proven);
        await abort(runs.versions);
        expect(await runs.versions.result()).toMatchObject({ outcome: 'restored' });
        expect(own().topology.current).toEqual(proven);
      });
    },
    limits.phase * 6,
  );

  it(
    'an Envoy that contradicts the weights as they are takes a step back',
    async () => {
      await onStage('contradicts', async ({ ask, world, runs }) => {
        world.proofs.push('contradicted');
        await ask(deploy);
        await expect(runs.versions.result()).rejects.toThrow();
        const { outcome, reason } = await runs.versions.query<RolloutStatus>('status');
        expect([outcome, reason]).toEqual(['restored', expect.stringContaining('contradicts the weights')]);
      });
    },
    limits.phase * 6,
  );

  it(
    'a move goes back when what is proven in a newcomer changes between its entry and its first share',
    async () => {
      await onStage('late', async ({ ask, world, runs, record: own }) => {
        const alone = world.clusters[aws];
        if (alone === undefined) throw new RangeError('no cluster');
        alone.record = record(aws, { v1: WHOLE }, { service: 'late' });
        world.looked.entered = () => {
          const other = world.clusters[gcp];
          if (other !== undefined) other.record = record(gcp, { v9: WHOLE }, { service: 'late' });
        };
        await ask({ kind: 'topology' });
        await expect(runs.topology.result()).rejects.toThrow();
        const { outcome, reason } = await runs.topology.query<RolloutStatus>('status');
        expect([outcome, reason]).toEqual(['restored', expect.stringContaining(`proven in ${gcp} changed after`)]);
        expect(own().topology.current?.[gcp] ?? 0).toBe(0);
      });
    },
    limits.phase * 6,
  );

  it(
    'a run ends when the run beside it has ended before its first write: the settler that came for that one was stopped',
    async () => {
      await onStage('ended', async ({ runs, world }) => {
        const plan = { ...testPlan({ service: 'ended' }), owners: {}, beside: { topology: 'a-run-that-has-ended' } };
        const { client } = temporal.env;
        await client.workflow.start('rollout', {
          ...{ workflowId: runs.versions.workflowId, taskQueue: taskQueues.control, args: [{ plan }] },
        });
        await expect(runs.versions.result()).rejects.toThrow();
        const { reason } = await runs.versions.query<RolloutStatus>('status');
        expect(reason).toContain('has ended since this was planned');
        expect(world.calls.filter((call) => call.startsWith('applyRouting'))).toEqual([]);
      });
    },
    limits.phase * 6,
  );
});

describe('the settler of two parts', () => {
  it(
    'puts the versions back while its restore of the topology is still under way',
    async () => {
      await onStage('both-half', async ({ ask, until, world, runs, record: own, half }) => {
        await ask(deploy);
        await until('versions', 'baking');
        await ask({ kind: 'topology' });
        await until('topology', 'baking');
        world.held.push('topology');
        await runs.versions.terminate('a test');
        await runs.topology.terminate('a test');
        await assertEventually(() => expect(half()).toEqual(['topology']), limits.phase);
        expect((await runs.topology.query<RolloutStatus>('status')).kind).toBe('restore');
        world.held.pop();
        await assertEventually(() => expect(half()).toEqual([]), limits.phase);
        expect(own().topology.current).toEqual(proven);
      });
    },
    limits.phase * 6,
  );

  it(
    'writes a topology once more whose way back has ended unproven',
    async () => {
      await onStage('unproven', async ({ ask, until, world, runs }) => {
        await ask({ kind: 'topology' });
        await until('topology', 'baking');
        world.proofs.push('contradicted');
        await abort(runs.topology);
        expect(await runs.topology.result()).toMatchObject({ outcome: 'unproven' });
        await assertEventually(async () => {
          const { kind, outcome } = await runs.topology.query<RolloutStatus>('status');
          expect([kind, outcome]).toEqual(['restore', 'restored']);
        }, limits.phase);
      });
    },
    limits.phase * 6,
  );
});
