/** Speaks to one run of a rollout: looks at it, and sends the one update that a link or a button stands for. */
import { WorkflowNotFoundError, WorkflowUpdateFailedError, type Client } from '@temporalio/client';
import { messageNames } from '../../core/contract/messages.ts';
import type { Steering } from '../../core/events/steer.ts';
import type { RolloutStatus } from '../../core/rollout/machine/status.ts';
import type { Plan } from '../../core/rollout/plan/plan.ts';

export interface SeenRun {
  readonly plan: Plan;
  readonly status: RolloutStatus;
}

export type Steered =
  | { readonly kind: 'acted'; readonly status: RolloutStatus }
  /** Why, and what to do. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** The run has ended, or its retention is over. */
  | { readonly kind: 'gone' };

/** Somebody waits in front of a page, ms. */
const DEADLINE_MS = 8_000;

/** null: there is no such run. Errors are those of Temporal: nobody knows. */
export async function lookAtRun(client: Client, of: { workflowId: string; runId: string }): Promise<SeenRun | null> {
  const handle = client.workflow.getHandle(of.workflowId, of.runId);
  try {
    return await client.withDeadline(Date.now() + DEADLINE_MS, async () => ({
      plan: await handle.query<Plan>(messageNames.plan),
      status: await handle.query<RolloutStatus>(messageNames.status),
    }));
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

/** Repeated, it is the same update: it acts once. */
export async function steerRun(
  client: Client,
  { workflowId, runId, update, updateId, input }: Steering,
): Promise<Steered> {
  const handle = client.workflow.getHandle(workflowId, runId);
  try {
    const status = await client.withDeadline(Date.now() + DEADLINE_MS, () =>
      handle.executeUpdate<RolloutStatus, [Steering['input']]>(update, { args: [input], updateId }),
    );
    return { kind: 'acted', status };
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError)
      return { kind: 'refused', reason: error.cause?.message ?? error.message };
    if (error instanceof WorkflowNotFoundError) return { kind: 'gone' };
    throw error;
  }
}
