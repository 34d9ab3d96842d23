/** What the settler of a service asks a person about: drift under `ask`, fights, records that were broken by hand. */
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { messageNames, type SettleStatus } from '../../core/contract/messages.ts';
import { settleWorkflowId } from '../../core/contract/workflow-ids.ts';
import type { RolloutIdentity } from './rollout.ts';

/** One sentence each; empty: nothing is asked, or a run owns the service. A settler that waits for a person is open. */
export async function askedOf(client: Client, of: RolloutIdentity): Promise<readonly string[]> {
  const handle = client.workflow.getHandle(settleWorkflowId(of.installation, of));
  try {
    if ((await handle.describe()).status.name !== 'RUNNING') return [];
    const { needs } = await handle.query<SettleStatus>(messageNames.status);
    return needs.flatMap(({ kind, reason }) => (kind === 'person' ? [reason] : []));
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return [];
    // The rollout has answered: its status is worth more than this.
    return [`what the settler waits for is not known, it does not answer (${(error as Error).message})`];
  }
}
