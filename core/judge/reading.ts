/** What all judges say in the same words: who counted, what is wrong with the counts, and the totals beside a verdict. */
import type { JudgeInput, StratumCounts } from './judge.ts';
import type { Slo } from './settings.ts';
import { seconds } from './wording.ts';

/** Why the counts of a stratum are not all there, or not of now; '' when they are. */
export const dataTrouble = (
  { slo, nowMs, staleMs }: Pick<JudgeInput<unknown>, 'slo' | 'nowMs' | 'staleMs'>,
  stratum: StratumCounts,
): string => {
  const { newArm, oldArm } = stratum;
  if (newArm.problem !== '') return newArm.problem;
  if (newArm.missing !== '') return newArm.missing;
  const newestMs = newArm.newestMs ?? oldArm.newestMs;
  if (newestMs === null) return `no metrics of ${stratum.newVersion} in ${stratum.cluster} ${seenBy(slo)}`;
  const ageMs = nowMs - newestMs;
  if (ageMs <= staleMs) return '';
  return `the newest numbers of ${stratum.newVersion} in ${stratum.cluster} ${seenBy(slo)} are ${seconds(ageMs)} old`;
};

export const seenBy = (slo: Slo): string =>
  slo.source === 'server' ? 'as its pods count them' : 'as the Envoys count them';

export const failed = ({ indicator }: Slo): string =>
  indicator.kind === 'errors' ? 'failed' : `was slower than ${indicator.thresholdS} s for`;

export const versionsOf = (strata: readonly StratumCounts[]): string =>
  [...new Set(strata.map((stratum) => stratum.newVersion))].join(', ');

interface ReadingParts extends Pick<SloReading, 'cluster' | 'verdict' | 'reason'> {
  readonly strata: readonly StratumCounts[];
}

export const readingOf = (slo: Slo, { cluster, verdict, reason, strata }: ReadingParts): SloReading => {
  const notes = [...new Set(strata.flatMap(({ newArm }) => newArm.note ?? []))];
  const sum = (pick: (stratum: StratumCounts) => number): number =>
    strata.reduce((total, stratum) => total + pick(stratum), 0);
  return {
    slo: slo.name,
    source: slo.source,
    cluster,
    verdict,
    reason: notes.length === 0 ? reason : `${reason} (${notes.join('; ')})`,
    newTotal: sum((stratum) => stratum.newWhole.total),
    newBad: sum((stratum) => stratum.newWhole.bad),
    oldTotal: sum((stratum) => stratum.oldWhole.total),
    oldBad: sum((stratum) => stratum.oldWhole.bad),
  };
};

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
