/**
 * core/routing: who answers the calls of one service that start in one cluster, and how that is written down.
 *
 *   annotation ──parseRecord──► RoutingRecord ──withShares, restored, committed──► the same ──weightsOf──► Weight[]
 *
 * A record has three parts (topology, versions, policy), each { proven, current, epoch, run }. `current` is what the
 * cluster is asked to do now; `proven` is what it goes back to. They differ while a run is under way, and stay different
 * when a run was ended in its middle (half moved).
 * In normal form a record has entries only for the serving clusters of its own topology, and it is brought to that form
 * wherever it is read or changed. A share of 0 is a live subset without traffic (entering, draining, warm): Envoy knows
 * it, and two parts that differ in such entries only are equal.
 * This folder does not talk to clusters, does not know time, renders no object (core/render does), and never decides a
 * step: it says what a record means.
 */
import type { Shares } from '../values/share.ts';
import type { PortProtocol } from './port-protocol.ts';

/** Per serving cluster: the share of each version there. */
export type VersionShares = Readonly<Record<string, Shares>>;

/** The resolved L7 policy of a service at its client's Envoy. The default passes everything through. */
export interface L7Policy {
  /** Whole-request timeout in ms; 0 = none (as without Envoy). */
  readonly requestTimeoutMs: number;
  /** Idle time after which Envoy closes an upstream connection, in ms; must be below the app's keep-alive time. */
  readonly upstreamIdleMs: number;
  /** Time for a TCP connect to a pod, in ms. */
  readonly connectTimeoutMs: number;
  /** A request or stream that nothing of has moved for so long is ended, in ms. Absent: never (as without Envoy). */
  readonly idleTimeoutMs?: number;
}

/** What a request carries that Envoy knows it by. */
export type Mark =
  /** Without a value: whatever the header says. */
  | { readonly header: string; readonly value?: string; readonly cookie?: never }
  | { readonly cookie: string; readonly value: string; readonly header?: never };

/** Requests with the mark reach the version wherever it is live, whatever its share. */
export interface TesterRoute {
  readonly version: string;
  readonly mark: Mark;
}

/** Who gets a cookie, and stays where it was sent while the arms live. */
export interface StickyRoute {
  /** The version that the run brings: one of the two arms. */
  readonly version: string;
  /** Name of the cookie. */
  readonly cookie: string;
  /** How long a browser keeps the cookie, from the first request on, in ms. */
  readonly ttlMs: number;
  /** Of the run: cookies of another one say nothing. */
  readonly token: string;
  /** Only who was sent to the new version stays there. Absent: who was sent to either stays. */
  readonly keeps?: 'new';
}

/** Routes beside the split by weight, which live as long as the run that opens them. */
export interface RunRoutes {
  /** A request that names this version in the version header reaches it, whatever its share. Absent: the header means nothing. */
  readonly headerRoute?: string;
  readonly testers?: TesterRoute;
  readonly sticky?: StickyRoute;
}

export interface RecordPart<T> {
  /** null: not under Tidegate yet; traffic flows as Cilium does by itself (no redirect to Envoy). */
  readonly proven: T | null;
  readonly current: T | null;
  /** Fencing number: a write with a lower one is refused. */
  readonly epoch: number;
  /** Workflow run id that took the epoch. */
  readonly run: string;
  /** Number of the command of that run which wrote last: a late attempt of an earlier one is refused. Absent: 0. */
  readonly turn?: number;
  /** That run has committed it, or gone back: nothing of it goes forward here after a reset. Absent: not yet. */
  readonly closed?: true;
}

export interface VersionsPart extends RecordPart<VersionShares>, RunRoutes {
  /** Per serving cluster: the version that was proven before the last commit (what undo goes back to). */
  readonly previous: Readonly<Record<string, string>>;
  /** Per serving cluster: epoch of the commit that proved its entry; where records disagree, the highest wins. Absent: an older release's, 0. */
  readonly commits?: Readonly<Record<string, number>>;
}

/** Serving clusters that are out of the traffic until they are restored: a person took them out, or they were lost. It is written with the commit that proves it. */
export interface Drained {
  /** The client's topology without any drain: what comes back once none is left. */
  readonly from: Shares;
  /** By name of the serving cluster. */
  readonly clusters: Readonly<Record<string, DrainWord>>;
}

export interface DrainWord {
  /** When it was drained, or found lost, ms since the epoch. */
  readonly atMs: number;
  /** It was lost, and failed over. Absent: a person has drained it. */
  readonly lost?: true;
}

export interface TopologyPart extends RecordPart<Shares> {
  /** Absent: no cluster that this client would call is drained. */
  readonly drained?: Drained;
}

export interface Frontend {
  readonly portName: string;
  readonly port: number;
  /** Pod port, number or name: as in the frontend Service's targetPort. */
  readonly targetPort: number | string;
  /** What callers speak to it. Absent: HTTP/1.1 or HTTP/2, as each caller likes. */
  readonly protocol?: Exclude<PortProtocol, 'http'>;
  /** The frontend's selector without the version label. */
  readonly selector: Readonly<Record<string, string>>;
}

/** What a version's name stands for in this cluster, for ever. */
export interface Build {
  /** Digest of the pod template. */
  readonly digest: string;
  /** When it entered, ms since the epoch. */
  readonly atMs: number;
}

export interface RoutingRecord {
  readonly schema: 1;
  /** What a writer must understand; one that lacks any of it leaves the record to a newer one. Absent: nothing. */
  readonly needs?: readonly string[];
  readonly installation: string;
  readonly mesh: string;
  readonly namespace: string;
  readonly service: string;
  /** The client cluster: this record is about calls that start here. */
  readonly cluster: string;
  readonly frontend: Frontend;
  readonly topology: TopologyPart;
  readonly versions: VersionsPart;
  readonly policy: RecordPart<L7Policy>;
  /** Version that callers past Envoy get in this cluster. Absent: written before pins were recorded, or none. */
  readonly pin?: string;
  /** Builds of this cluster by version; absent: none recorded yet. */
  readonly builds?: Readonly<Record<string, Build>>;
  /** Clusters that a person gave up on in the last run, by name; absent: none. */
  readonly absent?: Readonly<Record<string, Absence>>;
}

/** A cluster that would not answer: its Envoys may still carry their last route. */
export interface Absence {
  /** When it was given up, ms since the epoch. */
  readonly atMs: number;
  readonly reason: string;
}

export interface Subset {
  readonly version: string;
  readonly cluster: string;
}

/** One line of the two-level split; weights of a record sum to WHOLE. */
export interface Weight extends Subset {
  /** Name of the subset's Kubernetes Service. */
  readonly name: string;
  /** Envoy's stat name: `<namespace>_<name>`. */
  readonly statName: string;
  readonly weight: number;
}
