/** What a rollout works from. A plan is complete: the workflow reads no config and does not plan again. */
import type { ConfigOrigin } from '../../config/places/origin.ts';
import type { MetricsKind } from '../../judge/series/metrics-ref.ts';
import type { Slo, JudgeSettings } from '../../judge/settings.ts';
import type { ClusterRef } from '../../kube/cluster-ref.ts';
import type { Owner, TopologyPatch } from '../../routing/changes.ts';
import type { NewestByCluster } from '../../routing/newest-proven.ts';
import type { Part } from '../../routing/part.ts';
import type { Frontend, L7Policy, Mark, StickyRoute, VersionShares } from '../../routing/record.ts';
import type { ServiceRef } from '../../routing/service-ref.ts';
import type { Shares } from '../../values/share.ts';
import type { BeforeJob } from '../../workload/before/before-job.ts';
import type { CapacityMode } from '../../workload/capacity/need.ts';
import type { VersionSource } from '../../workload/version-source.ts';
import type { Change } from '../change.ts';
import type { BrokenGlass, WindowsRead } from '../windows.ts';

/** What a step writes, of the part that its plan moves. */
export type PlannedPatch =
  /** versions[X] for the wave's serving clusters X; other entries of the record stay. */
  | { readonly versions: VersionShares; readonly topology?: never }
  /** Per client cluster of the wave. */
  | { readonly topology: Readonly<Record<string, TopologyPatch>>; readonly versions?: never };

export type PlannedStep = PlannedPatch & {
  /** Share of the new version in the wave's serving clusters, ppm. */
  readonly share: number;
  readonly bakeMs: number;
  /** A person must approve after the bake. */
  readonly approve: boolean;
  /** The bake is as long as the evidence takes; bakeMs is its least time. */
  readonly auto?: true;
  /** Asked before the step goes. Absent: nobody is. */
  readonly gate?: PlannedGate;
};

/** Who is asked by a web request. How it is signed is for the worker's own config to say. */
export interface PlannedGate {
  readonly url: string;
  /** An answer that has not come by then is a refusal, ms. */
  readonly timeoutMs: number;
}

/** What a step can show, for one SLO with the sequential judge. */
export interface StepForecast {
  readonly wave: string;
  /** From 1. */
  readonly step: number;
  readonly slo: string;
  /** Time until a version as good as the running one is healthy, s; null: never by itself. */
  readonly healthyS: number | null;
  /** Odds ratio, and the time until that is excluded, s; null: never. */
  readonly tolerance: number;
  readonly clearedS: number | null;
  /** Smallest regression that the step finds, times as many bad requests; null: nothing is compared. */
  readonly findsRatio: number | null;
  /** … as a ratio of bad requests, 0..1. */
  readonly findsBad: number | null;
  /** Bad requests of the running version, 0..1. */
  readonly badRatio: number;
  /** … and what the objective allows. */
  readonly allowed: number;
}

export interface PlannedWave {
  readonly name: string;
  readonly serving: readonly string[];
  /** Client clusters with topology[X] > 0 for some X of the wave: their records are patched. */
  readonly clients: readonly string[];
  /** versions[X] that adds the new version at weight 0: the first of the two writes. Empty: no version enters. */
  readonly enter: VersionShares;
  readonly steps: readonly PlannedStep[];
  /** Clusters that are written at the same time, 1 to 50. Absent: all, by an activity each. */
  readonly atOnce?: number;
  readonly skipped: readonly { readonly cluster: string; readonly reason: string }[];
}

export interface PlannedCapacity {
  readonly mode: CapacityMode;
  /** Pods that all traffic needs, per serving cluster where the version is made; as they were ready when it was planned. */
  readonly pods: Readonly<Record<string, number>>;
}

export interface Plan {
  readonly schema: 1;
  readonly service: ServiceRef;
  /** The part of the records that it moves. Absent: planned by an older worker, which knew the versions only. */
  readonly part?: Part;
  /**
   * Run ids of the open runs of other parts that the plan knows of; '' = none. A run that began since then may call
   * other clusters than the plan says. Absent: planned by an older worker, or a way back, which asks nobody.
   */
  readonly beside?: Readonly<Partial<Record<Part, string>>>;
  readonly kind: Change['kind'];
  /** The version that gets the traffic; for release and restore the proven one. Of another part: what moves, in words. */
  readonly version: string;
  /** Per serving cluster: the version it replaces ('' at adoption: the original Deployment). */
  readonly replaces: Readonly<Record<string, string>>;
  /** Of an adoption: neither a label nor a person says what runs; the pods' own text or their image does. Absent: one of these does. */
  readonly versionBy?: 'pods';
  readonly sources: Readonly<Record<string, VersionSource>>;
  /** An adoption marks the originals, and the settler takes them out. Absent: no adoption, or the run itself does. */
  readonly marksOriginals?: true;
  /** Was the version there before this run: then a failure keeps it for its warm time. */
  readonly existed: boolean;
  /** Epoch of the part that the plan was made from, per cluster with a record. */
  readonly seen: Readonly<Record<string, number>>;
  /** Owner of that part in each record that the plan was made from: what its run may take. Absent: planned by an older worker. */
  readonly owners?: Readonly<Record<string, Owner>>;
  readonly workload: 'managed' | 'external';
  /** Per serving cluster: the client clusters that send calls there. */
  readonly routes: Readonly<Record<string, readonly string[]>>;
  /** By name. Those of older plans say how they are reached, too; workers go by their own config. */
  readonly clusters: Readonly<Record<string, ClusterRef>>;
  /** At adoption: the record's unversioned parts per client cluster. */
  readonly initial: Readonly<Record<string, { frontend: Frontend; topology: Shares; policy: L7Policy }>>;
  /** Clouds of the clusters that it moves: a column of the workflow list. */
  readonly clouds: readonly string[];
  /** Null: no SLO can be judged. Workers ask by their own config; what older plans say of an address is nothing to them. */
  readonly metrics: MetricsKind | null;
  readonly epoch: number;
  /** Before the commit a phase of its own, which can be aborted, writes every last share once more. Absent: an older plan's commit does. */
  readonly confirms?: true;
  /**
   * The new version is watched from its first share in any client cluster on, no share is given to a subset that an Envoy
   * may not know, and a failure in one cluster does not wait for the others. Absent: an older plan's run, as it began.
   */
  readonly withoutGap?: true;
  /**
   * When callers past Envoy follow, wave by wave: as its last step, watched like the others; or before its shares move, as
   * to a version that was proven before. Absent: all together at the commit, as in an adoption and in older plans.
   */
  readonly pins?: 'last' | 'first';
  /**
   * Jobs that must succeed in each serving cluster of a wave, one after the other, between its entry and its first share;
   * until that a header route leads to the version. Absent: none, or an older plan.
   */
  readonly before?: readonly BeforeJob[];
  /** Whose requests reach the version from its entry to the commit, whatever its share. Absent: nobody's, or an older plan. */
  readonly testers?: Mark;
  /** How users are kept on their arm until the commit. Absent: they are not, or an older plan. */
  readonly sticky?: Omit<StickyRoute, 'version'>;
  /**
   * Both versions have the pods for each share, and to go back from it: asked for before every step but a wave's first,
   * which is made ready with the version. Absent: an older plan's run, or nothing gets a share.
   */
  readonly capacity?: PlannedCapacity;
  /**
   * Freeze windows hold steps forward; these are the ones that were closed when it was planned, and they are read anew before
   * each step. Absent: there were none, they hold nothing of it (a way back, a broken glass), or an older plan.
   */
  readonly windows?: WindowsRead;
  /** Why windows hold nothing of it. Absent: nobody has broken the glass. */
  readonly breakGlass?: BrokenGlass;
  readonly waves: readonly PlannedWave[];
  readonly slos: readonly Slo[];
  readonly judge: JudgeSettings;
  readonly progressDeadlineMs: number;
  /** Counts of this long after a weight change are not judged (hard stops are), ms. */
  readonly warmUpMs: number;
  /** How long the replaced version stays ready after promotion, ms. */
  readonly warmMs: number;
  /** How long `unknown` may hold a step before a person is needed, ms. */
  readonly maxUnknownMs: number;
  readonly onBreach: 'cluster' | 'all';
  /**
   * A drill: nothing is committed, and its end is the way back. Whatever would hold it with traffic moved (no verdict, a freeze
   * window) leads there, too; only a pause of a person holds it. Absent: what moves is meant to stay.
   */
  readonly comesBack?: true;
  readonly drainMs: number;
  readonly configDigest: string;
  /** What the config was read from. Absent: from a directory, or an older plan. */
  readonly configOrigin?: readonly ConfigOrigin[];
  /** Clusters that it goes on without, and why: neither their records nor their pods are touched. Absent: none. */
  readonly absent?: Readonly<Record<string, string>>;
  /** Those of them that nobody asked to leave out: they did not answer. */
  readonly unreached?: readonly string[];
  /** Of a restore: commits that some of the clients have not heard of. Absent: they agree on what is proven. */
  readonly newest?: NewestByCluster;
  /** What the bakes can show at the traffic of the last minutes; missing: not measured. */
  readonly forecasts?: readonly StepForecast[];
  /** What Temporal bills for a million actions, US dollars. Absent: the default. */
  readonly dollarsPerMillionActions?: number;
  /** Names of the Sink documents that hear of the run. Absent: there are none, or an older plan. */
  readonly sinks?: readonly string[];
  /** Facts that the reader of the plan should know: who is not canaried, what is skipped. */
  readonly notes: readonly string[];
}
