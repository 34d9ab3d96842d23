/** The only way in which a test waits. */
import { limits } from './limits.ts';

/** Repeats until `check` does not throw, or throws its last error after the limit. */
export async function assertEventually(
  check: () => Promise<void> | void,
  withinMs: number = limits.eventually,
  everyMs: number = limits.pollEvery,
): Promise<void> {
  const end = Date.now() + withinMs;
  for (;;) {
    try {
      await check();
      return;
    } catch (error) {
      if (Date.now() >= end) throw error;
    }
    await pause(everyMs);
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
