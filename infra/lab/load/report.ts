/** What clients saw, counted by who asked, who answered and how it ended. */
/** `past`: to a pod that the client dials itself, past Envoy, on a connection of its own. */
export type ConnectionKind = 'new' | 'kept' | 'past';

/** `grpc`: a status other than OK; `status`: another answer of HTTP that is none. */
export type FailureKind = 'connect' | 'reset' | 'timeout' | '5xx' | 'grpc' | 'status';

export interface RequestRecord {
  /** When the request was sent, ms since the epoch. */
  readonly at: number;
  readonly service: string;
  readonly client: string;
  readonly node: string;
  readonly connection: ConnectionKind;
  /** '' when no pod answered. */
  readonly version: string;
  readonly serving: string;
  readonly status: number;
  readonly failure: FailureKind | undefined;
  readonly latencyMs: number;
  readonly detail?: string;
}

export interface TrafficGroup {
  readonly service: string;
  readonly client: string;
  readonly node: string;
  readonly connection: ConnectionKind;
  readonly version: string;
  readonly serving: string;
  readonly outcome: 'ok' | FailureKind;
  readonly count: number;
}

export interface TrafficFailure {
  readonly at: number;
  readonly service: string;
  readonly client: string;
  readonly node: string;
  readonly connection: ConnectionKind;
  readonly version: string;
  readonly serving: string;
  readonly kind: FailureKind;
  readonly status: number;
  readonly detail: string;
}

export interface TrafficReport {
  /** The window really covered, in ms since the epoch: buckets of 250 ms by the time a request was sent. */
  readonly since: number;
  readonly until: number;
  readonly requests: number;
  readonly failed: number;
  readonly groups: readonly TrafficGroup[];
  /** The first 200 of the window; `failed` counts them all. */
  readonly failures: readonly TrafficFailure[];
  /** In ms, over all answered requests; null when there was none. */
  readonly latency: { readonly p50: number; readonly p99: number; readonly max: number } | null;
  /**
   * Answered requests by latency, in bins that grow by 5 % from 0.1 ms: windows of several reports can be added up and
   * given to `latencyOf` (recorder.ts).
   */
  readonly latencyBins: readonly number[];
  /** Time of the first bad answer of each version in the window; '' = no pod answered. */
  readonly firstBad: Readonly<Record<string, number>>;
  /** Requests sent and not ended yet, right now. */
  readonly inFlight: number;
}
