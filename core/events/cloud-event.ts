/**
 * core/events: what comes in through the front door, and what becomes of it.
 *
 *   raw request ──senders──► CloudEvent ──filter, map of a Trigger──► Reaction (what shall be done for one service)
 *
 * Nothing here does I/O: who sent an event, and that it was really them, is found out in functions/senders.
 */

import type { SteeredStep } from '../rollout/steered-step.ts';

export type { SteeredStep };

/** CloudEvents 1.0, as far as anything of ours reads it. */
export interface CloudEvent {
  readonly specversion: '1.0';
  /** With `source` the name of what has happened: a second event of both is the same event. */
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject?: string;
  /** RFC 3339. */
  readonly time?: string;
  readonly datacontenttype?: string;
  readonly dataschema?: string;
  /** A JSON value, or text; absent where there is none or it is bytes. */
  readonly data?: unknown;
  /** Bytes, in base64 (RFC 4648). */
  readonly dataBase64?: string;
  /** Extension attributes by their names, `traceparent` among them. */
  readonly extensions: Readonly<Record<string, string | number | boolean>>;
}

/** Types of events that senders of every make are brought to, so that a trigger need not know the make. */
export const eventTypes = {
  /** data: ImagePushed. */
  imagePushed: 'dev.tidegate.image.pushed',
  /** data: AlertData. */
  alertFiring: 'dev.tidegate.alert.firing',
  alertResolved: 'dev.tidegate.alert.resolved',
  /** data: SteerData: a person pressed a button (Slack) or used a link. */
  steered: 'dev.tidegate.steered',
} as const;

export interface ImagePushed {
  /** Registry and repository, without tag: `ghcr.io/acme/checkout`. */
  readonly image: string;
  /** '' = pushed without one. */
  readonly tag: string;
  /** `sha256:…`; '' = the sender does not say. */
  readonly digest: string;
  /** The sender's own payload. */
  readonly original: unknown;
}

export interface AlertData {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly fingerprint: string;
  readonly groupKey: string;
}

export type Saying = 'promote' | 'abort' | 'pause' | 'resume' | 'approve';

/** What a click says: it can act on this one step of this one run only. */
export interface SteerData {
  readonly action: Saying;
  readonly namespace: string;
  readonly service: string;
  readonly step: SteeredStep;
  readonly reason: string;
}
