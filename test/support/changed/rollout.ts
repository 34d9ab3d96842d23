/** A rollout whose code has changed without a `patched`: its first command is another one, so no history of before replays. */
import { sleep } from '@temporalio/workflow';
import type { RolloutInput, RolloutResult } from '../../../core/contract/messages.ts';
import { rollout as before } from '../../../workflows/rollout.ts';

export async function rollout(input: RolloutInput): Promise<RolloutResult> {
  const changed = sleep(1, { summary: 'what the build before did not do' });
  // Messages and queries are heard from the first task on, as by every build.
  const result = await before(input);
  await changed;
  return result;
}
