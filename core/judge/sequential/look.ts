/** One look: what both arms have counted since the last one, cut into stretches and added to the evidence. */
import { plusTotal, sumCells, type Arm, type Cell, type Total } from '../arms/arms.ts';
import { withBucket } from './burn-rate.ts';
import { priorOf, type Dispersion } from './dispersion.ts';
import {
  clusterPart,
  noComparison,
  noStratumEvidence,
  nothing,
  withStretch,
  type Counts,
  type Evidence,
  type Objective,
  type StratumEvidence,
  type StretchCounts,
} from './evidence.ts';
import { newCounts, oldCounts, stretches, type Stretch } from './pairs.ts';

export interface Arms {
  readonly newArm: Arm;
  readonly oldArm: Arm;
}

/** What is known of one serving cluster at a look. */
export interface LookStratum {
  readonly cluster: string;
  /** False where the new version's counts have a problem: there is nothing to add. */
  readonly known: boolean;
  /** False at a whole share: nobody is left to compare with. */
  readonly compared: boolean;
  /** Counts begin here, ms: the write of the share and the warm-up after it. */
  readonly sinceMs: number;
  /** The objective's own counts. */
  readonly arms: Arms;
  /** Everything that is compared, by edge; has the objective's own edge. */
  readonly edges: Readonly<Record<string, Arms>>;
  /** The old version's pods before the share was written, by edge; used at the first look at a cluster only. */
  readonly history: Readonly<Record<string, Arm['pods']>>;
}

export interface Look {
  readonly strata: readonly LookStratum[];
  /** Usual time between two samples, ms. */
  readonly intervalMs: number;
  /** Shortest stretch of time that is compared, ms. */
  readonly shortestMs: number;
}

export const withLook = (evidence: Evidence, objective: Objective, look: Look): Evidence => {
  const first = firstOf(evidence, look);
  const seen = look.strata.map((stratum) => {
    const before = evidence.strata[stratum.cluster] ?? seeded(stratum, look);
    const own = ofCluster(objective, stratum.cluster, first);
    const after = stratum.known ? withStratum(before, { objective: own, stratum, look }) : before;
    return { cluster: stratum.cluster, before, after };
  });
  return {
    ...evidence,
    ...(first.length > 0 ? { first } : {}),
    strata: { ...evidence.strata, ...Object.fromEntries(seen.map(({ cluster, after }) => [cluster, after])) },
    spent: seen.reduce((spent, { before, after }) => {
      const [from, to] = [before.absolute.whole, after.absolute.whole];
      const more = { atMs: after.toMs ?? 0, total: to.total - from.total, bad: to.bad - from.bad };
      return more.total === 0 ? spent : withBucket(spent, more);
    }, evidence.spent),
  };
};

/** Evidence that an older worker began goes on with equal parts. */
const firstOf = (evidence: Evidence, { strata }: Look): readonly string[] =>
  evidence.first ?? (Object.keys(evidence.strata).length > 0 ? [] : strata.map(({ cluster }) => cluster));

/** A cluster that may bet more needs less, and one that may bet less needs more. */
const ofCluster = (objective: Objective, name: string, first: readonly string[]): Objective => {
  const { clusters: of, enough } = objective;
  return { ...objective, enough: enough - Math.log(of * clusterPart(name, { first, of })) };
};

/** What the old version did before the first share tells how far its requests fail in bursts. */
const seeded = ({ history, sinceMs }: LookStratum, { intervalMs, shortestMs }: Look): StratumEvidence => ({
  ...noStratumEvidence,
  comparisons: Object.fromEntries(
    Object.entries(history).map(([edge, pods]) => [
      edge,
      {
        ...noComparison,
        dispersion: dispersionOf(pods, { untilMs: sinceMs, stepMs: Math.max(intervalMs, shortestMs) }),
      },
    ]),
  ),
});

const dispersionOf = (pods: Arm['pods'], { untilMs, stepMs }: { untilMs: number; stepMs: number }): Dispersion => {
  const steps = stepMs > 0 ? pods.map((cells) => inSteps(cells, { untilMs, stepMs })) : [];
  const longest = Math.max(0, ...steps.map(({ length }) => length));
  const alike: (readonly Total[])[] = [];
  let younger: readonly Total[] = [];
  for (let step = 0; step < longest; step++) {
    const busy = steps.flatMap((pod) => pod[step] ?? []).filter(({ total }) => total > 0);
    // A single pod is compared with itself.
    alike.push(busy.length === 1 && younger.length === 1 ? [...busy, ...younger] : busy);
    younger = busy;
  }
  return priorOf(alike);
};

/** By how many steps before `untilMs` they ended; without counts, a hole. */
const inSteps = (cells: readonly Cell[], { untilMs, stepMs }: { untilMs: number; stepMs: number }): Total[] => {
  const found: Total[] = [];
  for (const { atMs, total, bad } of cells) {
    if (atMs > untilMs) continue;
    const step = Math.floor((untilMs - atMs) / stepMs);
    found[step] = plusTotal(found[step] ?? nothing, { total, bad });
  }
  return found;
};

interface OfStratum {
  readonly objective: Objective;
  readonly stratum: LookStratum;
  readonly look: Look;
}

const withStratum = (before: StratumEvidence, { objective, stratum, look }: OfStratum): StratumEvidence => {
  const { compared, arms, sinceMs } = stratum;
  // Without an old arm the new one's own instants are all there is.
  const found = stretches({
    ...(compared ? arms : { newArm: arms.newArm, oldArm: arms.newArm }),
    afterMs: Math.max(sinceMs, before.toMs ?? sinceMs),
    intervalMs: look.intervalMs,
    shortestMs: look.shortestMs,
  });
  return found.reduce((evidence, stretch) => {
    const count = (of: Arms): Counts => countsOf(of, { stretch, compared, intervalMs: look.intervalMs });
    const counts: StretchCounts = {
      toMs: stretch.atMs,
      own: count(arms),
      edges: Object.fromEntries(Object.entries(stratum.edges).map(([edge, of]) => [edge, count(of)])),
    };
    return withStretch(evidence, objective, counts);
  }, before);
};

interface Cut {
  readonly stretch: Stretch;
  readonly compared: boolean;
  readonly intervalMs: number;
}

const countsOf = ({ newArm, oldArm }: Arms, { stretch, compared, intervalMs }: Cut): Counts => {
  const arms = (compared ? [newArm, oldArm] : [newArm]).map(({ pods }) => busyIn(pods, stretch));
  return {
    newer: newCounts(newArm.cells, stretch),
    ...(compared ? oldCounts(oldArm.cells, stretch) : { kind: nothing, harsh: nothing }),
    alike: arms
      .filter((busy) => busy.length > 1 && areAtOnce(busy, intervalMs))
      .map((busy) => busy.map(({ total }) => total)),
    unalike: arms
      .filter((busy) => busy.length === 1 || !areAtOnce(busy, intervalMs))
      .map((busy) =>
        busy.length > 1 ? busy.map(({ total }) => total) : withNeighbour(busy[0]?.cells ?? [], { stretch, intervalMs }),
      ),
  };
};

interface Busy {
  readonly cells: readonly Cell[];
  readonly total: Total;
  /** When its counts of the stretch end, ms. */
  readonly endMs: number;
}

const busyIn = (pods: Arm['pods'], { fromMs, atMs }: Stretch): readonly Busy[] =>
  pods
    .map((cells) => ({
      cells,
      total: sumCells(cells, fromMs, atMs),
      endMs: cells.findLast((cell) => cell.atMs <= atMs)?.atMs ?? fromMs,
    }))
    .filter(({ total }) => total.total > 0);

/** Instants of processes that differ by no more than this part of the interval are the same. */
const AT_ONCE = 0.1;

/** What begins between the instants of two processes is seen by one of them only: that is no burst. */
const areAtOnce = (busy: readonly Busy[], intervalMs: number): boolean => {
  const ends = busy.map(({ endMs }) => endMs);
  return Math.max(...ends) - Math.min(...ends) <= AT_ONCE * intervalMs;
};

/** Intervals of a process in a stretch, from the one before on. */
const withNeighbour = (
  cells: readonly Cell[],
  { stretch: { fromMs, atMs }, intervalMs }: { stretch: Stretch; intervalMs: number },
): readonly Total[] => cells.filter((cell) => cell.atMs > fromMs - intervalMs && cell.atMs <= atMs);
