import { describe, expect, it } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import { toFailure } from '../../../activities/failures.ts';
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
