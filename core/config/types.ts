/** What config means once it is loaded, checked and completed with defaults. Times in ms, shares in ppm. */
import type { MetricsKind, MetricsRef } from '../judge/series/metrics-ref.ts';
import type { JudgeSettings, Slo } from '../judge/settings.ts';
import type { ClusterRef, ReachableCluster } from '../kube/cluster-ref.ts';
import type { PortProtocol } from '../routing/port-protocol.ts';
import type { L7Policy, Mark, StickyRoute } from '../routing/record.ts';
import type { Shares } from '../values/share.ts';
import type { BeforeJob } from '../workload/before/before-job.ts';
import type { CapacityMode } from '../workload/capacity/need.ts';
import type { DriftPolicy } from '../workload/frontend/drift-policy.ts';
import type { DeploymentMetadata } from '../workload/version-source.ts';
import type { SecretRef } from './events/types.ts';
import type { ConfigOrigin } from './places/origin.ts';

/** `Ref`: names only, as workflows see it; with the access, as a config file has it. */
export interface MeshCluster<Ref extends ClusterRef = ClusterRef> {
  readonly ref: Ref;
  readonly ciliumId: number;
  readonly locality: { readonly cloud: string; readonly region: string; readonly zones: readonly string[] };
  readonly labels: Readonly<Record<string, string>>;
}

/** A freeze window: again and again, or once. */
export type WindowConfig = { readonly name: string; readonly kind: 'allow' | 'deny' } & (
  | { readonly cron: string; readonly durationMs: number; readonly timeZone: string }
  /** ms since the epoch. */
  | { readonly fromMs: number; readonly toMs: number }
);

/** Who is asked before a step, and how the question is signed. */
export interface GateConfig {
  readonly url: string;
  readonly timeoutMs: number;
  /** Two are valid at once while one replaces the other; the request carries a signature of each. */
  readonly secrets: readonly SecretRef[];
}

/** Approvals by signed link. */
export interface ApprovalsConfig {
  /** The first signs; all of them are believed. */
  readonly key: readonly SecretRef[];
  /** Of the front door, as people reach it; without a slash at its end. */
  readonly url: string;
  readonly ttlMs: number;
}

/** A mesh as plans and workflows know it. */
export interface MeshConfig {
  readonly name: string;
  readonly installation: string;
  readonly clusters: readonly MeshCluster[];
  readonly metrics: MetricsKind | null;
  /** What is done about a cluster that is lost. Absent: nothing by itself (`off`). */
  readonly failover?: 'auto' | 'ask';
  /** What Temporal bills for a million actions, US dollars. Absent: the default. */
  readonly dollarsPerMillionActions?: number;
}

/** How a worker gets the credentials for a registry of images; never a value of them. */
export interface RegistryAccess {
  /** `ghcr.io`, with the port where it is not 443. */
  readonly host: string;
  /** Names of environment variables, or path of a docker config file. Absent: none are needed. */
  readonly credentials?: { readonly usernameEnv: string; readonly passwordEnv: string } | { readonly file: string };
}

/** A mesh with the ways to reach its clusters and its metrics. It stays with whoever has read it. */
export interface ReachableMesh extends MeshConfig {
  /** Freeze windows of every service. Absent: none. */
  readonly windows?: readonly WindowConfig[];
  /** Absent: no links are made, and none is believed. */
  readonly approvals?: ApprovalsConfig;
  readonly clusters: readonly MeshCluster<ReachableCluster>[];
  readonly metrics: MetricsRef | null;
  /** Absent: none of them needs credentials. */
  readonly registries?: readonly RegistryAccess[];
}

export interface WaveStep {
  readonly share: number;
  readonly bakeMs: number;
  readonly approve: boolean;
  /** The bake is as long as the evidence takes; bakeMs is its least time. */
  readonly auto?: true;
  /** Asked before the step goes. Absent: nobody is. */
  readonly gate?: Pick<GateConfig, 'url' | 'timeoutMs'>;
}

export interface WaveConfig {
  readonly name: string;
  /** Names of serving clusters, already selected from the mesh, in the mesh's order. */
  readonly clusters: readonly string[];
  readonly steps: readonly WaveStep[];
  /** Clusters that are written at the same time. Absent: as many as Tidegate can. */
  readonly atOnce?: number;
}

/** … without what only a rollout can say of it. */
export type StickySettings = Omit<StickyRoute, 'version' | 'token'>;

export interface ServiceConfig {
  readonly name: string;
  readonly namespace: string;
  readonly mesh: string;
  /** Port of the frontend Service: name or number as a string; '' = its only port. */
  readonly port: string;
  /** What that port speaks. Absent: what the Service says of it. */
  readonly protocol?: PortProtocol;
  readonly workload: 'managed' | 'external';
  /** Pod template file's content, if a deploy takes it from a file. */
  readonly podTemplate?: unknown;
  /** Labels and annotations of the Deployments that are made. */
  readonly deployment?: DeploymentMetadata;
  /** Each version has ConfigMaps and Secrets of its own. Absent: versions share them. */
  readonly config?: 'copy';
  /** Pods that Tidegate makes tell OpenTelemetry their version by an environment variable. Absent: what the template says. */
  readonly serviceVersion?: 'env';
  /** Per client cluster the share of each serving cluster; null = every cluster answers its own calls. */
  readonly topology: Readonly<Record<string, Shares>> | null;
  /** Serving clusters that take the calls of one that is drained, the first that can. Absent: all that answer already, in proportion. */
  readonly failover?: readonly string[];
  /** What one pod answers within its objectives, requests per second. Absent: not known. */
  readonly ratePerReplica?: number;
  readonly policy: L7Policy;
  /** Whose requests reach a new version from its entry on. Absent: nobody's. */
  readonly testers?: Mark;
  /** How a rollout keeps users on their arm. Absent: each request is sent by itself. */
  readonly sticky?: StickySettings;
  readonly waves: readonly WaveConfig[];
  /** Least time that a wave of an adoption is watched, ms. Missing: from an older worker; then as the wave's first step. */
  readonly adoptBakeMs?: number;
  readonly progressDeadlineMs: number;
  /** Pods of the new version before each share. Absent: from an older worker; then `full`. */
  readonly capacity?: CapacityMode;
  readonly warmUpMs: number;
  readonly warmMs: number;
  readonly maxUnknownMs: number;
  readonly onBreach: 'cluster' | 'all';
  readonly drainMs: number;
  /** Jobs before the first share of each wave, in their order. Absent: none. */
  readonly before?: readonly BeforeJob[];
  /** What becomes of a frontend that somebody has changed. Absent: from an older worker; then `repair`. */
  readonly drift?: DriftPolicy;
  readonly slos: readonly Slo[];
  readonly judge: JudgeSettings;
  /** Of this service, beside those of its mesh. They stay with whoever has read them: histories have instants. */
  readonly windows?: readonly WindowConfig[];
  /** All gates of its steps, with their secrets' places; these, too, stay where they were read. */
  readonly gates?: readonly GateConfig[];
}

export interface LoadedConfig<M extends MeshConfig = MeshConfig> {
  readonly mesh: M;
  readonly service: ServiceConfig;
  /** sha256 of the resolved documents. */
  readonly digest: string;
  /** What the mesh and the service were read from. Absent: from a directory, or an older worker. */
  readonly origin?: readonly ConfigOrigin[];
  /** Names of the Sink documents. Absent: there are none. */
  readonly sinks?: readonly string[];
  /** What a way back has passed over in the files; absent: nothing. */
  readonly notes?: readonly string[];
  /** The mesh or the service has freeze windows: `readWindows` tells them. Absent: neither has, or an older worker. */
  readonly windowed?: true;
}

export type ReachableConfig = LoadedConfig<ReachableMesh>;
