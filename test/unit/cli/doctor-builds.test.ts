import { describe, expect, it } from '@jest/globals';
import { buildFindings, type BuildFacts } from '../../../cli/doctor/build-checks.ts';
import type { BuildStatus, OpenRun } from '../../../core/rollout/builds.ts';

const nowMs = 1_000_000_000;
const queues = ['tidegate-control', 'tidegate-apply'];

interface Given {
  readonly builds?: Readonly<Record<string, BuildStatus>>;
  readonly current?: string;
  /** Builds whose workers poll; '' = workers without a build id. */
  readonly polling: readonly string[];
  readonly runs?: readonly OpenRun[];
}

const facts = ({ builds = {}, current = '', polling, runs = [] }: Given): BuildFacts => ({
  ...{ nowMs, runs },
  workers: {
    builds: Object.entries(builds).map(([id, status]) => ({ id, status, queues: [] })),
    ...{ current, queues },
    pollers: polling.flatMap((build) => queues.map((queue) => ({ queue, build, atMs: nowMs - 1_000 }))),
  },
});

const texts = (given: Given): string[] =>
  buildFindings(facts(given)).map(({ severity, text }) => `${severity}: ${text}`);

const pinnedTo = (pinned: string): OpenRun => ({ workflowId: `rollout:${pinned}`, runId: 'r', pinned, task: null });

describe('doctor, of the builds of workers', () => {
  it('has nothing to say where nobody uses build ids, or where the current build polls every queue', () => {
    expect(texts({ polling: [''] })).toEqual([]);
    expect(texts({ builds: { A: 'current' }, current: 'A', polling: ['A'], runs: [pinnedTo('A')] })).toEqual([]);
  });

  it('names runs whose build has no workers: they stand still, and a breach would not be taken back', () => {
    const given = {
      builds: { A: 'draining', B: 'current' },
      current: 'B',
      polling: ['B'],
      runs: [pinnedTo('A')],
    } as const;
    expect(texts(given)).toEqual([
      'error: rollout:A stands still: it needs workers of build A, and none polls tidegate-control, tidegate-apply',
    ]);
    expect(buildFindings(facts(given))[0]?.fix).toBe(
      'start its workers: tidegate worker --build-id A; or let another build go on: tidegate rollout move SERVICE --build-id BUILD; or end it, and have its traffic put back: tidegate rollout settle SERVICE',
    );
  });

  it('names a build that may go: drained, needed by no run, and still polling', () => {
    const builds = { A: 'drained', B: 'current' } as const;
    expect(texts({ builds, current: 'B', polling: ['A', 'B'] })).toEqual([
      'warning: build A is drained: no open run needs it, and its workers still poll',
    ]);
    // One that was moved to a drained build is not in what Temporal calls drained.
    expect(texts({ builds, current: 'B', polling: ['A', 'B'], runs: [pinnedTo('A')] })).toEqual([]);
    expect(texts({ builds, current: 'B', polling: ['B'] })).toEqual([]);
  });

  it('says when no build is current: nothing new begins, or it goes to workers without a build id', () => {
    const builds = { A: 'inactive' } as const;
    expect(texts({ builds, polling: ['A'], current: '' })).toEqual([
      'error: workers of build A poll, but no build is current: no new run begins',
    ]);
    expect(texts({ builds, polling: ['A', ''], current: '' })).toEqual([
      'warning: workers of build A poll, but no build is current: new runs go to workers without a build id',
    ]);
  });

  it('says when the current build has no workers, and when workers without a build id wait in vain', () => {
    const builds = { A: 'current' } as const;
    expect(texts({ builds, current: 'A', polling: [''] })).toEqual([
      'error: build A is current, and none of its workers polls tidegate-control, tidegate-apply: nothing new gets done',
      'warning: workers without a build id poll beside build A, and get nothing to do',
    ]);
  });
});
