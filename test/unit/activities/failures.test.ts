import { describe, expect, it } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import { toFailure, withFailures } from '../../../activities/failures.ts';
import { TidegateError } from '../../../core/values/error.ts';

const failureOf = (error: unknown): ApplicationFailure => {
  const failure = toFailure(error);
  if (failure instanceof ApplicationFailure) return failure;
  throw failure;
};

describe('toFailure', () => {
  it('does not let a Retry-After of an hour hold a way back for an hour', () => {
    const delay = (retryAfterMs: number): unknown =>
      failureOf(new TidegateError('Throttled', 'busy', { retryAfterMs })).nextRetryDelay;
    expect(delay(3_600_000)).toBe(30_000);
    expect(delay(2_000)).toBe(2_000);
  });

  it('takes credentials out of the messages of libraries, those in addresses too', () => {
    const { message } = failureOf(new Error('GET https://user:pass@api.example:6443/x with Bearer abc.def failed'));
    expect(message).toContain('https://[redacted]@api.example:6443/x');
    expect(message).not.toMatch(/pass|abc\.def/);
  });
});

describe('a refusal', () => {
  const load = async (error: Error): Promise<unknown> => {
    const { loadConfig } = withFailures({
      loadConfig: () => Promise.reject(error),
      prepareVersion: () => Promise.reject(error),
    });
    return loadConfig().catch((failure: unknown) => failure);
  };

  it('of an activity that a person waits for is benign: it is told to them, not to the log of the worker', async () => {
    expect(await load(new TidegateError('Invalid', 'no such service'))).toMatchObject({ category: 'BENIGN' });
  });

  it('is an alarm where a rollout is under way, and so is a fault of ours wherever it comes from', async () => {
    expect(failureOf(new TidegateError('Invalid', 'no such image')).category).toBeUndefined();
    expect(await load(new TypeError('x is undefined'))).not.toMatchObject({ category: 'BENIGN' });
    expect(await load(new TidegateError('Unavailable', 'no answer'))).not.toMatchObject({ category: 'BENIGN' });
  });
});
