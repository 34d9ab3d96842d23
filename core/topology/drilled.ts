/**
 * What a drill was expected to do, and what was seen: load of the clusters that stay, and latency of each client. Pure.
 * null is "not known", in every number: nothing is guessed.
 */
import { positiveNames, WHOLE, type Shares } from '../values/share.ts';

/** Calls of one client cluster to one serving cluster. */
export interface Flow {
  readonly client: string;
  readonly serving: string;
  readonly perSecond: number;
  /** As the client's Envoys see it, ms; null: nobody has counted it. */
  readonly meanMs: number | null;
}

/** Of one client cluster: who answers it before a drill, and at its last step. */
export interface Move {
  readonly client: string;
  readonly from: Shares;
  readonly to: Shares;
}

export interface Drilled {
  /** The cluster that is drilled. */
  readonly cluster: string;
  readonly moves: readonly Move[];
  /** Before the drill; empty: not measured. */
  readonly before: readonly Flow[];
  /** While all was moved; empty: not measured. */
  readonly seen: readonly Flow[];
  /** Ready pods per serving cluster. */
  readonly pods: Readonly<Record<string, number>>;
  /** What one pod answers within its objectives, calls a second; null: the Service document does not say. */
  readonly ratePerReplica: number | null;
}

interface SurvivorRow {
  readonly cluster: string;
  /** Calls a second. */
  readonly before: number | null;
  readonly predicted: number | null;
  readonly seen: number | null;
  /** What its pods answer, calls a second. */
  readonly capacity: number | null;
  /** What is predicted above that, calls a second: it would have been shed. */
  readonly shed: number | null;
}

interface ClientRow {
  readonly cluster: string;
  /** Mean latency, ms. */
  readonly before: number | null;
  readonly predicted: number | null;
  readonly seen: number | null;
}

export interface DrillRows {
  readonly survivors: readonly SurvivorRow[];
  readonly clients: readonly ClientRow[];
}

/** held: every service has held every step. failed: one has not. incomplete: one was not begun, the others have held. */
export type DrillOutcome = 'held' | 'failed' | 'incomplete';

export interface DrillReport {
  readonly outcome: DrillOutcome;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** How long all services were moved at the same time, ms; 0 = never. */
  readonly togetherMs: number;
  readonly services: readonly (DrillRows & { readonly service: string })[];
  /** Why numbers are missing; empty = none is. */
  readonly problems: readonly string[];
}

export function drillRows(drilled: Drilled): DrillRows {
  const { moves, before, seen, pods, ratePerReplica, cluster } = drilled;
  const names = new Set(moves.flatMap(({ from, to }) => [...positiveNames(from), ...positiveNames(to)]));
  const survivors = [...names].filter((name) => name !== cluster).toSorted();
  return {
    survivors: survivors.map((name) => {
      const ready = pods[name];
      const capacity = ratePerReplica === null || ready === undefined ? null : ready * ratePerReplica;
      const predicted = predictedLoad(drilled, name);
      return {
        cluster: name,
        ...{ before: loadOf(before, name), predicted, seen: loadOf(seen, name), capacity },
        shed: capacity === null || predicted === null ? null : Math.max(0, predicted - capacity),
      };
    }),
    clients: moves.map(({ client, to }) => ({
      cluster: client,
      before: meanOf(before, client),
      predicted: predictedMs(before, client, to),
      seen: meanOf(seen, client),
    })),
  };
}

const sumOf = (flows: readonly Flow[]): number => flows.reduce((sum, { perSecond }) => sum + perSecond, 0);

const loadOf = (flows: readonly Flow[], serving: string): number | null =>
  flows.length === 0 ? null : sumOf(flows.filter((one) => one.serving === serving));

/** Who moves brings all its calls by its new shares; who does not, those that it sends there anyway. */
function predictedLoad({ before, moves }: Drilled, serving: string): number | null {
  if (before.length === 0) return null;
  const staying = before.filter((one) => one.serving === serving && !moves.some(({ client }) => client === one.client));
  const moved = moves.map(
    ({ client, to }) => (sumOf(before.filter((one) => one.client === client)) * (to[serving] ?? 0)) / WHOLE,
  );
  return moved.reduce((sum, one) => sum + one, sumOf(staying));
}

function meanOf(flows: readonly Flow[], client: string): number | null {
  const own = flows.filter((one) => one.client === client && one.perSecond > 0);
  if (own.length === 0 || own.some(({ meanMs }) => meanMs === null)) return null;
  return own.reduce((sum, { perSecond, meanMs }) => sum + perSecond * (meanMs ?? 0), 0) / sumOf(own);
}

/** As its calls to each of them take now: what more load adds is for the drill to show. */
function predictedMs(before: readonly Flow[], client: string, to: Shares): number | null {
  let mean = 0;
  for (const name of positiveNames(to)) {
    const known = before.find((one) => one.client === client && one.serving === name && one.perSecond > 0)?.meanMs;
    if (known === undefined || known === null) return null;
    mean += ((to[name] ?? 0) / WHOLE) * known;
  }
  return mean;
}
