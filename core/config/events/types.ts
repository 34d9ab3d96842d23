/** Senders, triggers and sinks, once they are checked. */

/** Where a secret lies; its value is read where it is used, and nowhere kept. */
export type SecretRef = { readonly env: string } | { readonly file: string };

export interface SenderConfig {
  readonly name: string;
  /** A make: `github`, `gitlab`, … */
  readonly type: string;
  readonly secrets: readonly SecretRef[];
  readonly oidc?: { readonly issuer: string; readonly audience: string; readonly claims: string };
  readonly allowUnauthenticated: boolean;
  /** Requests a minute; more are answered 429. */
  readonly perMinute: number;
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

export interface SinkConfig {
  readonly name: string;
}

export interface EventsConfig {
  readonly senders: readonly SenderConfig[];
  readonly triggers: readonly TriggerConfig[];
  readonly sinks: readonly SinkConfig[];
}

export const noEvents: EventsConfig = { senders: [], triggers: [], sinks: [] };
