/**
 * What the old version did before the first share: how far do its requests fail in bursts? Read once, before the first
 * look at a cluster, and further back the less often requests fail.
 */
import { TidegateError } from '../../values/error.ts';
import { sumCells, type Arm } from '../arms/arms.ts';
import { sharedEdges, slowerThan } from '../arms/latency.ts';
import type { OldHistory } from '../judge.ts';
import { LONGEST_RANGE_MS } from '../series/source.ts';
import type { Slo } from '../settings.ts';
import { comparesArms, unseenClusters, type JudgeStates } from './judges.ts';
import {
  armOfSlo,
  histogramsOfSlo,
  isComparable,
  readCountersOf,
  sourceOf,
  type CountedSources,
  type OfArm,
  type ReadPorts,
} from './sources.ts';
import type { WatchSloInput, WatchStratum } from './watch.ts';

/** So many bad requests of each cluster tell how far they come in bursts. */
export const ENOUGH_BAD = 60;
/** No further back than this, ms, in pieces as long as the longest range. */
export const LONGEST_MS = 3_600_000;

/** So long after its begin a look starts no further read, ms: a slow backend must not hold the first one up. */
const LONGEST_READ_MS = 4_000;

export interface Past {
  /** Serving clusters that a judge has not seen before. */
  readonly unseen: readonly string[];
  /** The youngest first, which is what the look itself has read. All counts of a piece are older than the one before. */
  readonly pieces: readonly CountedSources[];
}

interface PastPorts extends Omit<ReadPorts, 'nowMs'> {
  readonly states: JudgeStates;
  /** What this look has read: begins at `startMs`. */
  readonly counted: CountedSources;
  /** The source's clock minus ours, ms. */
  readonly offsetMs: number;
  readonly now: () => number;
  /** When this look began. */
  readonly begunMs: number;
}

/** undefined: there is no cluster whose past a judge still asks for. */
export const readPast = async (
  input: WatchSloInput,
  { states, counted, offsetMs, now, begunMs, ...ports }: PastPorts,
): Promise<Past | undefined> => {
  const unseen = unseenClusters(input, states);
  if (unseen.length === 0) return undefined;
  const slos = input.slos.filter((slo) => comparesArms(input, slo));
  const read = { ...input, strata: input.strata.filter(({ serving }) => unseen.includes(serving)) };
  const pairs = slos.flatMap((slo) =>
    read.strata.filter((stratum) => isComparable(slo, stratum)).map((stratum) => ({ slo, stratum, bad: 0 })),
  );
  const pieces: CountedSources[] = [];
  /** Is there anything of the old version in it? */
  const take = (piece: CountedSources): boolean => {
    const arms = pairs.map((pair) => {
      const { cells } = oldArm(pair, piece);
      pair.bad += sumCells(cells, 0, pair.stratum.sinceMs + offsetMs).bad;
      return cells;
    });
    pieces.push(piece);
    return arms.some(({ length }) => length > 0);
  };
  take(counted);
  const firstMs = ports.startMs - LONGEST_MS;
  for (let endMs = ports.startMs; endMs > firstMs; endMs -= LONGEST_RANGE_MS) {
    if (now() - begunMs >= LONGEST_READ_MS || pairs.every(({ bad }) => bad >= ENOUGH_BAD)) break;
    const piece = await readPiece(read, slos, { ...ports, startMs: endMs - LONGEST_RANGE_MS, nowMs: endMs });
    if (piece === null || !take(piece)) break;
  }
  return { unseen, pieces };
};

/** What cannot be read is not known: the judge then learns from the time of the rollout alone. */
const readPiece = async (
  input: WatchSloInput,
  slos: readonly Slo[],
  ports: ReadPorts,
): Promise<CountedSources | null> => {
  try {
    return await readCountersOf(input, slos, ports);
  } catch (error) {
    if (ports.signal.aborted || !(error instanceof TidegateError)) throw error;
    return null;
  }
};

const oldArm = ({ slo, stratum }: { slo: Slo; stratum: WatchStratum }, piece: CountedSources): Arm =>
  armOfSlo(slo, { counted: sourceOf(piece, slo), stratum, version: stratum.oldVersion, stat: stratum.oldStat });

/** @param older the old version of a cluster, @param untilMs when the share was written, on the source's clock */
export const historyOf = (
  slo: Slo,
  { pieces, older, untilMs }: Pick<Past, 'pieces'> & { older: Omit<OfArm, 'counted'>; untilMs: number },
): OldHistory => {
  const arms = pieces.map((piece): OfArm => ({ ...older, counted: sourceOf(piece, slo) }));
  const podsOf = (all: readonly Arm[]): Arm['pods'] =>
    all
      .filter(({ problem }) => problem === '')
      .flatMap(({ pods }) => pods.map((cells) => cells.filter(({ atMs }) => atMs <= untilMs)))
      .filter((cells) => cells.length > 0);
  const own = podsOf(arms.map((arm) => armOfSlo(slo, arm)));
  if (slo.indicator.kind === 'errors') return { own, edges: {} };
  const histograms = arms.map((arm) => histogramsOfSlo(slo, arm));
  const { edgesS } = sharedEdges(histograms.slice(0, 1));
  const edges = edgesS.map((edgeS) => [String(edgeS), podsOf(histograms.map((one) => slowerThan(one, edgeS)))]);
  return { own, edges: Object.fromEntries(edges) as OldHistory['edges'] };
};
