/** An API server that takes long for every answer must not make an attempt look dead. */
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createApplyActivities } from '../../../activities/apply/index.ts';
import { systemClock, type ActivityPort } from '../../../activities/ports.ts';
import { createRestoreActivities } from '../../../activities/restore/index.ts';
import { beatEveryMs, heartbeatTimeoutsMs, type BeatingActivity } from '../../../core/contract/timeouts.ts';
import { queueOf } from '../../../core/contract/queues.ts';
import { TidegateError } from '../../../core/values/error.ts';
import { packed } from '../../../core/values/packed.ts';

/** Longer than any heartbeat timeout, ms. */
const SLOW_MS = 90_000;

const service = { mesh: 'shop', namespace: 'shop', service: 'checkout', installation: 'default' };
const cluster = { name: 'aws' };
const input = {
  service,
  cluster,
  clusters: [cluster],
  services: [{ service }],
  version: 'v2',
  step: 'route',
  name: 'gone',
  // Of many clusters: the write of each, tried no longer than this answer takes.
  write: 'commit',
  inputs: packed([{ service, cluster }]),
  atOnce: 1,
  withinMs: 1_000,
};

const names = (Object.keys(heartbeatTimeoutsMs) as BeatingActivity[]).filter((name) =>
  ['apply', 'restore'].includes(queueOf[name]),
);

describe('an activity that asks API servers one after the other', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it.each(names)('%s beats while an answer takes a minute and a half, and no more when it has ended', async (name) => {
    const beats: number[] = [];
    const activity = {
      signal: () => new AbortController().signal,
      heartbeat: () => void beats.push(Date.now()),
      scheduledAtMs: () => 0,
      runId: () => null,
    } as unknown as ActivityPort;
    let answer = (): void => undefined;
    const slow = new Promise<never>((_, reject) => {
      answer = () => reject(new TidegateError('Unavailable', 'no answer'));
    });
    const connect = (): Promise<never> => slow;
    const deps = { clusters: { connect }, clock: systemClock, activity };
    const activities = { ...createApplyActivities(deps), ...createRestoreActivities(deps) };
    const begunMs = Date.now();
    const ended = (activities[name as keyof typeof activities] as (given: unknown) => Promise<unknown>)(input).then(
      () => 'result',
      () => 'failure',
    );
    await jest.advanceTimersByTimeAsync(SLOW_MS);
    answer();
    await ended;
    const gaps = [...beats, begunMs + SLOW_MS].map((atMs, i) => atMs - (beats[i - 1] ?? begunMs));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(beatEveryMs(name));
    const count = beats.length;
    await jest.advanceTimersByTimeAsync(SLOW_MS);
    expect(beats).toHaveLength(count);
  });
});
