/**
 * functions/senders: one folder per make of sender. Each authenticates a request on its raw bytes, and brings what it says
 * to CloudEvents. Nothing of a request is believed, logged or parsed before it is authenticated.
 *
 *   RawRequest ──receive──► Reception: events, or an answer that the sender's protocol asks for
 */
import type { SenderConfig } from '../../core/config/events/types.ts';
import type { Incoming } from '../../core/events/incoming.ts';
import type { Person } from '../../core/values/person.ts';

export type { Incoming } from '../../core/events/incoming.ts';

export interface RawRequest {
  readonly method: string;
  /** Path and query as they were sent. */
  readonly url: URL;
  readonly headers: Headers;
  /** As it came over the wire: signatures are checked on these bytes. */
  readonly body: Uint8Array;
  readonly receivedAtMs: number;
  /** Absent = the request itself must show whose it is. */
  readonly vouchedBy?: Vouched['vouchedBy'];
}

/** What a host says beside a request, in process and never over the wire: AWS has authenticated who sent it (IAM). */
export interface Vouched {
  readonly vouchedBy: 'aws';
}

export interface SenderTools {
  /**
   * The values behind `secrets` of the Sender document, two at once while one replaces the other. Never logged.
   * @throws HttpProblem 503 when none can be read; its `cause` names them for the log
   */
  readonly secrets: (sender: SenderConfig) => Promise<readonly string[]>;
  /** Verifies signature, issuer, audience and times of an OIDC identity token. @throws HttpProblem 401, 503 */
  readonly verifyToken: (token: string, of: { issuer: string; audience: string }) => Promise<Record<string, unknown>>;
}

export type Reception =
  | { readonly kind: 'events'; readonly incoming: readonly Incoming[]; readonly by: Person }
  /** What the protocol wants: a ping's 200, a challenge. */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly body: string;
      readonly headers?: Readonly<Record<string, string>>;
    };

/** @throws HttpProblem 401, 403, 400, 413, 415, 503: what the sender is answered. */
export type Receive = (request: RawRequest, sender: SenderConfig, tools: SenderTools) => Promise<Reception>;
