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
  /**
   * lambda: an event that AWS itself hands to the Lambda function (EventBridge, SQS) is believed, for IAM has said who may;
   * over HTTP nothing of it is. Absent = every request authenticates itself.
   */
  readonly trust?: 'lambda';
  /** Requests a minute; more are answered 429. */
  readonly perMinute: number;
  /** Requests at once, before the rate counts. */
  readonly burst: number;
  /** DNS names that may register by OPTIONS; `*` = all, empty = none. */
  readonly allowedOrigins: readonly string[];
}

export interface ServiceAddress {
  readonly namespace: string;
  readonly name: string;
}

export interface TriggerConfig {
  readonly name: string;
  /** Names of Sender documents. */
  readonly senders: readonly string[];
  readonly services: readonly ServiceAddress[];
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
