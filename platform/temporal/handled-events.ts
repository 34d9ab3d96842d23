/** Events that were handled, the newest first, as their memos say: no history is read for it. */
import type { Client } from '@temporalio/client';
import type { EventMemo, HandledOutcome, HandleEventResult } from '../../core/contract/events.ts';
import { workflowNames } from '../../core/contract/messages.ts';
import { taskQueue } from '../../core/contract/queues.ts';

export interface HandledEvent {
  readonly workflowId: string;
  readonly runId: string;
  readonly startedAtMs: number;
  /** null: a person has started it by hand, and it has not said yet what it is about. */
  readonly event: EventMemo | null;
  /** handling: it is not over. failed: nobody could be asked, or a bug; the event may be sent again. */
  readonly outcome: HandledOutcome | 'handling' | 'failed';
  /** One sentence; '' = none yet. */
  readonly reason: string;
}

export async function readHandledEvents(
  client: Client,
  { installation, sinceMs, most }: { readonly installation: string; readonly sinceMs: number; readonly most: number },
): Promise<readonly HandledEvent[]> {
  const query = `WorkflowType = '${workflowNames.handleEvent}' AND TaskQueue = '${taskQueue(installation, 'control')}' AND StartTime >= '${new Date(sinceMs).toISOString()}'`;
  const found: HandledEvent[] = [];
  for await (const { workflowId, runId, startTime, status, memo } of client.workflow.list({ query })) {
    if (found.length >= most) break;
    const { event, handled } = (memo ?? {}) as { event?: EventMemo; handled?: HandleEventResult };
    const unsaid = status.name === 'RUNNING' ? 'handling' : 'failed';
    found.push({
      ...{ workflowId, runId, startedAtMs: startTime.getTime(), event: event ?? null },
      outcome: handled?.outcome ?? unsaid,
      reason: handled?.reason ?? (unsaid === 'failed' ? `closed as ${status.name.toLowerCase()}` : ''),
    });
  }
  return found;
}
