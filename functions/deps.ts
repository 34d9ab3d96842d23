/** What the front door needs of the world: every host brings the same. */
import type { EventsConfig, SecretRef } from '../core/config/events/types.ts';
import type { HandleEventInput, HandleEventResult } from '../core/contract/events.ts';
import type { ServiceIdentity } from '../core/contract/workflow-ids.ts';
import type { StartedEvent } from '../platform/temporal/handle-event.ts';
import type { FrontDoorMetrics } from './metrics/front-door.ts';
import type { Receive, SenderTools, Vouched } from './senders/sender.ts';

export interface FrontDoorConfig {
  readonly events: EventsConfig;
  readonly services: readonly ServiceIdentity[];
  /** By which links to approve are believed; empty = none is. */
  readonly approvalKeys: readonly SecretRef[];
  /** Why an older copy stands in for what the files say now; '' = it does not. */
  readonly fault: string;
}

export interface EventPort {
  /**
   * Ends when Temporal has it.
   * @throws TidegateError Unavailable: it may come again; Invalid: it may not
   */
  startEvent(input: HandleEventInput): Promise<StartedEvent>;
  /** null: not known within that time, ms. */
  resultOf(id: string, withinMs: number): Promise<HandleEventResult | null>;
  /** '' = Temporal answers; else why it does not. */
  unreachable(): Promise<string>;
}

type Fields = Readonly<Record<string, unknown>>;

/** Takes no header, no body and no URL of a request: what is secret never comes near it. */
export interface Log {
  info(fields: Fields, message: string): void;
  warn(fields: Fields, message: string): void;
  error(fields: Fields, message: string): void;
}

export interface FrontDoorDeps {
  /** @throws TidegateError when there has never been a config that was whole */
  readonly config: () => Promise<FrontDoorConfig>;
  readonly temporal: EventPort;
  /** By make. */
  readonly senders: Readonly<Record<string, Receive>>;
  readonly tools: SenderTools;
  /** Pages of links to approve by: GET shows, POST acts. */
  readonly approvals: (request: Request) => Promise<Response>;
  readonly metrics: FrontDoorMetrics;
  readonly log: Log;
  /** ms since the epoch. */
  readonly now: () => number;
}

/** What a host says beside a request, as Hono hands it on: nobody can say it over the wire. */
export interface AppEnv {
  Bindings: { readonly host?: Vouched };
}
