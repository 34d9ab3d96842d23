import { beforeAll, describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { DefaultLogger, Runtime, Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { bundleWorkflows } from '../../worker/workers.ts';
import { limits } from '../support/limits.ts';
import { historiesDir, type RecordedHistory } from './histories.ts';

Runtime.install({ logger: new DefaultLogger('ERROR') });

const files = readdirSync(historiesDir).filter((name) => name.endsWith('.json'));

describe('recorded histories', () => {
  let workflowBundle: WorkflowBundleWithSourceMap;

  beforeAll(async () => {
    workflowBundle = await bundleWorkflows();
  }, limits.workerReady);

  it('cover every kind of end', () => {
    expect(files.toSorted()).toEqual(['adopted.json', 'promoted.json', 'restored.json']);
  });

  it.each(files)(
    '%s replays with the workflows of today: a deploy of Tidegate must not break runs that are under way',
    async (name) => {
      const { workflowId, history } = JSON.parse(readFileSync(new URL(name, historiesDir), 'utf8')) as RecordedHistory;
      await Worker.runReplayHistory({ workflowBundle }, history, workflowId);
    },
    limits.workerReady,
  );
});
