/** Bakes without a lab: seeded traffic, cut into cells as metrics come, judged at every look. Used by tests and benches. */
import { noArm, sumCells, type Cell } from '../../core/judge/arms/arms.ts';
import type { StratumCounts } from '../../core/judge/judge.ts';
import type { JudgeSettings, Slo } from '../../core/judge/settings.ts';
import type { VerdictKind } from '../../core/judge/slo-reading.ts';
import { asThreshold, judgeThreshold } from '../../core/judge/threshold/threshold.ts';
import { combineReadings } from '../../core/judge/verdict.ts';

const slo: Slo = { name: 'errors', source: 'server', indicator: { kind: 'errors' }, target: 0.99 };
const clusters = ['aws-us-east-1', 'gcp-europe-west1', 'onprem-fra1'];

/** Metrics older than this are stale, ms: as activities/watch-slo-look.ts has it. */
const STALE_MS = 5_000;

export interface Simulation {
  readonly seed: number;
  readonly settings: JudgeSettings;
  /** Time between two samples of the metrics; the judge looks every `settings.pollMs`, a multiple of it. */
  readonly sampleMs: number;
  /** Mean requests per second of the new version in one cluster. */
  readonly perSecond: number;
}

/** mulberry32: small, seeded, good enough for Bernoulli trials. */
export const randomFrom = (seed: number) => {
  let state = seed;
  return (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
};

export const poisson = (random: () => number, mean: number): number => {
  let n = -1;
  for (let product = 1; product > Math.exp(-mean); product *= random()) n++;
  return n;
};

interface Traffic {
  readonly random: () => number;
  readonly simulation: Simulation;
  readonly seconds: number;
  readonly errorsAt: (ms: number) => number;
}

/** One cell per sample; the number of requests varies as a 5 % step's does. */
const cellsOf = ({ random, simulation, seconds, errorsAt }: Traffic): Cell[] => {
  const { sampleMs, perSecond } = simulation;
  return Array.from({ length: Math.ceil((seconds * 1000) / sampleMs) }, (_, i) => {
    const fromMs = i * sampleMs;
    const total = poisson(random, (perSecond * sampleMs) / 1000);
    let bad = 0;
    for (let request = 0; request < total; request++) if (random() < errorsAt(fromMs)) bad++;
    return { fromMs, atMs: fromMs + sampleMs, total, bad };
  });
};

const verdictAt = (settings: JudgeSettings, nowMs: number, arms: readonly (readonly Cell[])[]): VerdictKind => {
  const strata = arms.map((all, i): StratumCounts => {
    const cells = all.filter((cell) => cell.atMs <= nowMs);
    return {
      cluster: clusters[i] ?? '',
      newVersion: 'v2',
      oldVersion: '',
      newArm: { cells, pods: [cells], newestMs: cells.at(-1)?.atMs ?? null, problem: '', missing: '' },
      oldArm: noArm,
      newWhole: sumCells(cells, 0),
      oldWhole: { total: 0, bad: 0 },
      sinceMs: 0,
    };
  });
  const input = { slo, settings: asThreshold(settings), nowMs, staleMs: STALE_MS, strata };
  return combineReadings(judgeThreshold(input, null).readings).verdict;
};

/** Bakes of a version that keeps its objective (target 99 %) over three clusters: every breach is a false alarm. */
export function simulateHealthyBakes(
  simulation: Simulation,
  { bakes, seconds, errors }: { bakes: number; seconds: number; errors: number },
): { readonly breaches: number; readonly healthyAtEnd: number } {
  const { settings } = simulation;
  const random = randomFrom(simulation.seed);
  let breaches = 0;
  let healthyAtEnd = 0;
  for (let bake = 0; bake < bakes; bake++) {
    const arms = clusters.map(() => cellsOf({ random, simulation, seconds, errorsAt: () => errors }));
    let verdict: VerdictKind = 'unknown';
    for (let ms = settings.pollMs; ms <= seconds * 1000 && verdict !== 'breach'; ms += settings.pollMs)
      verdict = verdictAt(settings, ms, arms);
    if (verdict === 'breach') breaches++;
    if (verdict === 'healthy') healthyAtEnd++;
  }
  return { breaches, healthyAtEnd };
}

/** Longest time that a simulated fault may stay unseen, s. */
const SEEN_WITHIN_S = 60;

/** Times from the sample interval of the first bad request to the breach, ms, in order of length; one cluster. */
export function simulateFaults(
  simulation: Simulation,
  { runs, startsAt, errors }: { runs: number; startsAt: number; errors: number },
): readonly number[] {
  const { settings } = simulation;
  const random = randomFrom(simulation.seed);
  return Array.from({ length: runs }, () => {
    const seconds = startsAt + SEEN_WITHIN_S;
    const startsAtMs = startsAt * 1000;
    const errorsAt = (ms: number): number => (ms < startsAtMs ? 0.005 : errors);
    const cells = cellsOf({ random, simulation, seconds, errorsAt });
    const firstBadMs = cells.find((cell) => cell.fromMs >= startsAtMs && cell.bad > 0)?.fromMs ?? 0;
    let ms = startsAtMs + settings.pollMs;
    while (ms < seconds * 1000 && verdictAt(settings, ms, [cells]) !== 'breach') ms += settings.pollMs;
    return ms - firstBadMs;
  }).toSorted((a, b) => a - b);
}
