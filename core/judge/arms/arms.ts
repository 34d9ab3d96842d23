/** Which counts belong to a version in a serving cluster (an arm), and which of them are bad. */
import type { RpcCode } from '../rpc-codes.ts';
import { isServerError } from '../series/conventions.ts';
import type { Counted, CountedSeries } from '../series/counters.ts';
import { originOf } from '../series/origin.ts';

/** What was counted in (fromMs, atMs]: requests that ended, calls of gRPC that began. */
export interface Cell extends Total {
  readonly fromMs: number;
  readonly atMs: number;
}

export interface Arm {
  /** One per instant of sampling, in order of time. */
  readonly cells: readonly Cell[];
  /** The same counts by process (pod or Envoy), each in order of time. */
  readonly pods: readonly (readonly Cell[])[];
  /** Up to when the arm is known, ms; null: no series at all. */
  readonly newestMs: number | null;
  /**
   * Where the same processes count both arms: every sample until then has been read. Each process is sampled at instants of
   * its own, but both arms at the same, so a comparison may end at any of them; what a process has counted since its
   * own last one goes into the next stretch of both.
   */
  readonly sharedToMs?: number;
  /** Why the counts cannot be used; '' when they can. */
  readonly problem: string;
  /** Who should count as well but is not heard: the counts are true, but not all. '' when all are there. */
  readonly missing: string;
  /** What a reader of the counts should know; left out when there is nothing. */
  readonly note?: string;
}

export const noArm: Arm = { cells: [], pods: [], newestMs: null, problem: '', missing: '' };

export interface Total {
  readonly total: number;
  readonly bad: number;
  /** Those of `total` whose end is known: only they show that a version is healthy. Absent: all. */
  readonly ended?: number;
}

/** Sum of the cells that ended in (afterMs, untilMs]. */
export const sumCells = (cells: readonly Cell[], afterMs: number, untilMs = Number.POSITIVE_INFINITY): Total => {
  let total = 0;
  let bad = 0;
  let open = 0;
  for (const cell of cells) {
    if (cell.atMs <= afterMs || cell.atMs > untilMs) continue;
    total += cell.total;
    bad += cell.bad;
    open += openOf(cell);
  }
  return totalOf({ total, bad }, open);
};

export const plusTotal = (a: Total, b: Total): Total =>
  totalOf({ total: a.total + b.total, bad: a.bad + b.bad }, openOf(a) + openOf(b));

/** What a version can be shown to be healthy by. */
export const endedOf = ({ total, bad, ended = total }: Total): Total => ({ total: ended, bad });

const openOf = ({ total, ended = total }: Total): number => total - ended;

const totalOf = (all: Total, open: number): Total => (open === 0 ? all : { ...all, ended: all.total - open });

/**
 * Cells of a stratum whose share was written at startMs. An interval that began at most one sampling interval earlier
 * is kept: the requests of the new version in it can only be younger than the write.
 */
export const cellsSince = (cells: readonly Cell[], startMs: number, intervalMs: number): readonly Cell[] =>
  cells.filter((cell) => cell.atMs > startMs && cell.fromMs >= startMs - Math.max(intervalMs, 1_000));

export interface ServerArm {
  readonly cluster: string;
  readonly version: string;
  /** Of RPC. Missing: the usual ones. */
  readonly badCodes?: readonly RpcCode[];
}

export const ofServerArm =
  ({ cluster, version }: Omit<ServerArm, 'badCodes'>) =>
  ({ labels }: CountedSeries): boolean =>
    labels['k8s_cluster_name'] === cluster && labels['service_version'] === version;

/** The pods' own view. Bad: a server error by OpenTelemetry's conventions. */
export const serverErrorArm = (counted: Counted, of: ServerArm): Arm => {
  const series = counted.series.filter(ofServerArm(of));
  return armOf(counted, {
    series,
    newestMs: newestOf(series),
    weigh: ({ labels }) => ({ total: 1, bad: isServerError(labels, of.badCodes) ? 1 : 0 }),
  });
};

export interface EnvoyArm {
  readonly stat: string;
  /** Client clusters that send traffic to the subset. */
  readonly clients: readonly string[];
}

/** The client's Envoys' view of a subset, with the answers that Envoy makes itself (503 without a connection, 504). */
export const envoyErrorArm = (counted: Counted, of: EnvoyArm): Arm => {
  const ofSubset = counted.series.filter(ofEnvoyArm(of));
  const arm = armOf(counted, {
    series: ofSubset.filter(({ labels }) => labels['__name__'] === 'envoy_cluster_upstream_rq_xx'),
    newestMs: oldestNewest(ofSubset),
    weigh: ({ labels }) => ({ total: 1, bad: labels['envoy_response_code_class'] === '5' ? 1 : 0 }),
  });
  return { ...arm, ...sharedTo(ofSubset, counted.intervalMs), missing: silentClients(ofSubset, of) };
};

export const ofEnvoyArm =
  ({ stat }: Pick<EnvoyArm, 'stat'>) =>
  ({ labels }: CountedSeries): boolean =>
    labels['envoy_cluster_name'] === stat;

/** Client clusters without a series of the subset, in a sentence; '' when all are there. */
export const silentClients = (ofSubset: readonly CountedSeries[], { stat, clients }: EnvoyArm): string => {
  const silent = clients.filter((client) => !ofSubset.some(({ labels }) => labels['k8s_cluster_name'] === client));
  return silent.length > 0 ? `no metrics of ${stat} from the Envoys of ${silent.join(', ')}` : '';
};

/** How often something was counted for a subset, over all Envoys. */
export const envoyEventArm = (counted: Counted, stat: string, name: string): Arm => {
  const series = counted.series.filter(
    ({ labels }) => labels['envoy_cluster_name'] === stat && labels['__name__'] === `envoy_cluster_${name}`,
  );
  return armOf(counted, { series, newestMs: oldestNewest(series), weigh: () => ({ total: 1, bad: 0 }) });
};

interface ArmOptions {
  readonly series: readonly CountedSeries[];
  readonly newestMs: number | null;
  readonly weigh: (series: CountedSeries) => Total;
}

export const armOf = (counted: Counted, { series, newestMs, weigh }: ArmOptions): Arm => {
  const byPod = new Map<string, CountedSeries[]>();
  for (const one of series) {
    const origin = originOf(one.labels);
    byPod.set(origin, [...(byPod.get(origin) ?? []), one]);
  }
  const pods = [...byPod.values()].map((own) => cellsOf(own, weigh));
  const notes = counted.notes ?? [];
  return {
    cells: cellsOf(series, weigh),
    pods,
    newestMs,
    problem: counted.problems[0] ?? '',
    missing: '',
    ...(notes.length > 0 ? { note: notes.join('; ') } : {}),
  };
};

const cellsOf = (series: readonly CountedSeries[], weigh: ArmOptions['weigh']): readonly Cell[] => {
  const cells = new Map<number, Cell>();
  for (const one of series) {
    const weight = weigh(one);
    for (const { fromMs, atMs, by } of one.increments) {
      const sum = cells.get(atMs) ?? { fromMs, atMs, total: 0, bad: 0 };
      cells.set(atMs, {
        fromMs: Math.min(sum.fromMs, fromMs),
        atMs,
        total: sum.total + by * weight.total,
        bad: sum.bad + by * weight.bad,
      });
    }
  }
  return [...cells.values()].sort((a, b) => a.atMs - b.atMs);
};

/** Pods come and go: an arm is known up to its newest pod's newest sample. */
export const newestOf = (series: readonly CountedSeries[]): number | null =>
  series.length === 0 ? null : Math.max(...series.map((one) => one.newestMs));

/** A sample is not due before so much of the interval has passed since the one before. */
const NOT_DUE = 0.9;

export function sharedTo(series: readonly CountedSeries[], intervalMs: number): Pick<Arm, 'sharedToMs'> {
  const [newestMs, oldestMs] = [newestOf(series), oldestNewest(series)];
  if (newestMs === null || oldestMs === null) return {};
  return { sharedToMs: Math.min(newestMs, oldestMs + NOT_DUE * intervalMs) };
}

/** Envoys stay: an arm is known up to the newest sample of the Envoy that is furthest behind, and has not ended. */
export const oldestNewest = (series: readonly CountedSeries[]): number | null => {
  const perEnvoy = new Map<string, number>();
  const going = series.filter(({ ended }) => ended !== true);
  for (const one of going.length > 0 ? going : series) {
    const origin = originOf(one.labels);
    perEnvoy.set(origin, Math.max(perEnvoy.get(origin) ?? 0, one.newestMs));
  }
  return perEnvoy.size === 0 ? null : Math.min(...perEnvoy.values());
};
