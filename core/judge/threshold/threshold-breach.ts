/** What the threshold judge calls bad: too many bad requests in the window for the objective, and not by chance. */
import { sumCells, type Cell } from '../arms/arms.ts';
import type { JudgeInput, StratumCounts } from '../judge.ts';
import { failed, seenBy, versionsOf } from '../reading.ts';
import type { Slo, ThresholdSettings } from '../settings.ts';
import { binomialUpperTail } from '../statistics/binomial.ts';
import { chance, ofTotal, percent, seconds } from '../wording.ts';

/** Shortest look, ms: below it, sampling at 1–2 s leaves nothing to count. */
const SHORTEST_LOOK_MS = 3_000;

/**
 * Looks at the window and at its youngest half, quarter, …: a fault that begins in mid-bake would else hide behind the
 * good requests before it. alpha is split evenly over the looks, so they cost no false alarms.
 */
export const findBreach = (
  { slo, settings, strata: all }: JudgeInput<ThresholdSettings>,
  strata: readonly StratumCounts[],
): string | undefined => {
  const cells = strata.flatMap((stratum) => (stratum.newArm.problem === '' ? stratum.newArm.cells : []));
  const endMs = cells.reduce((latest, cell) => Math.max(latest, cell.atMs), 0);
  const looks = looksOf(settings);
  const allowed = 1 - slo.target;
  for (const lookMs of looks) {
    const { total, bad } = sumCells(cells, endMs - lookMs);
    if (bad < settings.minBad || bad <= allowed * total) continue;
    const p = binomialUpperTail(bad, total, allowed);
    if (p > settings.alpha / looks.length) continue;
    const where = strata.length === all.length && all.length > 1 ? 'over all clusters' : `in ${strata[0]?.cluster}`;
    const spanMs = endMs - Math.max(endMs - lookMs, firstOf(cells, endMs - lookMs));
    return (
      `${versionsOf(strata)} ${where} ${failed(slo)} ${ofTotal(bad, total)} requests in ${seconds(spanMs)} ${seenBy(slo)}: ` +
      `${percent(allowed)} are allowed, chance ${chance(p)}${comparison({ slo, settings, lookMs, endMs, strata })}`
    );
  }
  return undefined;
};

const looksOf = ({ windowMs, pollMs, intervalMs = pollMs, alpha }: ThresholdSettings): readonly number[] => {
  const looks = [windowMs];
  // A plain comparison is made over the window alone: with several looks the noisiest one would decide.
  if (alpha >= 1) return looks;
  const shortestMs = Math.max(SHORTEST_LOOK_MS, 2 * intervalMs);
  for (let lookMs = windowMs / 2; lookMs >= shortestMs; lookMs /= 2) looks.push(lookMs);
  return looks;
};

const firstOf = (cells: readonly Cell[], afterMs: number): number =>
  cells.reduce((first, cell) => (cell.atMs > afterMs ? Math.min(first, cell.fromMs) : first), Number.POSITIVE_INFINITY);

interface Comparison {
  readonly slo: Slo;
  readonly settings: ThresholdSettings;
  readonly lookMs: number;
  readonly endMs: number;
  readonly strata: readonly StratumCounts[];
}

/** An absolute objective stops also when the old version fails alike, but the reader must know. */
const comparison = ({ slo, settings, lookMs, endMs, strata }: Comparison): string => {
  const olds = strata.filter((stratum) => stratum.oldVersion !== '');
  const name = [...new Set(olds.map((stratum) => stratum.oldVersion))].join(', ');
  if (name === '') return '; there is no old version to compare with';
  const { total, bad } = sumCells(
    olds.flatMap((stratum) => stratum.oldArm.cells),
    endMs - lookMs,
  );
  if (total === 0) return `; ${name} had no requests to compare with`;
  const allowed = 1 - slo.target;
  const alike =
    bad >= settings.minBad && bad > allowed * total && binomialUpperTail(bad, total, allowed) <= settings.alpha;
  return `; ${name} ${failed(slo)} ${ofTotal(bad, total)}${alike ? ', so it breaks the objective as well: the cause may be shared' : ''}`;
};
