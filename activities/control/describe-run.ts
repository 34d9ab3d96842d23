/** describeRun: what a running rollout says of itself. Asked through the worker's own client. */
import { Context } from '@temporalio/activity';
import type { DescribeRunInput } from '../../core/contract/activities.ts';
import { messageNames } from '../../core/contract/messages.ts';
import type { RolloutStatus } from '../../core/rollout/machine/status.ts';
import type { RunningStatus } from '../../core/rollout/running.ts';
import { present } from '../../core/values/json.ts';

/** Of one question, ms: a worker answers in milliseconds, and a plan is made without the answer as well. */
const ANSWER_MS = 5_000;

export async function describeRun({ workflowId, runId }: DescribeRunInput): Promise<RunningStatus | null> {
  const { client } = Context.current();
  try {
    const handle = client.workflow.getHandle(workflowId, runId === '' ? undefined : runId);
    const said = await client.withDeadline(Date.now() + ANSWER_MS, () =>
      handle.query<RolloutStatus>(messageNames.status),
    );
    const { service, kind, version, phase, outcome, reason, wave, waves, step, steps, since, cause } = said;
    const told = { service, kind, version, phase, outcome, reason, wave, waves, step, steps, since };
    return { ...told, ...present({ cause }) };
  } catch {
    // Nothing depends on it: that it runs is known, and is said.
    return null;
  }
}
