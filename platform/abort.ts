/** Waiting that ends when a signal does. */

/** The result of the work; lets go at once on abort, with the reason of the signal, even where the awaited work (an exec plugin, a file system) does not listen. */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop = (): void => {};
  const end = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason as Error);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, end]);
  } finally {
    signal.removeEventListener('abort', stop);
    end.catch(() => undefined);
  }
}
