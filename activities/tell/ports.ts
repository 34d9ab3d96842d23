/** What the telling of sinks needs of the world. */
import { Context } from '@temporalio/activity';
import type { DeliverEventsResult } from '../../core/contract/deliver.ts';
import type { SecretRef, SinkConfig } from '../../core/config/events/types.ts';
import type { CloudEvent } from '../../core/events/cloud-event.ts';
import type { SinkClient } from '../../platform/http/sink-client.ts';

export interface TellDeps {
  /** The sinks of this worker's config, as they are now. */
  readonly readSinks: () => Promise<readonly SinkConfig[]>;
  readonly secret: (ref: SecretRef) => Promise<string>;
  readonly client: Pick<SinkClient, 'send'>;
  readonly nowMs: () => number;
  readonly activity: TellingPort;
  /** Writes into the status of the service's object what the event says. Absent: the config of this worker is in no hub. */
  readonly writeStatus?: (event: CloudEvent) => Promise<void>;
  /** Page on which the waiting step of a `gated` event is approved; '' = none. Absent: this worker makes no links. */
  readonly approvalLink?: (event: CloudEvent) => Promise<string>;
}

/** How far the attempts of one activity have come. */
export interface Progress extends DeliverEventsResult {
  readonly done: number;
}

export interface TellingPort {
  signal(): AbortSignal;
  /** Temporal's namespace, for links. */
  namespace(): string;
  /** Where the former attempt has ended; null: this is the first. */
  progress(): Progress | null;
  keep(progress: Progress): void;
}

/** The activity that is running in a Temporal worker. */
export const temporalTelling: TellingPort = {
  signal: () => Context.current().cancellationSignal,
  namespace: () => Context.current().info.namespace,
  progress: () => (Context.current().info.heartbeatDetails as Progress | undefined) ?? null,
  keep: (progress) => Context.current().heartbeat(progress),
};
