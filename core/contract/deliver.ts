/** How events go out: the workflow `deliver`, what it is told, and what it asks of the queue `tell`. */
import type { CloudEvent } from '../events/cloud-event.ts';
import type { ServiceRef } from '../routing/service-ref.ts';

export interface DeliverInput {
  readonly service: ServiceRef;
  /** Names of Sink documents. */
  readonly sinks: readonly string[];
  readonly events: readonly CloudEvent[];
  /** Nothing follows: it ends when all of this is delivered, or given up. */
  readonly last: boolean;
  /** What an earlier delivery has given up, to be sent again. Absent: nothing. */
  readonly again?: readonly DeadLetter[];
  /**
   * Bytes count, too: a new run also follows where Temporal suggests one, and one activity gets no more events than fit
   * into its input. Absent: only numbers of events count, as for older workers.
   */
  readonly bySize?: true;
  /** What an earlier run of this workflow (it continues as new) knows. Absent: a first run. */
  readonly carried?: DeliverMemory;
}

/** The signal `tell`: as many events as there are. */
export interface TellInput {
  readonly events: readonly CloudEvent[];
  readonly last: boolean;
}

export interface DeliverMemory {
  /** Ids of the last events: one that is told twice is sent once. */
  readonly seen: readonly string[];
  readonly dead: readonly DeadLetter[];
  /** Sinks that have said that they are gone. */
  readonly retired: readonly string[];
  /** Requests that sinks have taken of the runs before. Absent: an older worker has not counted them. */
  readonly sent?: number;
}

/** What one sink did not take. */
export interface DeadLetter {
  readonly sink: string;
  readonly reason: string;
  /** Tidegate's own events, from which all others follow. */
  readonly events: readonly CloudEvent[];
  /** Ids of those that were refused, of these events and what follows from them. Absent: all. */
  readonly only?: readonly string[];
}

export interface DeliverResult {
  /** Requests that sinks have taken. */
  readonly sent: number;
}

/** The details of the failure of a delivery that was given up in part. */
export interface Undelivered {
  readonly service: ServiceRef;
  readonly dead: readonly DeadLetter[];
}

export interface DeliverEventsInput {
  readonly sink: string;
  readonly events: readonly CloudEvent[];
  readonly only?: readonly string[];
}

export interface DeliverEventsResult {
  readonly sent: number;
  /** Events that the sink has refused for good. */
  readonly refused: readonly { readonly id: string; readonly reason: string }[];
  /** The sink is gone (410), and wants nothing more; '' = it is there. */
  readonly retired: string;
}

export interface SinkActivities {
  /** Names of the sinks in this worker's config, whatever else is wrong there. */
  listSinks(): Promise<readonly string[]>;
  /** Sends what the sink wants of these events, in their order; each attempt goes on where the former one failed. */
  deliverEvents(input: DeliverEventsInput): Promise<DeliverEventsResult>;
}
