/** Is the running attempt still waited for? Temporal tells with the answer of a heartbeat, which is billed; asking is not. */
import { Context } from '@temporalio/activity';

// As Temporal's API numbers it.
const attemptStarted = 2;

/** false: cancelled, replaced by a later attempt, or its run is over. Who gets no answer goes on. */
export async function isWanted(): Promise<boolean> {
  const { client, info } = Context.current();
  const { workflowId = '', runId } = info.workflowExecution ?? {};
  try {
    const { raw } = await client.workflow.getHandle(workflowId, runId).describe();
    return (raw.pendingActivities ?? []).some(
      ({ activityId, attempt, state }) =>
        activityId === info.activityId && attempt === info.attempt && Number(state) === attemptStarted,
    );
  } catch {
    return true;
  }
}
