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
  readonly mesh: string;
  readonly namespace: string;
  readonly service: string;
}
