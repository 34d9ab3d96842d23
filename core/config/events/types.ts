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
