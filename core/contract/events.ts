/** What the front door asks of Temporal: one workflow per event, trigger and service. */
import type { CloudEvent } from '../events/cloud-event.ts';
import type { Person } from '../values/person.ts';

export interface HandleEventInput {
  readonly event: CloudEvent;
  /** Name of the Sender document. */
  readonly sender: string;
  readonly by: Person;
  /** Name of the Trigger document. */
  readonly trigger: string;
  /** '' = the front door's config does not know the service. */
  readonly mesh: string;
  readonly namespace: string;
  readonly service: string;
}

/** What became of one event for one service. */
export interface HandleEventResult {
  /** failed: the handling itself broke, which its workflow tells. */
  readonly outcome: 'started' | 'queued' | 'steered' | 'ignored' | 'refused' | 'failed';
  /** One sentence. */
  readonly reason: string;
  /** Of the run that was started or steered; '' = none. */
  readonly workflowId: string;
  readonly runId: string;
}
