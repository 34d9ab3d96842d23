/**
 * Work that asks one API server after the other, however slow each answers: it beats until it ends. A call has a limit of
 * its own, so what hangs fails by itself; the attempt as a whole ends by its start-to-close timeout.
 */
import { beatEveryMs, type BeatingActivity } from '../core/contract/timeouts.ts';
import type { ActivityPort } from './ports.ts';

export async function beating<Deps extends { readonly activity: ActivityPort }, T>(
  deps: Deps,
  of: BeatingActivity,
  work: (deps: Deps) => Promise<T>,
): Promise<T> {
  let said: unknown = {};
  const heartbeat = (progress: unknown): void => {
    said = progress;
    deps.activity.heartbeat(progress);
  };
  const beat = setInterval(() => deps.activity.heartbeat(said), beatEveryMs(of));
  try {
    return await work({ ...deps, activity: { ...deps.activity, heartbeat } });
  } finally {
    clearInterval(beat);
  }
}
