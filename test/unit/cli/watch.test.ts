/** What a person sees who follows a rollout while Temporal does not answer. Its failures are scripted: they come when they like. */
import { describe, expect, it } from '@jest/globals';
import { ServiceError, type WorkflowHandle } from '@temporalio/client';
import { exitCodes, type Io } from '../../../cli/io.ts';
import { watchRollout } from '../../../cli/rollout.ts';
import { messageNames, type RolloutStatus } from '../../../core/contract/messages.ts';
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

/** One answer for each look, the last one for all that follow; time passes only while the watch sleeps. */
const watch = async (answers: readonly (RolloutStatus | Error)[]) => {
  let [look, nowMs, out, err] = [0, 0, '', ''];
  const io: Io = {
    stdout: (text) => void (out += text),
    stderr: (text) => void (err += text),
    columns: 0,
    env: {},
    now: () => nowMs,
    sleep: (ms) => Promise.resolve(void (nowMs += ms)),
    signal: new AbortController().signal,
  };
  const handle = {
    workflowId: 'shop/checkout/versions',
    client: { options: { namespace: 'default' } },
    query: (name: string) => {
      if (name === messageNames.plan) return Promise.resolve(testPlan());
      const answer = answers[Math.min(look++, answers.length - 1)];
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
    describe: () => Promise.resolve({ raw: {} }),
    result: () => Promise.resolve({ outcome: 'promoted' }),
  } as unknown as WorkflowHandle;
  const ended = await watchRollout(handle, io).catch((error: unknown) => error);
  return { ended, out, err, look };
};

describe('a watched rollout that does not answer', () => {
  const silence = failing(UNAVAILABLE, 'upstream connect error');

  it('is asked again, with one line of advice for the whole silence, and followed to its end', async () => {
    const seen = await watch([status(null), silence, silence, silence, status(null), silence, status('promoted')]);
    expect(seen).toMatchObject({ ended: exitCodes.ok, look: 7 });
    expect(seen.err.split('\n').filter((line) => line !== '')).toEqual(
      Array.from({ length: 2 }, () => expect.stringMatching(/upstream connect error; it goes on by itself; .*worker/)),
    );
  });

  it('is given up after two minutes, with the same advice', async () => {
    const { ended, look } = await watch([status(null), silence]);
    expect(ended).toMatchObject({ code: 'Unavailable', message: expect.stringContaining('upstream connect error') });
    expect(look).toBeGreaterThan(200);
  });

  it('is given up at once where waiting helps nothing', async () => {
    const denied = failing(PERMISSION_DENIED, 'no access to this namespace');
    expect(await watch([status(null), denied])).toMatchObject({ ended: denied, look: 2 });
  });
});
