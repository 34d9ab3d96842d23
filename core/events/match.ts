/** Which triggers hear an event, and for which services each of them does. */
import type { EventsConfig } from '../config/events/types.ts';
import type { Person } from '../values/person.ts';
import type { CloudEvent } from './cloud-event.ts';

export interface ReceivedEvent {
  readonly event: CloudEvent;
  /** Name of the Sender document. */
  readonly sender: string;
  readonly by: Person;
}

export interface MatchableService {
  readonly mesh: string;
  readonly namespace: string;
  readonly service: string;
}

export interface EventMatch extends ReceivedEvent, MatchableService {
  /** Name of the Trigger document. */
  readonly trigger: string;
}

/** A filter that has no value. */
export interface FailedFilter {
  readonly trigger: string;
  readonly expression: string;
  readonly reason: string;
}

export interface MatchedEvent {
  readonly matches: readonly EventMatch[];
  readonly failures: readonly FailedFilter[];
}

export function matchEvent(
  { triggers }: EventsConfig,
  services: readonly MatchableService[],
  received: ReceivedEvent,
): MatchedEvent {
  const hearing = triggers.filter(({ senders }) => senders.includes(received.sender));
  const matches = hearing.flatMap(({ name }) =>
    services.map((service) => ({ ...received, ...service, trigger: name })),
  );
  return { matches, failures: [] };
}
