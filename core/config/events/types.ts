/** Senders, triggers and sinks, once they are checked. */

import type { SenderMake } from './makes.ts';

/** Where a secret lies; its value is read where it is used, and nowhere kept. */
export type SecretRef = { readonly env: string } | { readonly file: string };

export interface SenderConfig {
  readonly name: string;
  readonly type: SenderMake;
  /** Two of them while one replaces the other. */
  readonly secrets: readonly SecretRef[];
  /** `claims`: CEL over `claims`, the token's; true lets in. */
  readonly oidc?: { readonly issuer: string; readonly audience: string; readonly claims: string };
  /** In which the secret or the signature comes; absent = where the make puts it. */
  readonly header?: string;
  /** Host, and path if there is one, under which clusters pull; absent = as the sender says. */
  readonly registry?: string;
  /**
   * lambda: an event that AWS itself hands to the Lambda function (EventBridge, SQS) is believed, for IAM has said who may;
   * over HTTP nothing of it is. Absent = every request authenticates itself.
   */
  readonly trust?: 'lambda';
  readonly allowUnauthenticated: boolean;
  /** Requests a minute; more are answered 429. */
  readonly perMinute: number;
  /** Requests at once, before the rate counts. */
  readonly burst: number;
  /** DNS names that may register by OPTIONS; `*` = all, empty = none. */
  readonly allowedOrigins: readonly string[];
}

/** Which of an image's tags is the newest. */
export type TagPolicy =
  /** A range of semantic versions. */
  | { readonly semver: string }
  /** Of the tags that fit the regex (RE2) the last; numeric: numbers within them are compared as numbers. */
  | { readonly regex: string; readonly order: 'numeric' | 'alphabetic' }
  /** By the time at which the image was built; '' = of all tags. */
  | { readonly newest: string };

export type TriggerAction =
  | {
      readonly type: 'deploy';
      /** Whose tags are listed; null: the event says the version (`map.version`). */
      readonly from: { readonly repository: string; readonly policy: TagPolicy } | null;
      readonly onConflict: 'reject' | 'queue' | 'supersede';
    }
  | { readonly type: 'promote' | 'abort' | 'pause' | 'resume' | 'approve' | 'alert' }
  /** The event itself says what, to which run and step (SteerData). */
  | { readonly type: 'steered' }
  | { readonly type: 'undo' };

export interface ServiceAddress {
  readonly namespace: string;
  readonly name: string;
}

export interface TriggerConfig {
  readonly name: string;
  /** Names of Sender documents. */
  readonly senders: readonly string[];
  /** CEL; '' = every event of its senders. */
  readonly filter: string;
  /** `cel` makes a list of `namespace/name`. Empty list: the event names it (`steered`). */
  readonly services: readonly ServiceAddress[] | { readonly cel: string };
  /** CEL; '' = not mapped. */
  readonly map: { readonly version: string; readonly image: string; readonly reason: string };
  readonly action: TriggerAction;
}

/** Where a sink is: written down, or a secret itself, as the addresses of Slack and Teams are. */
export type SinkAddress = { readonly url: string } | { readonly from: SecretRef };

interface AnySink {
  readonly name: string;
  /** Types of events, or their beginnings with a `*` at the end. */
  readonly events: readonly string[];
  /** In CEL, of the variable `event`; '' = all of them. */
  readonly filter: string;
  /** Base address of Temporal's UI, for links to runs; '' = none. */
  readonly temporalUi: string;
}

/** CloudEvents over HTTP. */
export interface HttpSink extends AnySink {
  readonly type: 'http';
  readonly to: SinkAddress;
  /** Of Standard Webhooks, at most two: what is sent is signed by both. Empty: nothing is signed. */
  readonly secrets: readonly SecretRef[];
  readonly mode: 'binary' | 'structured';
}

export interface ChatSink extends AnySink {
  readonly type: 'slack' | 'teams';
  readonly to: SinkAddress;
}

export interface GenericSink extends AnySink {
  readonly type: 'generic';
  readonly to: SinkAddress;
  readonly secrets: readonly SecretRef[];
  readonly contentType: string;
  /** `{{data.service}}` stands for a value of the event. */
  readonly template: string;
}

/** Commit statuses, and a deployment per cluster with its own. */
export interface ForgeSink extends AnySink {
  readonly type: 'github' | 'gitlab';
  /** Of its API. */
  readonly url: string;
  /** `acme/checkout`. */
  readonly repository: string;
  readonly token: SecretRef;
  /** In CEL, of the variable `event`: the commit; '' = the version is its name. */
  readonly sha: string;
}

/** The status of the Service object that a run is about, where config is in a hub. Nobody writes a document for it. */
export interface HubStatusSink extends AnySink {
  readonly type: 'hubStatus';
}

/** No document can have its name. */
export const hubStatusSink: HubStatusSink = {
  ...{ name: 'hub:status', type: 'hubStatus', events: ['dev.tidegate.rollout.*'], filter: '', temporalUi: '' },
};

export type SinkConfig = HttpSink | ChatSink | GenericSink | ForgeSink | HubStatusSink;

export interface EventsConfig {
  readonly senders: readonly SenderConfig[];
  readonly triggers: readonly TriggerConfig[];
  readonly sinks: readonly SinkConfig[];
}

export const noEvents: EventsConfig = { senders: [], triggers: [], sinks: [] };
