/** Inputs and results of the activities that settle a service, and of those that a person's word is written by. */
import type { ClusterRef } from '../kube/cluster-ref.ts';
import type { Absence } from '../routing/record.ts';
import type { Need } from '../rollout/settled.ts';
import type { ServiceRef } from '../routing/service-ref.ts';
import type { ClusterState } from '../workload/cluster-state.ts';
import type { DriftPolicy } from '../workload/frontend/drift-policy.ts';
import type { PauseWord } from '../workload/frontend/pauses.ts';

export interface ListServicesInput {
  readonly mesh?: string;
  readonly namespace?: string;
  readonly service?: string;
}

/** The services of a mesh, as far as settling them goes. */
export interface ListServicesResult {
  readonly mesh: string;
  readonly clusters: readonly ClusterRef[];
  readonly services: readonly ListedService[];
  /** What is done about a cluster that is lost. Absent: `off`, or an older worker does not say. */
  readonly failover?: 'auto' | 'ask';
}

export interface ListedService {
  readonly service: ServiceRef;
  readonly warmMs: number;
  readonly drainMs: number;
  /** Absent: `repair`. */
  readonly drift?: DriftPolicy;
  /** Absent: none. */
  readonly sinks?: readonly string[];
  /** spec.failover. Absent: all that answer already, in proportion. */
  readonly failover?: readonly string[];
  /** spec.ratePerReplica, calls a second. Absent: the Service document does not say. */
  readonly ratePerReplica?: number;
}

export interface SurveyServiceInput {
  readonly service: ServiceRef;
  readonly clusters: readonly ClusterRef[];
}

export interface SurveyServiceResult {
  readonly clusters: readonly ClusterState[];
  readonly nowMs: number;
}

export interface FindUnsettledInput {
  readonly services: readonly ListedService[];
  readonly clusters: readonly ClusterRef[];
}

export interface UnsettledService {
  readonly service: ServiceRef;
  readonly needs: readonly Need[];
}

export interface FreeAutoscalersInput {
  readonly service: ServiceRef;
  readonly cluster: ClusterRef;
  /** The version whose rollout held them. */
  readonly version: string;
  /** The one that is to be freed. The version's own is freed alone: what it replaced is held for it until its warm time ends. Absent: all of them. */
  readonly autoscaler?: string;
}

export interface PinVersionInput {
  readonly service: ServiceRef;
  readonly cluster: ClusterRef;
}

export interface LeaveClustersInput {
  readonly service: ServiceRef;
  /** The client cluster. */
  readonly cluster: ClusterRef;
  readonly drainMs: number;
}

export interface MendFrontendInput {
  readonly service: ServiceRef;
  readonly cluster: ClusterRef;
  readonly drift: DriftPolicy;
  /** Not the frontend: what Tidegate wrote for the record itself. An older worker finds nothing to do. */
  readonly route?: true;
}

export interface FindNamingInput {
  readonly services: readonly ServiceRef[];
  /** Those that are asked. */
  readonly clusters: readonly ClusterRef[];
  /** The cluster that their records may name. */
  readonly name: string;
}

/** A record that names a cluster, or could not be read. */
export interface NamingRecord {
  readonly service: ServiceRef;
  /** The record's own cluster. */
  readonly cluster: string;
  /** null: the record does not call it absent. */
  readonly absence: Absence | null;
  /** Its clients call that cluster, now or after a restore. */
  readonly inTopology: boolean;
  /** Since when the record remembers it as drained, ms since the epoch. Absent: it does not. */
  readonly drainedAtMs?: number;
  /** It is that cluster itself, and a drain has told cluster mesh to give its pods to nobody. */
  readonly unshared?: true;
  /** Why it could not be read; '' = it was. */
  readonly unread: string;
}

export interface ForgetAbsentInput {
  readonly service: ServiceRef;
  readonly cluster: ClusterRef;
  /** The cluster that is forgotten, and the word of which time. */
  readonly name: string;
  readonly atMs: number;
}

export interface MarkPausedInput {
  readonly services: readonly ServiceRef[];
  readonly cluster: ClusterRef;
  readonly of: 'service' | 'cluster';
  /** null: the pause ends, and with it what is remembered of fights. */
  readonly pause: PauseWord | null;
}

export interface ShareServiceInput {
  readonly service: ServiceRef;
  /** The serving cluster, whose pods other clusters get or get no more past Envoy. */
  readonly cluster: ClusterRef;
  readonly shared: boolean;
}

export interface ShareServiceResult {
  /** skipped: there is no such Service, it is not global, or its annotation is somebody else's. */
  readonly action: 'configured' | 'unchanged' | 'skipped';
  /** What a person should know: whose annotation it is; '' = nothing. */
  readonly conflict: string;
}

export interface KeepWarmInput {
  readonly service: ServiceRef;
  /** The serving cluster. */
  readonly cluster: ClusterRef;
  readonly version: string;
  /** Until then, ms since the epoch. */
  readonly dueMs: number;
}
