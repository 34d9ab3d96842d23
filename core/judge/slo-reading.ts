/** What a judge says of one SLO, in one cluster or in all. */

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
  readonly judge?: 'sequential' | 'kayenta' | 'refusals';
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
