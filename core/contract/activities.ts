/** The activities: inputs, results, and the interface that workers implement and workflows call. */
import type { Frontend, L7Policy, RoutingRecord, Shares, VersionShares } from '../routing/record.ts';
import type { ClusterRef, JudgeSettings, MetricsRef, ServiceRef, Slo, VersionSource } from './plan.ts';
import type { LoadedConfig } from '../config/types.ts';

export type Action = 'created' | 'configured' | 'unchanged' | 'skipped';

/** What changed: `kind/name` with the digests before and after ('' = absent). */
export interface ObjectChange {
  readonly object: string;
  readonly action: Action | 'deleted';
  readonly before: string;
  readonly after: string;
}

export interface LoadConfigInput {
  readonly mesh?: string;
  readonly namespace?: string;
  readonly service: string;
}

/** A Deployment that can serve the frontend. */
export interface WorkloadFacts {
  readonly deployment: string;
  /** From the pod template's app.kubernetes.io/version; '' when it has none. */
  readonly version: string;
  /** True when Tidegate made it (labels.managedBy). */
  readonly managed: boolean;
  readonly replicas: number;
  readonly ready: number;
  readonly templateDigest: string;
  /** Who changed the pod template since Tidegate made it, and when; '' or absent: nobody. */
  readonly editedBy?: string;
  readonly image: string;
  /** Name of a HorizontalPodAutoscaler on it, or ''. */
  readonly autoscaler: string;
}

export interface ClusterFacts {
  readonly cluster: string;
  /** '' when reachable; else why not. */
  readonly unreachable: string;
  readonly record: RoutingRecord | null;
  /** null: no such Service in the namespace. */
  readonly frontend:
    | (Frontend & {
        readonly global: boolean;
        readonly affinity: string;
        readonly sessionAffinity: boolean;
        readonly ports: number;
        readonly appProtocol: string;
        /** Version that the selector is pinned to; '' = none. */
        readonly pinned: string;
      })
    | null;
  readonly workloads: readonly WorkloadFacts[];
  /** Objects of others on this Service: "CiliumEnvoyConfig shop/x (manager kubectl, 2026-…)". */
  readonly foreign: readonly string[];
  /** Ingresses, Gateways that dial the pods: not canaried. */
  readonly bypasses: readonly string[];
}

export interface ReadRecordsInput {
  readonly service: ServiceRef;
  readonly clusters: readonly ClusterRef[];
}

export interface ReadRecordsResult {
  readonly clusters: readonly ClusterFacts[];
  /** max(now in ms, 1 + the highest epoch read in any cluster). */
  readonly epoch: number;
}

export interface PrepareVersionInput {
  readonly service: ServiceRef;
  readonly cluster: ClusterRef;
  readonly version: string;
  /** The version it replaces; '' at adoption. */
  readonly replaces: string;
  readonly source: VersionSource;
  readonly workload: 'managed' | 'external';
  readonly progressDeadlineMs: number;
  readonly run: string;
}

export interface PrepareVersionResult {
  readonly deployment: string;
  readonly replicas: number;
  readonly ready: number;
  readonly templateDigest: string;
}

export interface ApplyRoutingInput {
  readonly service: ServiceRef;
  /** The client cluster whose record is patched. */
  readonly cluster: ClusterRef;
  readonly epoch: number;
  readonly run: string;
  /**
   * Entries to set in versions.current. A version that the record names and the entry does not is kept at 0 (warm or
   * draining): only retireVersion takes versions out.
   */
  readonly versions: VersionShares;
  /** At adoption, when the cluster has no record yet: the rest of it. */
  readonly initial?: { readonly frontend: Frontend; readonly topology: Shares; readonly policy: L7Policy };
  /** false: clusters and listener, but no redirect yet (first of the two writes at adoption). Default true. */
  readonly redirect?: boolean;
}

export interface ApplyRoutingResult {
  readonly cluster: string;
  readonly changes: readonly ObjectChange[];
  /** Expected weight by Envoy stat name, ppm. Empty: no redirect, nothing goes through Envoy. */
  readonly weights: Readonly<Record<string, number>>;
  /** Our clock after the API server's answer, ms since the epoch. */
  readonly writtenAtMs: number;
}

export type VerifyMode = 'entered' | 'forward' | 'restored';

export interface VerifyTarget {
  readonly cluster: ClusterRef;
  readonly weights: Readonly<Record<string, number>>;
  readonly writtenAtMs: number;
  /** Stat names that must get no new request (restored). */
  readonly withdrawn: readonly string[];
  /** The run's own write before that one, which a frozen Envoy goes on with; absent: it made none. */
  readonly before?: Pick<ApplyRoutingResult, 'weights' | 'writtenAtMs'>;
}

export interface VerifyRoutingInput {
  readonly service: ServiceRef;
  readonly mode: VerifyMode;
  readonly targets: readonly VerifyTarget[];
  readonly metrics: MetricsRef | null;
  /** How long to look before the answer is `untested` or `contradicted`, ms. */
  readonly timeoutMs: number;
}

export interface InstanceProof {
  readonly cluster: string;
  /** Envoy instance (node); '*' when the metrics name none. */
  readonly instance: string;
  readonly result: 'verified' | 'contradicted' | 'untested';
  /** One sentence with numbers. */
  readonly reason: string;
  readonly requests: number;
}

export interface VerifyRoutingResult {
  /** contradicted if any instance is; else untested if any is; else verified. */
  readonly result: 'verified' | 'contradicted' | 'untested';
  readonly proofs: readonly InstanceProof[];
  readonly verifiedAtMs: number;
}

/** Where the new version runs and what it is compared with. */
export interface WatchStratum {
  readonly serving: string;
  /** Share of the new version there, ppm. */
  readonly share: number;
  readonly newVersion: string;
  readonly oldVersion: string;
  /** Envoy stat names of the subset, as the client clusters' Envoys call it (the same in all). */
  readonly newStat: string;
  readonly oldStat: string;
  /** Clients that send traffic to it. */
  readonly clients: readonly string[];
  /** When the share was written, ms since the epoch: counts start there (after warm-up). */
  readonly sinceMs: number;
}

export interface WatchSloInput {
  readonly service: ServiceRef;
  readonly metrics: MetricsRef;
  readonly strata: readonly WatchStratum[];
  readonly slos: readonly Slo[];
  readonly judge: JudgeSettings;
  readonly warmUpMs: number;
  /** bake: ends with a verdict after bakeMs (unknown only after maxUnknownMs more). guard: ends on a breach only. */
  readonly mode: 'bake' | 'guard';
  readonly bakeMs: number;
  readonly maxUnknownMs: number;
  /** Serving clusters that the rollout will reach in all; missing: those of the strata. */
  readonly clusters?: number;
  /** What the watch before had proven, as its result has it. */
  readonly evidence?: Readonly<Record<string, unknown>>;
}

export type VerdictKind = 'breach' | 'healthy' | 'unknown';

export interface SloReading {
  readonly slo: string;
  readonly source: 'server' | 'envoy';
  /** Serving cluster, or '*' for all strata pooled. */
  readonly cluster: string;
  readonly verdict: VerdictKind;
  readonly reason: string;
  readonly newTotal: number;
  readonly newBad: number;
  readonly oldTotal: number;
  readonly oldBad: number;
  /** The judge; missing: threshold. */
  readonly judge?: 'sequential' | 'kayenta';
  /** Runs beside the judge that decides, and only reports. */
  readonly shadow?: true;
  /** Of the sequential judge. */
  readonly evidence?: ReadingEvidence;
}

export interface ReadingEvidence {
  /** log10 of the e-value against "no worse than the old version, and within the objective". */
  readonly log10E: number;
  /** From this on it is a breach. */
  readonly log10Needed: number;
  /** Odds ratio of bad requests, new : old, that the counts do not exclude (valid at every look); null: no bound. */
  readonly low: number;
  readonly high: number | null;
  /** Bad requests that come at once; 1 = one by one. */
  readonly phi: number;
  /** Seconds until healthy at this traffic; null: not to be foreseen. */
  readonly healthyInS: number | null;
}

export interface WatchSloResult {
  readonly verdict: VerdictKind;
  /** Serving clusters that breach by themselves; empty when only the pooled counts do. */
  readonly breached: readonly string[];
  /** One sentence: numbers, bound, what would change it. */
  readonly reason: string;
  readonly readings: readonly SloReading[];
  /** Timestamp of the earliest sample interval that held a bad request of the new version; null if none. */
  readonly firstBadAtMs: number | null;
  readonly decidedAtMs: number;
  /** For the next watch of the same rollout: one alpha holds for all of them. Only the judge reads it. */
  readonly evidence?: Readonly<Record<string, unknown>>;
}

export interface CommitInput {
  readonly service: ServiceRef;
  readonly cluster: ClusterRef;
  readonly epoch: number;
  readonly run: string;
  /** Serving clusters whose current becomes proven (all of the record's when the rollout promoted everywhere). */
  readonly serving: readonly string[];
  /** Version to pin this cluster's frontend selector to; '' = leave the frontend alone. */
  readonly pin: string;
}

export interface RestoreInput {
  readonly service: ServiceRef;
  readonly cluster: ClusterRef;
  readonly epoch: number;
  readonly run: string;
  /** Serving clusters to restore; empty = all. */
  readonly serving: readonly string[];
}

export interface RestoreResult extends ApplyRoutingResult {
  /** Stat names that were withdrawn: they must get no new request. */
  readonly withdrawn: readonly string[];
}

export interface RetireVersionInput {
  readonly service: ServiceRef;
  /** Every cluster of the mesh that may route to or run the version. */
  readonly clusters: readonly ClusterRef[];
  readonly version: string;
  /** Retire the original Deployment of an adoption, instead of a version's. */
  readonly original?: string;
  readonly drainMs: number;
}

export interface ReleaseInput {
  readonly service: ServiceRef;
  readonly cluster: ClusterRef;
  /**
   * route: pin, past Envoy, drain, without the route. services: remove the subset Services; only once no client cluster
   * routes any more, since other clusters' stubs take their pods from them.
   */
  readonly step: 'route' | 'services';
  readonly epoch: number;
  readonly run: string;
  readonly drainMs: number;
}

export interface ProbeSlosInput {
  readonly service: ServiceRef;
  readonly metrics: MetricsRef;
  readonly slos: readonly Slo[];
  /** Serving clusters that must report. */
  readonly clusters: readonly string[];
}

/** Strata of the running version: `newVersion` and `newStat` are its own, nothing is compared. */
export type MeasureTrafficInput = Pick<WatchSloInput, 'service' | 'metrics' | 'strata' | 'slos' | 'judge'>;

export interface MeasuredTraffic {
  readonly slo: string;
  readonly source: 'server' | 'envoy';
  /** Serving cluster. */
  readonly cluster: string;
  readonly perSecond: number;
  /** Requests in the last minutes, and the bad ones among them. */
  readonly total: number;
  readonly bad: number;
}

export interface FindRunInput {
  readonly workflowId: string;
}

export interface RolloutActivities {
  /** Run id of the open workflow of that id; '' when none is open. */
  findRun(input: FindRunInput): Promise<string>;
  /** One sentence per SLO that cannot be evaluated as things are (metric missing, backend dead); empty = all can. */
  probeSlos(input: ProbeSlosInput): Promise<readonly string[]>;
  /** What the running version does now. `problem`: why that is not known; '' when it is. */
  measureTraffic(
    input: MeasureTrafficInput,
  ): Promise<{ readonly traffic: readonly MeasuredTraffic[]; readonly problem: string }>;
  loadConfig(input: LoadConfigInput): Promise<LoadedConfig>;
  readRecords(input: ReadRecordsInput): Promise<ReadRecordsResult>;
  prepareVersion(input: PrepareVersionInput): Promise<PrepareVersionResult>;
  applyRouting(input: ApplyRoutingInput): Promise<ApplyRoutingResult>;
  verifyRouting(input: VerifyRoutingInput): Promise<VerifyRoutingResult>;
  watchSlo(input: WatchSloInput): Promise<WatchSloResult>;
  commit(input: CommitInput): Promise<readonly ObjectChange[]>;
  restore(input: RestoreInput): Promise<RestoreResult>;
  retireVersion(input: RetireVersionInput): Promise<readonly ObjectChange[]>;
  releaseService(input: ReleaseInput): Promise<readonly ObjectChange[]>;
}
