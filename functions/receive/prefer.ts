/** `Prefer: wait=N` (RFC 7240): the sender would like to hear what became of its event. */

/** Longer waits would only hold connections, ms. */
export const MAX_WAIT_MS = 30_000;

/** ms; 0 = it does not wait. What cannot be read is no preference. */
export function preferredWaitMs(header: string | null): number {
  const [, seconds = '0'] = /(?:^|[,;])\s*wait\s*=\s*"?(\d{1,6})"?\s*(?:$|[,;])/i.exec(header ?? '') ?? [];
  return Math.min(Number(seconds) * 1_000, MAX_WAIT_MS);
}

/** Senders that wait at a time: a request that waits keeps its place from those that do not. */
const MAX_WAITING = 64;

export interface Patience {
  /** undefined: too many wait already, and the sender is answered without. */
  during<T>(wait: () => Promise<T>): Promise<T> | undefined;
}

export function createPatience(): Patience {
  let waiting = 0;
  return {
    during(wait) {
      if (waiting >= MAX_WAITING) return undefined;
      waiting += 1;
      return wait().finally(() => (waiting -= 1));
    },
  };
}
