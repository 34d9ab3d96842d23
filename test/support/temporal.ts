/** A real Temporal dev server for tests and benches, as the lab starts it; it ends with the test process at the latest. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { runEnded, type RunEnd } from '../../core/rollout/outcome.ts';
import { obtainBinaries } from '../../infra/lab/binaries.ts';
import { startTemporal as startServer } from '../../infra/lab/observability.ts';
import { createProcessStarter } from '../../infra/lab/processes/process.ts';
import { DEFAULT_INSTALLATION } from '../../core/contract/installation.ts';

/** The ends of runs that the workers of this process have told, the first of them first. */
export const toldEnds: RunEnd[] = [];

Runtime.install({
  logger: new DefaultLogger('INFO', ({ level, message, meta }) => {
    if (message === runEnded) toldEnds.push(meta?.['end'] as RunEnd);
    if (level === 'ERROR') process.stderr.write(`${message} ${String(meta?.['error'] ?? '')}\n`);
  }),
});

export interface TestTemporal {
  readonly env: TestWorkflowEnvironment;
  readonly address: string;
  stop(): Promise<void>;
}

export async function startTemporal(): Promise<TestTemporal> {
  const binaries = await obtainBinaries({ names: ['temporal', 'tether'], report: () => undefined });
  const logDir = mkdtempSync(join(tmpdir(), 'tidegate-temporal-'));
  const starter = createProcessStarter({ binaries, logDir });
  const { address } = await startServer(starter);
  const env = await TestWorkflowEnvironment.createFromExistingServer({ address });
  return {
    env,
    address,
    stop: async () => {
      await env.teardown();
      await starter.stopAll();
      rmSync(logDir, { recursive: true, force: true });
    },
  };
}

/** Asks for a change of the default installation, and hears nothing meanwhile. */
export const quietly = { installation: DEFAULT_INSTALLATION, tell: () => undefined };

type EventId = NonNullable<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']>[number]['eventId'];

/** Resets the run to the end of one of its workflow tasks: it goes on as another run. */
export async function resetRun(
  { client, namespace = 'default' }: TestWorkflowEnvironment,
  run: WorkflowHandle,
  workflowTaskFinishEventId: EventId,
): Promise<void> {
  await client.workflowService.resetWorkflowExecution({
    ...{ namespace, reason: 'a test', requestId: `reset-${run.workflowId}` },
    workflowExecution: { workflowId: run.workflowId, runId: (await run.describe()).runId },
    workflowTaskFinishEventId: workflowTaskFinishEventId ?? null,
  });
}
