/** One workflow `handleEvent` per event, trigger and service: started it is safe, and started twice it is one. */
import { WorkflowExecutionAlreadyStartedError, type Client } from '@temporalio/client';
import { eventMemo, handleEventWorkflowId, type HandleEventInput } from '../../core/contract/events.ts';
import { workflowNames } from '../../core/contract/messages.ts';
import { taskQueue } from '../../core/contract/queues.ts';
import { summaryText } from '../../core/view/temporal-limits.ts';

export interface StartedEvent {
  readonly workflowId: string;
  /** It was handled before, or is being handled: nothing is done twice. */
  readonly duplicate: boolean;
}

/** W3C trace context of the event, which runs that come of it carry on. */
const traceOf = ({ event: { extensions } }: HandleEventInput): Record<string, string> =>
  Object.fromEntries(
    ['traceparent', 'tracestate'].flatMap((name) => {
      const value = extensions[name];
      return typeof value === 'string' ? [[name, value]] : [];
    }),
  );

/** Throws what Temporal's client throws where the server has not taken it. */
export async function startHandleEvent(
  client: Client,
  input: HandleEventInput,
  installation: string,
): Promise<StartedEvent> {
  const workflowId = handleEventWorkflowId(installation, input);
  try {
    await client.workflow.start(workflowNames.handleEvent, {
      workflowId,
      taskQueue: taskQueue(installation, 'control'),
      args: [input],
      // What failed may be sent again; what was refused is an answer, and is not asked for twice.
      workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
      workflowIdConflictPolicy: 'FAIL',
      memo: { event: { ...eventMemo(input) }, ...traceOf(input) },
      staticSummary: summaryText(
        `${input.event.type} for ${input.namespace}/${input.service}, by trigger ${input.trigger}`,
      ),
    });
    return { workflowId, duplicate: false };
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return { workflowId, duplicate: true };
    throw error;
  }
}
