/** What all judges say in the same words: who counted, what is wrong with the counts, and the totals beside a verdict. */
import type { JudgeInput, StratumCounts } from './judge.ts';
import type { Slo } from './settings.ts';
import type { SloReading } from './slo-reading.ts';
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
