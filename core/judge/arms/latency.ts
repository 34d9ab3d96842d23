/**
 * Requests slower than an edge, from cumulative buckets. Classic and native histograms arrive alike: one series per
 * edge, `le`, and +Inf. Only what every histogram of an arm has as an edge can be counted; nothing is interpolated.
 */
import {
  armOf,
  newestOf,
  ofEnvoyArm,
  ofServerArm,
  oldestNewest,
  sharedTo,
  silentClients,
  type Arm,
  type EnvoyArm,
  type ServerArm,
} from './arms.ts';
import { present } from '../../values/json.ts';
import { perSecond } from '../series/conventions.ts';
import type { Counted, CountedSeries } from '../series/counters.ts';

/** The histograms of an arm: one per process and set of attributes. */
export interface Histograms {
  readonly counted: Counted;
  /** By edge in seconds, +Infinity included. */
  readonly list: readonly ReadonlyMap<number, CountedSeries>[];
  readonly newestMs: number | null;
  readonly sharedToMs?: number;
  readonly missing: string;
}

export const serverHistograms = (counted: Counted, of: ServerArm): Histograms => {
  const series = counted.series.filter(ofServerArm(of));
  return { counted, list: byHistogram(series), newestMs: newestOf(series), missing: '' };
};

export const envoyHistograms = (counted: Counted, of: EnvoyArm): Histograms => {
  const series = counted.series.filter(ofEnvoyArm(of));
  return {
    counted,
    list: byHistogram(series),
    newestMs: oldestNewest(series),
    ...sharedTo(series, counted.intervalMs),
    missing: silentClients(series, of),
  };
};

/** Finite edges in seconds, ascending, that all histograms of all these arms have: those that arms can be compared at. */
export const sharedEdges = (
  arms: readonly Histograms[],
): { readonly edgesS: readonly number[]; readonly problem: string } => {
  const all = arms.flatMap(({ list }) => list);
  const [first, ...others] = all;
  const edgesS = [...(first?.keys() ?? [])]
    .filter((edge) => Number.isFinite(edge) && others.every((one) => one.has(edge)))
    .sort((a, b) => a - b);
  const apart = first !== undefined && edgesS.length === 0;
  const odd = arms.flatMap(({ counted }) => counted.problems)[0];
  return { edgesS, problem: odd ?? (apart ? 'the histograms that are compared have no bucket edge in common' : '') };
};

/** Bad: slower than the edge, in seconds. */
export const slowerThan = ({ counted, list, newestMs, sharedToMs, missing }: Histograms, edgeS: number): Arm => {
  const series = list
    .flatMap((one) => [one.get(edgeS), one.get(Number.POSITIVE_INFINITY)])
    .filter((one) => one !== undefined);
  const arm = armOf(counted, {
    series,
    newestMs,
    weigh: (one) => (edgeOf(one) === edgeS ? { total: 0, bad: -1 } : { total: 1, bad: 1 }),
  });
  const problem = arm.problem || troubleOf({ list, cells: arm.cells, edgeS });
  return { ...arm, ...present({ sharedToMs }), missing, problem, cells: problem === '' ? arm.cells : [] };
};

/** Largest difference between an objective and the edge that stands for it, as a share of the objective. */
const NEAR = 0.1;

/** At the objective's own edge, or at the nearest one if it is near enough: native histograms have no edge at 0.1 s. */
const slowerThanObjective = (histograms: Histograms, thresholdS: number): Arm => {
  const { edgesS } = sharedEdges([histograms]);
  if (histograms.list.length === 0 || edgesS.includes(thresholdS)) return slowerThan(histograms, thresholdS);
  const off = (edge: number): number => Math.abs(edge - thresholdS);
  const nearest = edgesS.toSorted((a, b) => off(a) - off(b))[0];
  if (nearest !== undefined && off(nearest) <= NEAR * thresholdS) {
    return {
      ...slowerThan(histograms, nearest),
      note: [
        `counted at ${short(nearest)} s, the bucket edge nearest to ${thresholdS} s`,
        ...(histograms.counted.notes ?? []),
      ].join('; '),
    };
  }
  const instead = nearest === undefined ? '' : `; the nearest is ${short(nearest)} s`;
  const problem = histograms.counted.problems[0] ?? `the histogram has no bucket edge at ${thresholdS} s${instead}`;
  return { ...slowerThan(histograms, thresholdS), problem };
};

export const serverLatencyArm = (counted: Counted, { thresholdS, ...of }: ServerArm & Objective): Arm =>
  slowerThanObjective(serverHistograms(counted, of), thresholdS);

export const envoyLatencyArm = (counted: Counted, { thresholdS, ...of }: EnvoyArm & Objective): Arm =>
  slowerThanObjective(envoyHistograms(counted, of), thresholdS);

interface Objective {
  /** Upper edge of good, seconds. */
  readonly thresholdS: number;
}

const short = (edge: number): string => String(Number(edge.toPrecision(3)));

const troubleOf = ({
  list,
  cells,
  edgeS,
}: {
  list: Histograms['list'];
  cells: Arm['cells'];
  edgeS: number;
}): string => {
  if (list.some((one) => !one.has(edgeS))) return `the histogram has no bucket edge at ${short(edgeS)} s`;
  if (list.some((one) => !one.has(Number.POSITIVE_INFINITY))) return 'the histogram has no bucket +Inf';
  const odd = cells.some(({ total, bad }) => bad < 0 || bad > total);
  return odd ? `the histogram counts more requests up to ${short(edgeS)} s than in all` : '';
};

const byHistogram = (series: readonly CountedSeries[]): Histograms['list'] => {
  const found = new Map<string, Map<number, CountedSeries>>();
  for (const one of series) {
    const edge = edgeOf(one);
    if (Number.isNaN(edge)) continue;
    const key = keyWithoutEdge(one);
    found.set(key, (found.get(key) ?? new Map<number, CountedSeries>()).set(edge, one));
  }
  return [...found.values()];
};

/** Seconds; NaN for a series that is no bucket. */
const edgeOf = ({ labels }: CountedSeries): number => {
  const le = labels['le'] ?? '';
  if (le === '') return Number.NaN;
  return le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le) / perSecond(labels['__name__'] ?? '');
};

const keyWithoutEdge = ({ labels }: CountedSeries): string =>
  JSON.stringify(
    Object.entries(labels)
      .filter(([name]) => name !== 'le')
      .sort(),
  );
