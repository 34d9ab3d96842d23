import { expect } from '@jest/globals';
import { assertEventually } from './eventually.ts';

/**
 * Expects calls to a process that was just told to stop (SIGSTOP) to be given up with this error. It stops thread by
 * thread: a call right behind the signal may still be answered.
 */
export const assertHangs = (
  call: () => Promise<unknown>,
  { error, withinMs }: { error: Readonly<Record<string, unknown>>; withinMs: number },
): Promise<void> =>
  assertEventually(async () => {
    const startedAt = performance.now();
    await expect(call()).rejects.toMatchObject(error);
    expect(performance.now() - startedAt).toBeLessThan(withinMs);
  });
