/** The only two ways in which a test waits. */
import { limits } from './limits.ts';

/** Repeats until `check` does not throw, or throws its last error after the limit. */
export async function assertEventually(
  check: () => Promise<void> | void,
  withinMs: number = limits.eventually,
): Promise<void> {
  const end = Date.now() + withinMs;
  for (;;) {
    try {
      await check();
      return;
    } catch (error) {
      if (Date.now() >= end) throw error;
    }
    await pause(limits.pollEvery);
  }
}

/** Repeats until `check` has held `consecutive` times in a row. */
export async function converges(
  check: () => Promise<void> | void,
  { consecutive, withinMs = limits.eventually }: { consecutive: number; withinMs?: number },
): Promise<void> {
  let held = 0;
  await assertEventually(async () => {
    try {
      await check();
    } catch (error) {
      held = 0;
      throw error;
    }
    held += 1;
    if (held < consecutive) throw new Error(`held ${held} of ${consecutive} times in a row`);
  }, withinMs);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
