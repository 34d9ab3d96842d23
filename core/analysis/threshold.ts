/** The `threshold` judge: is an absolute objective broken, kept, or not known to be either. */
import type { SloReading } from '../contract/activities.ts';
import type { JudgeSettings, Slo } from '../contract/plan.ts';
import { sumCells } from './arms.ts';
import type { Arm, Cell, Total } from './arms.ts';
import { binomialUpperTail } from './binomial.ts';
import { chance, ofTotal, percent, seconds } from './wording.ts';

export interface StratumCounts {
  readonly cluster: string;
  readonly newVersion: string;
  /** '' when there is nothing to compare with. */
  readonly oldVersion: string;
  /** Both arms from the share's write (and warm-up) on, at least as far back as the window. */
  readonly newArm: Arm;
  readonly oldArm: Arm;
  /** Both arms over the whole bake. */
  readonly newWhole: Total;
  readonly oldWhole: Total;
  /** When counting began, ms. */
  readonly sinceMs: number;
}

export interface JudgeInput {
  readonly slo: Slo;
  readonly settings: JudgeSettings;
  readonly nowMs: number;
  /** Age from which the newest sample of an arm is no longer fresh, ms. */
  readonly staleMs: number;
  readonly strata: readonly StratumCounts[];
}

/** Shortest look, ms: below it, sampling at 1–2 s leaves nothing to count. */
const SHORTEST_LOOK_MS = 3_000;

/** One reading per stratum, and one over all of them when there are several. */
export const judgeThreshold = (input: JudgeInput): readonly SloReading[] => {
  const readings = input.strata.map((stratum) => judgeStratum(input, stratum));
  return input.strata.length > 1 ? [...readings, judgePooled(input, readings)] : readings;
};

const judgeStratum = (input: JudgeInput, stratum: StratumCounts): SloReading => {
  const found = findBreach(input, [stratum]);
  const { verdict, reason } =
    found === undefined ? judgeWhole(input, stratum) : { verdict: 'breach' as const, reason: found };
  const { note = '' } = stratum.newArm;
  const noted = note === '' ? reason : `${reason} (${note})`;
  return readingOf(input.slo, { cluster: stratum.cluster, verdict, reason: noted, strata: [stratum] });
};

const judgePooled = (input: JudgeInput, readings: readonly SloReading[]): SloReading => {
  const found = findBreach(input, input.strata);
  const open = readings.find((reading) => reading.verdict !== 'healthy');
  const verdict = found !== undefined ? 'breach' : open ? 'unknown' : 'healthy';
  const reason =
    found ?? (open ? `not healthy while ${open.cluster} is not: ${open.reason}` : 'healthy in every cluster');
  return readingOf(input.slo, { cluster: '*', verdict, reason, strata: input.strata });
};

/**
 * Looks at the window and at its youngest half, quarter, …: a fault that begins in mid-bake would else hide behind the
 * good requests before it. alpha is split evenly over the looks, so they cost no false alarms.
 */
const findBreach = (
  { slo, settings, strata: all }: JudgeInput,
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

const looksOf = ({ windowMs, pollMs }: JudgeSettings): readonly number[] => {
  const looks = [windowMs];
  for (let lookMs = windowMs / 2; lookMs >= Math.max(SHORTEST_LOOK_MS, 2 * pollMs); lookMs /= 2) looks.push(lookMs);
  return looks;
};

const firstOf = (cells: readonly Cell[], afterMs: number): number =>
  cells.reduce((first, cell) => (cell.atMs > afterMs ? Math.min(first, cell.fromMs) : first), Number.POSITIVE_INFINITY);

interface Comparison {
  readonly slo: Slo;
  readonly settings: JudgeSettings;
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

const judgeWhole = (
  input: JudgeInput,
  stratum: StratumCounts,
): { readonly verdict: 'healthy' | 'unknown'; readonly reason: string } => {
  const { slo, settings, nowMs } = input;
  const { total, bad } = stratum.newWhole;
  const where = `${stratum.newVersion} in ${stratum.cluster}`;
  const elapsedMs = Math.max(1, nowMs - stratum.sinceMs);
  const unknown = (reason: string) => ({ verdict: 'unknown' as const, reason });
  const trouble = dataTrouble(input, stratum);
  if (trouble !== '') return unknown(trouble);
  if (total === 0) return unknown(`no request of ${where} in ${seconds(elapsedMs)} ${seenBy(slo)}: untested`);
  if (total < settings.minRequests) {
    const waitMs = ((settings.minRequests - total) * elapsedMs) / total;
    return unknown(
      `${total} of the ${settings.minRequests} requests that are needed of ${where} ${seenBy(slo)}: about ${seconds(waitMs)} more`,
    );
  }
  const allowed = 1 - slo.target;
  const counts = `${where} ${failed(slo)} ${ofTotal(bad, total)} requests in ${seconds(elapsedMs)} ${seenBy(slo)}`;
  if (bad <= allowed * total) return { verdict: 'healthy', reason: `${counts}: ${percent(allowed)} are allowed` };
  const good = Math.ceil(bad / allowed - total);
  const waitMs = (good * elapsedMs) / total;
  return unknown(
    `${counts}: more than ${percent(allowed)}, not enough to call it a breach; ${good} good ones (${seconds(waitMs)}) would settle it`,
  );
};

const dataTrouble = ({ slo, nowMs, staleMs }: JudgeInput, stratum: StratumCounts): string => {
  const { newArm, oldArm } = stratum;
  if (newArm.problem !== '') return newArm.problem;
  if (newArm.missing !== '') return newArm.missing;
  const newestMs = newArm.newestMs ?? oldArm.newestMs;
  if (newestMs === null) return `no metrics of ${stratum.newVersion} in ${stratum.cluster} ${seenBy(slo)}`;
  const ageMs = nowMs - newestMs;
  if (ageMs <= staleMs) return '';
  return `the newest numbers of ${stratum.newVersion} in ${stratum.cluster} ${seenBy(slo)} are ${seconds(ageMs)} old`;
};

const seenBy = (slo: Slo): string => (slo.source === 'server' ? 'as its pods count them' : 'as the Envoys count them');

const failed = ({ indicator }: Slo): string =>
  indicator.kind === 'errors' ? 'failed' : `was slower than ${indicator.thresholdS} s for`;

const versionsOf = (strata: readonly StratumCounts[]): string =>
  [...new Set(strata.map((stratum) => stratum.newVersion))].join(', ');

interface ReadingParts extends Pick<SloReading, 'cluster' | 'verdict' | 'reason'> {
  readonly strata: readonly StratumCounts[];
}

const readingOf = (slo: Slo, { cluster, verdict, reason, strata }: ReadingParts): SloReading => {
  const sum = (pick: (stratum: StratumCounts) => number): number =>
    strata.reduce((total, stratum) => total + pick(stratum), 0);
  return {
    slo: slo.name,
    source: slo.source,
    cluster,
    verdict,
    reason,
    newTotal: sum((stratum) => stratum.newWhole.total),
    newBad: sum((stratum) => stratum.newWhole.bad),
    oldTotal: sum((stratum) => stratum.oldWhole.total),
    oldBad: sum((stratum) => stratum.oldWhole.bad),
  };
};
