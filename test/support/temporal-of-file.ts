/** The Temporal of a test file. Apart from temporal.ts, since benches run without jest. */
import { afterAll, beforeAll } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { workflowBundleOf } from './workflow-bundle.ts';
import { startTemporal, type TestTemporal } from './temporal.ts';

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
    bundle = await workflowBundleOf();
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
