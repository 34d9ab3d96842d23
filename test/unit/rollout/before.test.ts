/** Jobs between the entry of a wave and its first share, in the state machine. */
import { describe, expect, it } from '@jest/globals';
import type { Plan } from '../../../core/rollout/plan/plan.ts';
import { longestDurationMs } from '../../../core/rollout/plan/exposure.ts';
import { planRollout } from '../../../core/rollout/plan/versions.ts';
import { testConfig, testRead, workload } from '../../support/facts.ts';
import { testPlan } from '../../support/plans.ts';
import { answer, drop, feed, runToEnd, types, world, type World } from './played.ts';

const plan: Plan = {
  ...testPlan({ shares: [1_000_000] }),
  before: [
    { name: 'migrate', timeoutMs: 60_000, command: ['migrate'] },
    { name: 'smoke', timeoutMs: 60_000, image: 'smoke:1' },
  ],
};

const toTesting = (): World => {
  const w = world(plan);
  while (w.state.phase !== 'testing') answer(plan, w);
  return w;
};

const main = (w: World): string[] => types(w).filter((type) => !['watch', 'stopWatch'].includes(type));

describe('Jobs before the first share', () => {
  it('run once in each wave, after its entry is proven and before its first share', () => {
    const w = world(plan);
    runToEnd(plan, w);
    const wave = ['prepare', 'enter', 'before', 'apply', 'verify', 'pin'];
    expect(main(w)).toEqual([...wave, ...wave, 'confirm', 'commit', 'retire']);
    expect(w.state.outcome).toBe('promoted');
  });

  it('that fail take back what has entered, with their own words as the reason', () => {
    const w = toTesting();
    const seq = w.state.awaiting;
    drop(w, 'before');
    feed(plan, w, { type: 'failed', seq, atMs: 99, reason: 'smoke has failed: exit code 7', code: 'BeforeFailed' });
    expect([w.state.phase, w.state.code, w.issued.at(-1)?.type]).toEqual(['restoring', 'BeforeFailed', 'restore']);
    runToEnd(plan, w);
    expect([w.state.outcome, w.state.reason]).toEqual(['restored', expect.stringContaining('exit code 7')]);
    expect(types(w)).not.toContain('apply');
  });

  it('can be aborted: what entered goes back at once', () => {
    const w = toTesting();
    feed(plan, w, { type: 'abort', reason: 'no', atMs: 99 });
    expect([w.state.phase, w.issued.at(-1)?.type]).toEqual(['restoring', 'restore']);
  });

  it('are not run again after a pause that came meanwhile, and are run after one that came before', () => {
    const w = toTesting();
    feed(plan, w, { type: 'pause', reason: 'look', atMs: 98 });
    answer(plan, w);
    expect(w.state.phase).toBe('paused');
    feed(plan, w, { type: 'resume', reason: 'go', atMs: 99 });
    expect([w.state.phase, main(w).filter((type) => type === 'before')]).toEqual(['applying', ['before']]);

    const early = world(plan);
    answer(plan, early);
    feed(plan, early, { type: 'pause', reason: 'look', atMs: 98 });
    answer(plan, early);
    expect(early.state.phase).toBe('paused');
    feed(plan, early, { type: 'resume', reason: 'go', atMs: 99 });
    expect(early.state.phase).toBe('testing');
  });

  it('are skipped by nobody: a promote lets a held entry go on to them, and goes straight to the end behind them', () => {
    const w = toTesting();
    feed(plan, w, { type: 'promote', reason: 'quick', full: true, atMs: 99 });
    expect(w.state.phase).toBe('testing');
    answer(plan, w);
    expect(w.state.phase).toBe('applying');
  });

  it('are no part of a plan without them', () => {
    const w = world(testPlan());
    runToEnd(testPlan(), w);
    expect(types(w)).not.toContain('before');
  });

  it('count in the longest duration of every wave', () => {
    const { before: _, ...without } = plan;
    expect(longestDurationMs(plan) - longestDurationMs(without)).toBe(plan.waves.length * 120_000);
  });
});

describe('the planner', () => {
  const labelled = (labels: Readonly<Record<string, string>>) => ({
    ...{ name: 'smoke', timeoutMs: 1_000 },
    spec: { template: { metadata: { labels }, spec: { containers: [{ name: 'a' }] } } },
  });
  const deploy = { kind: 'deploy', version: 'v2', image: 'registry/checkout:v2' } as const;

  it('gives a deploy its Jobs; an undo goes back to a version that has passed them', () => {
    const before = [labelled({ team: 'pay' })];
    const config = testConfig({ before });
    expect(planRollout({ config, read: testRead(), change: deploy }).before).toEqual(before);
    const warm = { workloads: [workload('v1'), workload('v0')] };
    const read = testRead({ 'aws-us-east-1': warm, 'gcp-europe-west1': warm, 'onprem-fra1': warm });
    expect(planRollout({ config, read, change: { kind: 'undo', version: 'v0' } }).before).toBeUndefined();
    expect(planRollout({ config: testConfig(), read: testRead(), change: deploy })).not.toHaveProperty('before');
  });

  it('refuses a Job whose pods carry the labels of the service: clients would call a test', () => {
    const config = testConfig({ before: [labelled({ app: 'checkout', team: 'pay' })] });
    expect(() => planRollout({ config, read: testRead(), change: deploy })).toThrow(
      /Job smoke: its pods carry the labels by which checkout finds its own \(aws-us-east-1, .*take the service's labels off/,
    );
  });
});
