/** A service whose versions and topology runs move side by side, on a Temporal server with clusters in memory. */
import { expect } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import type { StartRolloutInput } from '../../core/contract/messages.ts';
import { rolloutWorkflowId, settleWorkflowId } from '../../core/contract/workflow-ids.ts';
import type { RolloutStatus } from '../../core/rollout/machine/status.ts';
import { halfMovedParts, type Part } from '../../core/routing/part.ts';
import type { RoutingRecord } from '../../core/routing/record.ts';
import { startChange } from '../../platform/temporal/start-change.ts';
import { startWorkers } from '../../worker/workers.ts';
import { assertEventually } from './eventually.ts';
import { clusterNames, record } from './facts.ts';
import { limits } from './limits.ts';
import { sharedWorld, type SharedWorld } from './shared-world.ts';
import type { TemporalOfFile } from './temporal-of-file.ts';
import { quietly } from './temporal.ts';
import { DEFAULT_INSTALLATION } from '../../core/contract/installation.ts';

const [aws] = clusterNames;

export interface TwoParts {
  readonly world: SharedWorld;
  readonly runs: Readonly<Record<'versions' | 'topology', WorkflowHandle>>;
  readonly ask: (change: StartRolloutInput['change']) => Promise<unknown>;
  readonly until: (part: 'versions' | 'topology', phase: string) => Promise<void>;
  readonly record: () => RoutingRecord;
  readonly half: () => Part[];
}

/** Plays with one service; afterwards every history of its runs is replayed. */
export async function onSharedStage(
  { env, workflowBundle }: TemporalOfFile,
  { service, body }: { readonly service: string; readonly body: (stage: TwoParts) => Promise<void> },
): Promise<void> {
  const { client, nativeConnection, namespace = 'default' } = env;
  const world = sharedWorld(service);
  const workers = await startWorkers({
    ...{ connection: nativeConnection, namespace, activities: world.activities, workflowBundle, graceMs: 500 },
  });
  const of = { mesh: 'shop', namespace: 'shop', service };
  const handle = (part: Part): WorkflowHandle =>
    client.workflow.getHandle(rolloutWorkflowId(DEFAULT_INSTALLATION, { ...of, part }));
  const runs = { versions: handle('versions'), topology: handle('topology') };
  const own = (): RoutingRecord => world.clusters[aws]?.record ?? record(aws, null);
  const stage: TwoParts = {
    ...{ world, runs, record: own, half: () => halfMovedParts(own()) },
    ask: (change) => startChange(client, { service, change }, quietly),
    until: (part, phase) =>
      assertEventually(
        async () => expect((await runs[part].query<RolloutStatus>('status')).phase).toBe(phase),
        limits.phase,
      ),
  };
  try {
    await body(stage);
    for await (const run of client.workflow.list({
      query: `WorkflowId STARTS_WITH 'rollout:default:shop:shop:${service}:'`,
    })) {
      const history = await client.workflow.getHandle(run.workflowId, run.runId).fetchHistory();
      await Worker.runReplayHistory({ workflowBundle }, history, run.workflowId);
    }
  } finally {
    for (const one of [...Object.values(runs), client.workflow.getHandle(settleWorkflowId(DEFAULT_INSTALLATION, of))])
      await one.terminate().catch(() => undefined);
    workers.shutdown();
    await workers.done;
  }
}
