/** Which triggers hear an event, and which services they act on: one match for each. */
import type { ServiceAddress, TriggerConfig } from '../config/events/types.ts';
import type { Person } from '../values/person.ts';
import type { CloudEvent } from './cloud-event.ts';

export interface HeardEvent {
  readonly event: CloudEvent;
  /** Name of the Sender document. */
  readonly sender: string;
  readonly by: Person;
}

export interface Match extends ServiceAddress {
  readonly trigger: string;
}

/** What one trigger says of an event. */
export interface TriggerLook {
  readonly trigger: string;
  /** Why the filter or the list of services has no value; '' = they have. With expression and value. */
  readonly failure: string;
}

export interface Matcher {
  match(heard: HeardEvent): { readonly matches: readonly Match[]; readonly looks: readonly TriggerLook[] };
}

export const createMatcher = (triggers: readonly TriggerConfig[]): Matcher => ({
  match: ({ sender }) => {
    const hearing = triggers.filter(({ senders }) => senders.includes(sender));
    const matches = hearing.flatMap(({ name: trigger, services }) => services.map((one) => ({ ...one, trigger })));
    return { matches, looks: hearing.map(({ name: trigger }) => ({ trigger, failure: '' })) };
  },
});
