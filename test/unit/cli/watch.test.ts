/** What a person sees who follows a rollout while Temporal does not answer. Its failures are scripted: they come when they like. */
import { describe, expect, it } from '@jest/globals';
import { defaultPayloadConverter } from '@temporalio/common';
import { ServiceError, WorkflowNotFoundError, type WorkflowHandle } from '@temporalio/client';
import { exitCodes, type Io } from '../../../cli/io.ts';
import { say, watchRollout } from '../../../cli/rollouts/rollout.ts';
import { messageNames } from '../../../core/contract/messages.ts';
import type { RolloutStatus } from '../../../core/rollout/machine/status.ts';
import { testPlan } from '../../support/plans.ts';

const UNAVAILABLE = 14;
const PERMISSION_DENIED = 7;

const failing = (code: number, details: string): ServiceError =>
  new ServiceError('Failed to query Workflow', {
    cause: Object.assign(new Error(details), { code, details, metadata: {} }),
  });

const status = (outcome: RolloutStatus['outcome']): RolloutStatus => ({
  ...{
    service: 'checkout',
    kind: 'deploy',
    version: 'v2',
    outcome,
    reason: 'as planned',
    takenBack: [],
    outstanding: [],
  },
  ...{ phase: outcome === null ? 'baking' : 'ended', wave: 1, waves: 2, step: 1, steps: 3, shares: {}, readings: [] },
  ...{ proof: null, since: 0, moments: { firstBad: null, verdict: null, written: null, proven: null } },
});

interface Scene {
  /** One for each look, the last one for all that follow. */
  readonly answers: readonly (RolloutStatus | Error | 'never')[];
  readonly columns?: number;
  /** What time it is at each look, ms; it passes while the watch sleeps, too. */
  readonly jumpsMs?: readonly number[];
  readonly closed?: string;
  readonly result?: () => Promise<unknown>;
  readonly signal?: AbortSignal;
}

const watch = async ({ answers, columns = 0, jumpsMs = [], signal, ...scene }: Scene) => {
  let [look, nowMs, seen, err] = [0, 0, '', ''];
  const io: Io = {
    stdout: (text) => void (seen += text),
    stderr: (text) => void ((err += text), (seen += text)),
    columns,
    env: {},
    now: () => nowMs,
    sleep: (ms) => Promise.resolve(void (nowMs += ms)),
    signal: signal ?? new AbortController().signal,
  };
  const handle = {
    workflowId: 'shop/checkout/versions',
    client: { options: { namespace: 'default' } },
    query: (name: string) => {
      if (name === messageNames.plan) return Promise.resolve(testPlan());
      nowMs += jumpsMs[look] ?? 0;
      const answer = answers[Math.min(look++, answers.length - 1)];
      if (answer === 'never') return new Promise(() => undefined);
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
    describe: () =>
      Promise.resolve({
        // A watch that beats without a word, as one does before its first look.
        raw: {
          pendingActivities: [
            {
              activityType: { name: 'watchSlo' },
              heartbeatDetails: { payloads: [defaultPayloadConverter.toPayload(undefined)] },
            },
          ],
        },
        status: { name: scene.closed ?? 'RUNNING' },
        startTime: new Date(0),
        ...(scene.closed === undefined ? {} : { closeTime: new Date(0) }),
      }),
    result: scene.result ?? (() => Promise.resolve({ outcome: 'promoted' })),
  } as unknown as WorkflowHandle;
  const ended = await watchRollout(handle, io).catch((error: unknown) => error);
  return { ended, seen, err, look, nowMs };
};

describe('a watched rollout that does not answer, or never will', () => {
  const silence = failing(UNAVAILABLE, 'upstream connect error');

  it('is asked again, with one line of advice for the whole silence, and followed to its end', async () => {
    const answers = [status(null), silence, silence, silence, status(null), silence, status('promoted')];
    const seen = await watch({ answers });
    expect(seen).toMatchObject({ ended: exitCodes.ok, look: 7 });
    expect(seen.err.split('\n').filter((line) => line !== '')).toEqual(
      Array.from({ length: 2 }, () => expect.stringMatching(/upstream connect error; it goes on by itself; .*worker/)),
    );
  });

  it('is given up after two minutes of silence, with the same advice', async () => {
    const { ended, nowMs } = await watch({ answers: [status(null), silence] });
    expect(ended).toMatchObject({ code: 'Unavailable', message: expect.stringContaining('upstream connect error') });
    expect(nowMs).toBeGreaterThanOrEqual(120_000);
  });

  it('is not given up after a machine has slept', async () => {
    const answers = [status(null), silence, status('promoted')];
    expect(await watch({ answers, jumpsMs: [0, 3_600_000] })).toMatchObject({ ended: exitCodes.ok });
  });

  it('is given up at once where waiting helps nothing', async () => {
    const denied = failing(PERMISSION_DENIED, 'no access to this namespace');
    expect(await watch({ answers: [status(null), denied] })).toMatchObject({ ended: denied, look: 2 });
  });

  it('keeps the outcome that was seen, whatever becomes of the last question', async () => {
    const result = (): Promise<never> => Promise.reject(silence);
    expect(await watch({ answers: [status('restored')], result })).toMatchObject({ ended: exitCodes.restored });
  });

  it('is asked on where it has ended: a worker that is busy replays it late', async () => {
    const late = failing(4, 'context deadline exceeded');
    const seen = await watch({ answers: [late, late, status('promoted')], closed: 'COMPLETED' });
    expect(seen).toMatchObject({ ended: exitCodes.ok, look: 3 });
    expect(seen.err).toMatch(/has ended as completed; its last word cannot be read without a worker; start one/);
    const denied = failing(PERMISSION_DENIED, 'no access to this namespace');
    expect(await watch({ answers: [denied], closed: 'COMPLETED' })).toMatchObject({ ended: denied, look: 1 });
  });

  it('can be left while a look hangs', async () => {
    const person = new AbortController();
    const watching = watch({ answers: [status(null), 'never'], signal: person.signal });
    await new Promise(setImmediate);
    person.abort();
    expect(await watching).toMatchObject({ ended: exitCodes.error, err: expect.stringContaining('goes on without') });
  });

  it('draws a new view below the advice on a terminal', async () => {
    const { seen } = await watch({ answers: [status(null), silence, status('promoted')], columns: 80 });
    const after = seen.slice(seen.indexOf('worker) up?'));
    expect(after).toContain('v2');
    expect(after).not.toContain('\x1b[');
  });

  it('is not waited for once somebody has terminated it: the traffic is half moved', async () => {
    const { ended, look } = await watch({ answers: [status(null)], closed: 'TERMINATED' });
    expect(look).toBe(1);
    expect(ended).toMatchObject({
      code: 'HalfMoved',
      message: expect.stringContaining('the rollout ended as terminated, without an outcome'),
      fix: 'the settler puts it back by itself (how far it is: tidegate audit checkout); at once: tidegate restore checkout',
    });
  });

  it('that was terminated and has no worker is not said to go on by itself', async () => {
    const { ended } = await watch({ answers: [silence], closed: 'TERMINATED' });
    expect(ended).toMatchObject({
      code: 'Unavailable',
      message: expect.stringContaining('has ended as terminated'),
      fix: expect.stringContaining('tidegate worker'),
    });
  });
});

describe('a message to a rollout', () => {
  const gone = new WorkflowNotFoundError('workflow execution already completed', 'id', undefined);
  const handle = (describe: () => Promise<unknown>): WorkflowHandle =>
    ({ workflowId: 'rollout:shop', executeUpdate: () => Promise.reject(gone), describe }) as unknown as WorkflowHandle;

  it('that has ended is answered with how, and where to read on: it is not one that never was', async () => {
    const ended = handle(() => Promise.resolve({ status: { name: 'TERMINATED' } }));
    await expect(say(ended, 'abort', { reason: 'x' })).rejects.toMatchObject({
      message: 'rollout:shop has ended (terminated): nothing can be said to it any more',
      fix: expect.stringMatching(/tidegate rollout status SERVICE$/),
    });
    const mover = Object.assign(ended, { workflowId: 'rollout:default:shop:shop:checkout:topology' });
    await expect(say(mover, 'abort', { reason: 'x' })).rejects.toMatchObject({
      fix: expect.stringMatching(/tidegate rollout status SERVICE --part topology$/),
    });
    await expect(
      say(
        handle(() => Promise.reject(gone)),
        'abort',
        { reason: 'x' },
      ),
    ).rejects.toMatchObject({
      message: 'Temporal knows no workflow rollout:shop',
    });
  });
});
