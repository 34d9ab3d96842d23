import { describe, expect, it } from '@jest/globals';
import { asBuildId } from '../../../core/contract/worker-deployment.ts';
import { POLLED_WITHIN_MS, unpolled, whyStuck, type OpenRun, type Workers } from '../../../core/rollout/builds.ts';
import { stuckFix, stuckText } from '../../../core/view/stuck-text.ts';

const nowMs = Date.parse('2026-11-27T12:00:00Z');
const queues = ['tidegate-control', 'tidegate-restore'];
const MINUTE = 60_000;

/** Workers of these builds, which asked for work so long ago. */
const workersOf = (
  current: string,
  ago: Readonly<Record<string, number>>,
  missing: readonly string[] = [],
): Workers => ({
  ...{ current, queues, builds: Object.keys(ago).map((id) => ({ id, status: 'current' as const, queues: [] })) },
  pollers: Object.entries(ago).flatMap(([build, ms]) =>
    queues
      .filter((queue) => !missing.includes(`${build}/${queue}`))
      .map((queue) => ({ queue, build, atMs: nowMs - ms })),
  ),
});

const run = (given: Partial<OpenRun> = {}): OpenRun => ({
  ...{ workflowId: 'rollout:checkout', runId: 'r', pinned: 'A', task: null },
  ...given,
});

describe('a run stands still', () => {
  it('when its build does not poll every queue: the way back has a queue of its own, and waits as well', () => {
    const one = workersOf('B', { A: 1_000, B: 1_000 }, ['A/tidegate-restore']);
    expect(whyStuck(run(), one, { nowMs, forMs: 0 })).toMatchObject({
      ...{ because: 'noWorker', build: 'A', detail: 'tidegate-restore', sinceMs: null },
    });
    const both = workersOf('B', { A: 1_000, B: 1_000 });
    expect(whyStuck(run(), both, { nowMs, forMs: 0 })).toBeNull();
  });

  it('only once that has lasted: a worker that is replaced is back within minutes, and a live one may ask once a minute', () => {
    const left = workersOf('B', { A: 4 * MINUTE, B: 1_000 });
    expect(whyStuck(run(), left, { nowMs, forMs: 5 * MINUTE })).toBeNull();
    expect(whyStuck(run(), left, { nowMs, forMs: 0 })).toMatchObject({ sinceMs: nowMs - 4 * MINUTE });
    expect(whyStuck(run(), workersOf('B', { A: MINUTE, B: 0 }), { nowMs, forMs: 0 })).toBeNull();
    expect(whyStuck(run(), workersOf('B', { A: 6 * MINUTE, B: 0 }), { nowMs, forMs: 5 * MINUTE })).not.toBeNull();
  });

  it('goes with the current build when it is pinned to none, and with workers without a build id when none is current', () => {
    const free = run({ pinned: '' });
    expect(whyStuck(free, workersOf('B', { B: 0 }), { nowMs, forMs: 0 })).toBeNull();
    expect(whyStuck(free, workersOf('B', { '': 0 }), { nowMs, forMs: 0 })).toMatchObject({ build: 'B' });
    expect(whyStuck(free, workersOf('', { '': 0 }), { nowMs, forMs: 0 })).toBeNull();
    expect(whyStuck(free, workersOf('', { A: 0 }), { nowMs, forMs: 0 })).toMatchObject({ build: '' });
  });

  it('when its workflow task fails for that long, with the error; or when nobody takes the task', () => {
    const workers = workersOf('A', { A: 0 });
    const task = { failing: true, sinceMs: nowMs - 5 * MINUTE, error: 'Nondeterminism error\n at …' };
    const failing = whyStuck(run({ task }), workers, { nowMs, forMs: 5 * MINUTE });
    expect(failing).toMatchObject({ because: 'failing', sinceMs: task.sinceMs });
    expect(whyStuck(run({ task }), workers, { nowMs, forMs: 6 * MINUTE })).toBeNull();
    const waiting = { failing: false, sinceMs: nowMs - 5 * MINUTE, error: '' };
    expect(whyStuck(run({ task: waiting }), workers, { nowMs, forMs: MINUTE })).toMatchObject({ because: 'waiting' });
    const fresh = { ...waiting, sinceMs: nowMs - POLLED_WITHIN_MS + 1 };
    expect(whyStuck(run({ task: fresh }), workers, { nowMs, forMs: 0 })).toBeNull();
    if (failing === null) throw new Error('unreachable');
    expect(stuckText(failing)).toBe(
      'rollout:checkout stands still since 2026-11-27T11:55:00Z: its workflow task fails in build A: Nondeterminism error',
    );
    expect(stuckFix(failing, 'checkout')).toBe(
      'let another build go on: tidegate rollout move checkout --build-id BUILD; or end it, and have its traffic put back: tidegate rollout settle checkout',
    );
  });
});

describe('a build', () => {
  it('is polled where every queue is, by its own workers', () => {
    const workers = workersOf('A', { A: 0, B: 0 }, ['B/tidegate-control']);
    expect(unpolled(workers, 'A', { nowMs })).toEqual([]);
    expect(unpolled(workers, 'B', { nowMs })).toEqual(['tidegate-control']);
    expect(unpolled(workers, 'C', { nowMs })).toEqual(queues);
  });

  it('of another release has queues of its own: a queue that is new today is missed by nobody there', () => {
    const workers = workersOf('B', { A: 0, B: 0 }, ['A/tidegate-restore']);
    const old = { id: 'A', status: 'draining' as const, queues: ['tidegate-control'] };
    const builds = [old, { id: 'B', status: 'current' as const, queues }];
    expect(whyStuck(run(), { ...workers, builds }, { nowMs, forMs: 0 })).toBeNull();
    expect(whyStuck(run(), { ...workers, builds: [{ ...old, queues }] }, { nowMs, forMs: 0 })).not.toBeNull();
  });

  it('has an id that is a label of Kubernetes, too: it names the Deployment of its workers there', () => {
    for (const id of ['0.2.0', 'v1', 'sha-0a1b2c', 'A']) expect(asBuildId(id)).toBe(id);
    for (const id of ['', 'a b', 'a/b', 'a:b', '-a', 'a'.repeat(64)])
      expect(() => asBuildId(id)).toThrow('no build id');
  });
});
