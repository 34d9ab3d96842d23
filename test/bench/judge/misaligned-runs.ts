/**
 * Runs in which pods are sampled at instants of their own while both versions suffer one outage: the whole judge, fed
 * with arms, so that its pairing of stretches is measured.
 */
import { judgeSequential, type SequentialState } from '../../../core/judge/sequential/judge.ts';
import { nameOf } from './aa-runs.ts';
import { createArm } from './arms.ts';
import { createRandom, type Random } from './random.ts';
import { drawPods } from './traffic.ts';
import { errorsSlo, settings } from './watch.ts';

export interface MisalignedCell {
  readonly perSecond: number;
  readonly share: number;
  readonly base: number;
  /** Part of the requests that fails in the outage, of both versions. */
  readonly outage: number;
}

export interface MisalignedCount {
  readonly runs: number;
  readonly breaches: number;
}

const SAMPLE_MS = 2_000;
/** The simulation's own step, ms: phases and the outage's edges are whole numbers of it. */
const STEP_MS = 250;
const MINUTES = 12;
const OUT = { fromMs: 240_000, lastsMs: 120_000 };
/** Cells that a source still gives at a look, ms. */
const BACK_MS = 60_000;

export const misalignedRuns = (cell: MisalignedCell, { seed, runs }: { seed: number; runs: number }) => {
  const random = createRandom(nameOf(cell), seed);
  let breaches = 0;
  for (let i = 0; i < runs; i++) if (breachesOnce(random, cell)) breaches++;
  return { runs, breaches };
};

const breachesOnce = (random: Random, cell: MisalignedCell): boolean => {
  const arms = sampled(random, cell);
  let state: SequentialState | null = null;
  for (let nowMs = settings.pollMs; nowMs <= MINUTES * 60_000; nowMs += settings.pollMs) {
    const [newArm, oldArm] = arms.map((arm) => arm.since(Math.max(0, nowMs - BACK_MS), nowMs));
    if (newArm === undefined || oldArm === undefined) return false;
    const judged = judgeSequential(
      {
        slo: errorsSlo,
        settings,
        nowMs,
        staleMs: 30_000,
        intervalMs: SAMPLE_MS,
        strata: [
          {
            ...{ cluster: 'a', newVersion: 'v2', oldVersion: 'v1', newArm, oldArm, sinceMs: 0 },
            newWhole: { total: 0, bad: 0 },
            oldWhole: { total: 0, bad: 0 },
            comparison: { compared: true, edges: {} },
          },
        ],
      },
      state,
    );
    if (judged.readings.some(({ verdict }) => verdict === 'breach')) return true;
    state = judged.state;
  }
  return false;
};

/** Both arms, each with a phase and an outage that begins at any step. */
const sampled = (random: Random, { perSecond, share, base, outage }: MisalignedCell) => {
  const steps = SAMPLE_MS / STEP_MS;
  const phases = [Math.floor(random.uniform() * steps), Math.floor(random.uniform() * steps)];
  const begins = OUT.fromMs + Math.floor(random.uniform() * 40) * STEP_MS;
  const arms = [createArm(), createArm()];
  const sums = arms.map((): { total: number; bad: number }[] => []);
  const fromMs = [0, 0];
  for (let atMs = STEP_MS; atMs <= MINUTES * 60_000; atMs += STEP_MS) {
    const ratio = atMs > begins && atMs <= begins + OUT.lastsMs ? outage : base;
    const pods = drawPods(random, { perSecond, share, newRatio: ratio, oldRatio: ratio, burst: 1 }, STEP_MS / 1000);
    for (const [arm, counts] of [pods.newer, pods.older].entries()) {
      sums[arm] = counts.map((pod, i) => ({
        total: pod.total + (sums[arm]?.[i]?.total ?? 0),
        bad: pod.bad + (sums[arm]?.[i]?.bad ?? 0),
      }));
      if ((atMs / STEP_MS) % steps !== phases[arm]) continue;
      arms[arm]?.add(sums[arm], { fromMs: fromMs[arm] ?? 0, atMs });
      fromMs[arm] = atMs;
      sums[arm] = [];
    }
  }
  return arms;
};
