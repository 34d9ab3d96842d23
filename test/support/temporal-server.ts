/** A real Temporal dev server, as the lab starts it; it ends with the process at the latest. For tests and benches. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { obtainBinaries } from '../../infra/lab/binaries.ts';
import { startTemporal as startServer } from '../../infra/lab/observability.ts';
import { createProcessStarter } from '../../infra/lab/processes/process.ts';

Runtime.install({ logger: new DefaultLogger('ERROR') });

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
