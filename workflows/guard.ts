/**
 * guard: the dead man's switch of a run. `rollout` starts it before its first write and never speaks to it again.
 * Guarantees: however the run closes (completed, failed, cancelled, terminated, timed out, deleted), the server cancels this
 * workflow, and then it wakes the settler of the service, and what waits for its turn behind the run (workflows/next.ts). It
 * writes to no cluster, so it can disturb no healthy run.
 * Timers: one, before it tries again to wake. Messages: none.
 */
import { CancellationScope, sleep } from '@temporalio/workflow';
import type { GuardInput } from '../core/contract/messages.ts';
import { wakeNext } from './next/nexts.ts';
import { startSettler, wakeSettler } from './settle/settlers.ts';

/** Between two attempts to wake a settler that ends just as it is spoken to, ms. */
const AGAIN_MS = 1_000;

export async function guard({ service, known, part }: GuardInput): Promise<void> {
  await CancellationScope.current().cancelRequested.catch(() => undefined);
  await CancellationScope.nonCancellable(async () => {
    while (!(await startSettler({ service, known })) && !(await wakeSettler(service))) await sleep(AGAIN_MS);
    // The way back first. What an older run has started does not name its part, and wakes nobody else.
    if (part !== undefined) await wakeNext({ service, part });
  });
}
