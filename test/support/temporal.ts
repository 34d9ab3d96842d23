/** A real Temporal dev server for the tests of a file; it ends with the test process at the latest. */
import { afterAll, beforeAll } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { DEFAULT_INSTALLATION } from '../../core/contract/installation.ts';
import { bundleWorkflows } from '../../worker/workers.ts';
import { startTemporal, type TestTemporal } from './temporal-server.ts';

export interface TemporalOfFile {
  readonly env: TestWorkflowEnvironment;
  readonly workflowBundle: WorkflowBundleWithSourceMap;
}

/** One server and one bundle for all tests of a file: there from the first test on, and stopped after the last. */
export function temporalOfFile(): TemporalOfFile {
  let temporal: TestTemporal | undefined;
  let bundle: WorkflowBundleWithSourceMap | undefined;
  beforeAll(async () => {
    temporal = await startTemporal();
    bundle = await bundleWorkflows();
  }, 120_000);
  afterAll(async () => {
    await temporal?.stop();
  });
  const started = <T>(one: T | undefined): T => {
    if (one === undefined) throw new Error('Temporal has not started yet: ask inside a test');
    return one;
  };
  return {
    get env() {
      return started(temporal).env;
    },
    get workflowBundle() {
      return started(bundle);
    },
  };
}

/** Asks for a change of the default installation, and hears nothing meanwhile. */
export const quietly = { installation: DEFAULT_INSTALLATION, tell: () => undefined };
