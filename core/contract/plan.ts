/** What a rollout works from. A plan is complete: the workflow reads no config and does not plan again. */
import type { Frontend, L7Policy, Shares, VersionShares } from '../routing/record.ts';

export interface ServiceRef {
  readonly mesh: string;
  readonly namespace: string;
  readonly service: string;
  /** Tidegate installation that owns the objects; another one's record is an error. */
  readonly installation: string;
}

/** Where a cluster's API server is found. References only: no credential ever enters a workflow. */
export interface ClusterRef {
  readonly name: string;
  readonly kubeconfig: { readonly path: string; readonly context?: string };
}

/** Where the counts are that versions are judged by. */
export type MetricsRef = PrometheusRef | OtlpRef;

/** The OTLP receiver of the worker that asks. */
export interface OtlpRef {
  readonly kind: 'otlp';
}

export interface PrometheusRef {
  /** Left out everywhere: plans had no other kind once. */
  readonly kind?: 'prometheus';
  /** Base URL of a Prometheus-compatible HTTP API. No credentials in it. */
  readonly url: string;
  /** Name of the environment variable of the worker that holds a bearer token, if one is needed. */
  readonly tokenEnv?: string;
  /** Whose metrics are read, where a backend keeps several tenants apart. Not a secret. */
  readonly tenant?: string;
  /** Header that carries the tenant. Default: X-Scope-OrgID. */
  readonly tenantHeader?: string;
}

/** A resolved objective. `bad / total` must stay at or below 1 - target. */
export interface Slo {
  readonly name: string;
  /** server: OpenTelemetry server metrics of the pods. envoy: the client's Envoy's view of the subset. */
  readonly source: 'server' | 'envoy';
  /** Which conventions the server's metrics follow. Default: http. */
  readonly protocol?: 'http' | 'rpc';
  readonly indicator:
    | { readonly kind: 'errors' }
    | { readonly kind: 'latency'; /** Upper edge of good, in seconds. */ readonly thresholdS: number };
  /** Share of good requests, 0..1, as in OpenSLO `objectives[].target`. */
  readonly target: number;
  /** Judges this SLO instead of the plan's judge. */
  readonly judge?: JudgeSettings;
  /** Judges that run beside it and only report. */
  readonly shadow?: readonly JudgeSettings[];
  /** What it is to the canary of the plan's kayenta judge. */
  readonly kayenta?: KayentaMetric;
}

/** Of a metric of a canary, with the names of Kayenta's canary config. */
export interface KayentaMetric {
  /** Missing: one group of all that name none. */
  readonly groups?: readonly string[];
  /** A failure of this metric fails the canary. */
  readonly critical?: boolean;
  /** false: without data it counts for nothing. Otherwise the canary is unknown until there is data. */
  readonly mustHaveData?: boolean;
}

/** How an SLO is judged. A judge without a type, as in plans of the first version, is a threshold judge. */
export type JudgeSettings = SequentialSettings | ThresholdSettings | KayentaSettings;

export interface SequentialSettings {
  readonly type: 'sequential';
  /** Time between two looks, ms; the judge looks no more often than numbers come. */
  readonly pollMs: number;
  /** Chance of a false breach in a whole rollout, over all SLOs, clusters, steps and looks. */
  readonly alpha: number;
  /** Chance that a version is called healthy that is worse by the tolerance. */
  readonly beta: number;
  /** Odds ratio of bad requests that must be excluded. Missing: 1.5 for errors, 1.25 for slow requests. */
  readonly tolerance?: number;
  /** Odds ratio up to which a version is not worse. Missing: 1 for errors, 1.1 for slow requests. */
  readonly margin?: number;
  /** Requests of the new version in a cluster and bake below which nothing is healthy. */
  readonly minRequests: number;
  /**
   * What healthy takes. either: shown to be no worse than tolerated, or shown to keep the objective while nothing worse is
   * found. comparison: the first only, which takes long where bad requests are rare.
   */
  readonly healthyBy: 'either' | 'comparison';
}

export interface ThresholdSettings {
  readonly type?: 'threshold';
  /** Time between two looks, ms. */
  readonly pollMs: number;
  /** Length of the sliding window that a breach is judged on, ms. */
  readonly windowMs: number;
  /** Requests of the new version below which an SLO is unknown. */
  readonly minRequests: number;
  /** Bad requests below which nothing is a breach. */
  readonly minBad: number;
  /**
   * A look breaches only when that many bad requests have at most this chance under the objective itself. 1: no
   * statistics, the share of bad requests in the window is compared with the objective, as Flagger and Argo Rollouts do.
   */
  readonly alpha: number;
  /** Time between two measurements, ms. Missing: every look measures. */
  readonly intervalMs?: number;
  /** Failed measurements of a whole watch that are tolerated; one more is a breach. Missing: 0. */
  readonly failureLimit?: number;
  /** Failures of the metrics provider in a row that are tolerated; one more ends the watch as unknown. Missing: no limit. */
  readonly consecutiveErrorLimit?: number;
  /** Measurements without enough data that are tolerated; one more ends the watch as unknown. Missing: no limit. */
  readonly inconclusiveLimit?: number;
}

/** Names and meanings as in Kayenta's canary config, for NetflixACAJudge-v1.0. */
export interface KayentaSettings {
  readonly type: 'kayenta';
  /** Time between two looks, ms. */
  readonly pollMs: number;
  /** Time that one point of a series covers, ms. */
  readonly intervalMs: number;
  /** Time between two judgements, ms; each one takes all points so far. */
  readonly analysisIntervalMs: number;
  /** Points with requests, of each arm, below which nothing is judged. */
  readonly minPoints: number;
  /** Which change of the share of bad requests fails. */
  readonly direction: 'increase' | 'decrease' | 'either';
  /** A point without requests is left out, or counts as 0 %. */
  readonly nanStrategy: 'remove' | 'replace';
  readonly outliers: { readonly strategy: 'keep' | 'remove'; readonly factor: number };
  readonly effectSize: {
    /** meanRatio: mean of the new version / mean of the old one. cles: chance that a point of the new one is higher. */
    readonly measure: 'meanRatio' | 'cles';
    /** Least effect that fails as an increase. */
    readonly allowedIncrease: number;
    /** Greatest effect that fails as a decrease. */
    readonly allowedDecrease: number;
    /** What a failure of a critical SLO must reach to fail the canary; a smaller one fails its group alone. Missing: any. */
    readonly criticalIncrease?: number;
    readonly criticalDecrease?: number;
  };
  /** 0..100: healthy from `pass` on, a breach below `marginal`, unknown between them. */
  readonly scores: { readonly pass: number; readonly marginal: number };
  /** Percent of the score by group of SLOs; groups without one share what is left of 100. */
  readonly groupWeights?: Readonly<Record<string, number>>;
}

export type Change =
  | { readonly kind: 'adopt'; readonly version?: string }
  | {
      readonly kind: 'deploy';
      readonly version: string;
      readonly image?: string;
      readonly template?: PodTemplateSource;
    }
  | { readonly kind: 'undo'; readonly version?: string }
  | { readonly kind: 'release' }
  | { readonly kind: 'restore' };

/** A pod template from a file of the config, inline after loading. */
export interface PodTemplateSource {
  readonly podTemplate: unknown;
}

export interface PlannedStep {
  /** Share of the new version in the wave's serving clusters, ppm. */
  readonly share: number;
  readonly bakeMs: number;
  /** A person must approve after the bake. */
  readonly approve: boolean;
  /** The bake is as long as the evidence takes; bakeMs is its least time. */
  readonly auto?: true;
  /** versions[X] for the wave's serving clusters X; other entries of the record stay. */
  readonly versions: VersionShares;
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
  /** versions[X] that adds the new version at weight 0: the first of the two writes. */
  readonly enter: VersionShares;
  readonly steps: readonly PlannedStep[];
  readonly skipped: readonly { readonly cluster: string; readonly reason: string }[];
}

/** What a version is made from, per serving cluster. */
export interface VersionSource {
  /** Deployment to copy the template from. */
  readonly deployment: string;
  readonly image?: string;
  readonly podTemplate?: unknown;
}

export interface Plan {
  readonly schema: 1;
  readonly service: ServiceRef;
  readonly kind: Change['kind'];
  /** The version that gets the traffic; for release and restore the proven one. */
  readonly version: string;
  /** Per serving cluster: the version it replaces ('' at adoption: the original Deployment). */
  readonly replaces: Readonly<Record<string, string>>;
  readonly sources: Readonly<Record<string, VersionSource>>;
  /** Was the version there before this run: then a failure keeps it for its warm time. */
  readonly existed: boolean;
  /** Epoch of the versions part that the plan was made from, per cluster with a record. */
  readonly seen: Readonly<Record<string, number>>;
  readonly workload: 'managed' | 'external';
  /** Per serving cluster: the client clusters that send calls there. */
  readonly routes: Readonly<Record<string, readonly string[]>>;
  readonly clusters: Readonly<Record<string, ClusterRef>>;
  /** At adoption: the record's unversioned parts per client cluster. */
  readonly initial: Readonly<Record<string, { frontend: Frontend; topology: Shares; policy: L7Policy }>>;
  /** Clouds of the clusters that it moves: a column of the workflow list. */
  readonly clouds: readonly string[];
  readonly metrics: MetricsRef | null;
  readonly epoch: number;
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
  readonly drainMs: number;
  readonly configDigest: string;
  /** What the bakes can show at the traffic of the last minutes; missing: not measured. */
  readonly forecasts?: readonly StepForecast[];
  /** Facts that the reader of the plan should know: who is not canaried, what is skipped. */
  readonly notes: readonly string[];
}
