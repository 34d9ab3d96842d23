/** What is judged, and how: objectives and the settings of the judges, as a plan holds them. */

import type { RpcCode } from './rpc-codes.ts';

/** A resolved objective. `bad / total` must stay at or below 1 - target. */
export interface Slo {
  readonly name: string;
  /** server: OpenTelemetry server metrics of the pods. envoy: the client's Envoy's view of the subset. */
  readonly source: 'server' | 'envoy';
  /** Which conventions the server's metrics follow, and what Envoy counts: HTTP status, or that of gRPC. Default: http. */
  readonly protocol?: 'http' | 'rpc';
  /** Of RPC: the status codes that are bad. Missing: those of rpc-codes.ts. */
  readonly badCodes?: readonly RpcCode[];
  /** Routes of probes (`http.route`), which no caller asks for and nothing counts. Missing: the usual ones (probes.ts). */
  readonly probeRoutes?: readonly string[];
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
