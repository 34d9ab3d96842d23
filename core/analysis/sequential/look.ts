/** One look: what both arms have counted since the last one, cut into stretches and added to the evidence. */
import { sumCells } from '../arms.ts';
import type { Arm, Total } from '../arms.ts';
import { noStratumEvidence, nothing, withStretch } from './evidence.ts';
import type { Counts, Evidence, Objective, StratumEvidence, StretchCounts } from './evidence.ts';
import { newCounts, oldCounts, stretches } from './pairs.ts';
import type { Stretch } from './pairs.ts';

export interface Arms {
  readonly newArm: Arm;
  readonly oldArm: Arm;
}

/** What is known of one serving cluster at a look. */
export interface LookStratum {
  readonly cluster: string;
  /** False at a whole share: nobody is left to compare with. */
  readonly compared: boolean;
  /** Counts begin here, ms: the write of the share and the warm-up after it. */
  readonly sinceMs: number;
  /** The objective's own counts. */
  readonly arms: Arms;
  /** Everything that is compared, by edge; has the objective's own edge. */
  readonly edges: Readonly<Record<string, Arms>>;
}

export interface Look {
  readonly strata: readonly LookStratum[];
  /** Usual time between two samples, ms. */
  readonly intervalMs: number;
  /** Shortest stretch of time that is compared, ms. */
  readonly shortestMs: number;
}

export const withLook = (evidence: Evidence, objective: Objective, look: Look): Evidence => ({
  ...evidence,
  strata: {
    ...evidence.strata,
    ...Object.fromEntries(
      look.strata.map((stratum) => {
        const before = evidence.strata[stratum.cluster] ?? noStratumEvidence;
        return [stratum.cluster, withStratum(before, { objective, stratum, look })] as const;
      }),
    ),
  },
});

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
