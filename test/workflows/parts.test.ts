/** A deploy and a topology move of one service at once: each has its lock, its run, its way back and its guard. */
import { describe, expect, it } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import { taskQueue } from '../../core/contract/queues.ts';
import type { RolloutStatus } from '../../core/rollout/machine/status.ts';
import { WHOLE, type Shares } from '../../core/values/share.ts';
import { assertEventually } from '../support/eventually.ts';
import { clusterNames, record } from '../support/facts.ts';
import { limits } from '../support/limits.ts';
import { testPlan } from '../support/plans.ts';
import { temporalOfFile } from '../support/temporal-of-file.ts';
import { resetRun } from '../support/temporal.ts';
import { DEFAULT_INSTALLATION } from '../../core/contract/installation.ts';
import { proven, wanted } from '../support/shared-world.ts';
import { onSharedStage, type TwoParts } from '../support/two-parts.ts';

const temporal = temporalOfFile();

const [aws, gcp] = clusterNames;

const onStage = (service: string, body: (stage: TwoParts) => Promise<void>): Promise<void> =>
  onSharedStage(temporal, { service, body });

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
          ...{
            workflowId: runs.versions.workflowId,
            taskQueue: taskQueue(DEFAULT_INSTALLATION, 'control'),
            args: [{ plan }],
          },
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

it(
  'a topology run that is reset takes back its own part, and no other',
  async () => {
    await onStage('reset', async ({ ask, until, world, runs }) => {
      await ask({ kind: 'topology' });
      await until('topology', 'baking');
      const { events } = await runs.topology.fetchHistory();
      const first = (events ?? []).find((event) => event.workflowTaskCompletedEventAttributes);
      await resetRun(temporal.env, runs.topology, first?.eventId);
      await assertEventually(() => expect(world.back).toContain('topology'), limits.phase);
      expect(world.back).not.toContain('versions');
    });
  },
  limits.phase * 6,
);

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
