/** The activity of a delivery: it keeps its progress between attempts, as Temporal does. */
import type { Progress, TellDeps } from '../../activities/tell/ports.ts';

export function tellActivity(): TellDeps['activity'] {
  let kept: Progress | null = null;
  return {
    signal: () => new AbortController().signal,
    namespace: () => 'default',
    progress: () => kept,
    keep: (progress) => void (kept = progress),
  };
}
