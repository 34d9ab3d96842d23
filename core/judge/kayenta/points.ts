/** Counts → points: the share of bad requests of each arm, one point per interval of time. */
import { sumCells, type Arm } from '../arms/arms.ts';
import type { StratumCounts } from '../judge.ts';

/** Requests and bad ones of the new version, then of the old one, in one interval. */
type PointCounts = readonly [newTotal: number, newBad: number, oldTotal: number, oldBad: number];

export interface Points {
  /** Start of the first interval, ms. */
  readonly originMs: number;
  /** Intervals that are over, of which the newest are kept. */
  readonly closed: number;
  readonly kept: readonly PointCounts[];
}

/** Points kept per arm: three hours of minutes. A regression shows in far fewer; older ones only slow it down. */
export const MAX_POINTS = 180;

interface Clock {
  readonly nowMs: number;
  readonly staleMs: number;
  readonly intervalMs: number;
}

/** Adds the intervals that are over. One that both arms are known of is; else it is after staleMs, with what there is. */
export const addPoints = (
  { originMs, closed, kept }: Points,
  { newArm, oldArm }: StratumCounts,
  { nowMs, staleMs, intervalMs }: Clock,
): Points => {
  const knownToMs = Math.min(newestOf(newArm), newestOf(oldArm));
  const toMs = Math.min(nowMs, Math.max(knownToMs, nowMs - staleMs));
  const over = Math.max(closed, Math.floor((toMs - originMs) / intervalMs));
  const added: PointCounts[] = [];
  for (let i = Math.max(closed, over - MAX_POINTS); i < over; i++) {
    const [fromMs, untilMs] = [originMs + i * intervalMs, originMs + (i + 1) * intervalMs];
    const mine = usable(newArm, fromMs, untilMs);
    const theirs = usable(oldArm, fromMs, untilMs);
    added.push([mine.total, mine.bad, theirs.total, theirs.bad]);
  }
  return { originMs, closed: over, kept: [...kept, ...added].slice(-MAX_POINTS) };
};

/** In percent, as Kayenta's users have them: its root search is exact to 1e-4 of whatever the unit is. NaN: no request. */
export const seriesOf = ({ kept }: Points): { readonly experiment: number[]; readonly control: number[] } => ({
  experiment: kept.map(([total, bad]) => percentOf(total, bad)),
  control: kept.map(([, , total, bad]) => percentOf(total, bad)),
});

const percentOf = (total: number, bad: number): number => (total > 0 ? (100 * bad) / total : NaN);

/** Points with requests, of the arm that has fewer. */
export const pointsWithData = ({ kept }: Points): number =>
  Math.min(kept.filter(([total]) => total > 0).length, kept.filter(([, , total]) => total > 0).length);

const newestOf = ({ newestMs }: Arm): number => newestMs ?? Number.NEGATIVE_INFINITY;

const usable = ({ cells, problem }: Arm, fromMs: number, untilMs: number): { total: number; bad: number } =>
  problem === '' ? sumCells(cells, fromMs, untilMs) : { total: 0, bad: 0 };
