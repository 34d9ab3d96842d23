/** A mesh is watched for clusters that are lost, and the calls of one that is are moved: inputs, results and status. */
import type { VerifyRoutingResult, VerifyTarget } from '../judge/proof/proof.ts';
import type { ClusterRef } from '../kube/cluster-ref.ts';
import type { ServiceRef } from '../routing/service-ref.ts';
import type { Shares } from '../values/share.ts';
import type { Flow } from '../topology/drilled.ts';
import type { Judgement } from '../topology/lost-cluster.ts';

export interface WatchMeshInput {
  /** Absent: the only mesh of the config. */
  readonly mesh?: string;
  /** Of a schedule, whose workflows have ids of their own: it only sees to it that the one of the mesh runs. */
  readonly sees?: true;
  /** What an earlier run of this workflow (it continues as new) knows. Absent: a first run. */
  readonly carried?: readonly WatchedCluster[];
  /** Services whose failover waits for the end of a pause, as that run knew them. Absent: none. */
  readonly paused?: readonly FailedOverService[];
}

export interface WatchedCluster {
  readonly cluster: string;
  readonly judgement: Judgement;
  /** When it was found so, ms since the epoch. */
  readonly atMs: number;
  /** The evidence, in one sentence. */
  readonly text: string;
  /** Its calls were moved, ms since the epoch; 0 = they were not. */
  readonly movedAtMs: number;
  /**
   * When it was first doubted or lost, where that was before `atMs`, ms since the epoch: what was proven elsewhere since then
   * it has missed. Absent: since `atMs`.
   */
  readonly sinceMs?: number;
}

/** left: not done, and the text says why. paused: not done, since a person has asked for hands off. */
type FailoverPhase = 'moving' | 'moved' | 'left' | 'paused';

export interface FailedOverService {
  /** `shop/checkout`. */
  readonly service: string;
  readonly cluster: string;
  readonly phase: FailoverPhase;
  readonly text: string;
  /** Do the Envoys follow? Absent: nobody has looked yet. */
  readonly proof?: VerifyRoutingResult['result'];
}

export interface WatchMeshStatus {
  /** '' = not known yet. */
  readonly mesh: string;
  readonly failover: 'auto' | 'ask' | 'off';
  readonly clusters: readonly WatchedCluster[];
  /** Of the last failover of each cluster. */
  readonly services: readonly FailedOverService[];
}

/** The update `failOver`: a person says that the cluster is lost. */
export interface FailOverAsked {
  readonly cluster: string;
  /** Who and why; shown in the evidence. */
  readonly reason: string;
  /** Services that are paused are moved, too. Absent: they are left as they are. */
  readonly despitePauses?: true;
}

export interface FailOverAnswer {
  readonly judgement: Judgement;
  readonly text: string;
  /** Its calls were moved before that, ms since the epoch; 0 = they were not. */
  readonly movedAtMs: number;
}

export interface WatchClustersInput {
  readonly mesh: string;
  readonly clusters: readonly ClusterRef[];
  readonly services: readonly ServiceRef[];
  /** What was told of each cluster last: it returns with what is new to that. */
  readonly told: readonly Omit<WatchedCluster, 'text'>[];
  /** A person says that this one is lost: it returns within seconds with what the evidence says to that. Absent: nobody. */
  readonly person?: string;
}

export interface WatchClustersResult {
  readonly news: readonly Omit<WatchedCluster, 'movedAtMs'>[];
  /** Clusters whose API servers answer. */
  readonly answering: readonly string[];
}

export interface FailOverInput {
  readonly service: ServiceRef;
  readonly lost: string;
  /** Those that answer: records are read there, and written of the clients that call what is lost. */
  readonly clusters: readonly ClusterRef[];
  /** spec.failover; empty: all that answer already, in proportion. */
  readonly failover: readonly string[];
  /** When it was found lost, ms since the epoch. */
  readonly atMs: number;
  /** A person has said that pauses do not hold it up. Absent: they do. */
  readonly despitePauses?: true;
  /** What is known of the load. Absent: nothing; then it is shared out as it was. */
  readonly load?: FailoverLoad;
}

export interface FailoverLoad {
  /** spec.ratePerReplica. */
  readonly ratePerReplica: number;
  /** Before the loss; empty: not measured. */
  readonly flows: readonly Flow[];
}

export interface FailOverResult {
  readonly clients: readonly FailedOverClient[];
  /** Calls a second that are moved, and how much of that is above the room of those who take them. Absent: not known. */
  readonly carried?: { readonly perSecond: number; readonly shortBy: number };
}

export interface FailedOverClient {
  readonly cluster: string;
  /** unchanged: it calls the lost cluster no more. paused: a person has asked for hands off. */
  readonly action: 'configured' | 'unchanged' | 'failed' | 'paused';
  /** Where its calls go; empty where that is not known. */
  readonly shares: Shares;
  /** Why it failed, or who has paused it; '' = neither. */
  readonly failed: string;
  /** What its Envoys must show. Absent: nothing was written, or by an older worker. */
  readonly wrote?: Pick<VerifyTarget, 'weights' | 'withdrawn' | 'writtenAtMs'>;
}
