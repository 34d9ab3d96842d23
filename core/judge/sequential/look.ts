/** One look: what both arms have counted since the last one, cut into stretches and added to the evidence. */
import { plusTotal, sumCells, type Arm, type Cell, type Total } from '../arms/arms.ts';
import { withBucket } from './burn-rate.ts';
import { priorOf, type Dispersion } from './dispersion.ts';
import {
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
  const seen = look.strata.map((stratum) => {
    const before = evidence.strata[stratum.cluster] ?? seeded(stratum, look);
    const after = stratum.known ? withStratum(before, { objective, stratum, look }) : before;
    return { cluster: stratum.cluster, before, after };
  });
  return {
    ...evidence,
    strata: { ...evidence.strata, ...Object.fromEntries(seen.map(({ cluster, after }) => [cluster, after])) },
    spent: seen.reduce((spent, { before, after }) => {
      const [from, to] = [before.absolute.whole, after.absolute.whole];
      const more = { atMs: after.toMs ?? 0, total: to.total - from.total, bad: to.bad - from.bad };
      return more.total === 0 ? spent : withBucket(spent, more);
    }, evidence.spent),
  };
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

const countsOf = ({ newArm, oldArm }: Arms, { stretch, compared, intervalMs }: Cut): Counts => ({
  newer: newCounts(newArm.cells, stretch),
  ...(compared ? oldCounts(oldArm.cells, stretch) : { kind: nothing, harsh: nothing }),
  alike: (compared ? [newArm, oldArm] : [newArm]).map((arm) => sideBySide(arm, stretch, intervalMs)),
});

/** Counts that should differ by chance only: of an arm's pods; of a single pod's intervals, from the one before on. */
const sideBySide = ({ pods }: Arm, { fromMs, atMs }: Stretch, intervalMs: number): readonly Total[] => {
  const busy = pods.map((cells) => sumCells(cells, fromMs, atMs)).filter(({ total }) => total > 0);
  if (busy.length > 1) return busy;
  return (pods[0] ?? []).filter((cell) => cell.atMs > fromMs - intervalMs && cell.atMs <= atMs);
};
