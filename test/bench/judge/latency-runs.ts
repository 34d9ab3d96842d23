/** Runs in which requests get slower, or do not, as histograms count them. */
import type { Total } from '../../../core/judge/arms/arms.ts';
import { priorOf } from '../../../core/judge/sequential/dispersion.ts';
import type { StretchCounts } from '../../../core/judge/sequential/evidence.ts';
import { objectiveOf } from '../../../core/judge/sequential/judge.ts';
import type { SequentialSettings, Slo } from '../../../core/judge/settings.ts';
import { nameOf } from './aa-runs.ts';
import { createRandom, type Random } from './random.ts';
import { countsOf, newPodsOf } from './traffic.ts';
import { createWatch, settings } from './watch.ts';

/** OpenTelemetry's default edges of http.server.request.duration, s. */
export const edgesS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

export interface LatencyCell {
  readonly perSecond: number;
  readonly share: number;
  /** Of the lognormal's logarithm; its median is 100 ms. */
  readonly sigma: number;
  readonly fault: 'none' | 'median +10 %' | '1 % to 0.75-1 s';
  readonly untilS: number;
}

const POLL_S = 10;
const HISTORY = 15;
const MEDIAN_S = 0.1;
const OLD_PODS = 4;

/** 90 % below 0.5 s: both versions keep it by far, so that the comparison alone can find anything. */
export const latencySlo: Slo = {
  name: 'latency',
  source: 'server',
  indicator: { kind: 'latency', thresholdS: 0.5 },
  target: 0.9,
};

const latencySettings: SequentialSettings = settings;

/** Delay of each run, s; null: nothing found. */
export const latencyRuns = (cell: LatencyCell, { seed, runs }: { seed: number; runs: number }) => {
  const random = createRandom(nameOf(cell), seed);
  const objective = objectiveOf({ slo: latencySlo, settings: latencySettings });
  const older = bucketsOf(cell, 'none');
  const newer = bucketsOf(cell, cell.fault);
  return Array.from({ length: runs }, (): number | null => {
    const watch = createWatch(objective, historyOf(random, cell, older));
    let before: readonly Total[] | undefined;
    for (let atS = POLL_S; atS <= cell.untilS; atS += POLL_S) {
      const mine = drawArm(random, newer, { rate: cell.perSecond * cell.share, pods: newPodsOf(cell.share) });
      const theirs = drawArm(random, older, { rate: cell.perSecond * (1 - cell.share), pods: OLD_PODS });
      const edges = Object.fromEntries(
        edgesS.map((edge, i) => {
          const pods = { newer: mine.map((pod) => pod[i] ?? zero), older: theirs.map((pod) => pod[i] ?? zero) };
          return [String(edge), countsOf(pods, before?.[i])];
        }),
      );
      before = mine[0];
      const own = edges[objective.edge];
      if (own === undefined) throw new Error(`no edge at ${objective.edge} s`);
      const counts: StretchCounts = { toMs: atS * 1000, own, edges };
      if (watch.look(counts) !== undefined) return atS;
    }
    return null;
  });
};

const zero: Total = { total: 0, bad: 0 };

/** Part of the requests in each bucket, the one above the last edge included. */
const bucketsOf = ({ sigma }: LatencyCell, fault: LatencyCell['fault']): number[] => {
  const median = fault === 'median +10 %' ? MEDIAN_S * 1.1 : MEDIAN_S;
  const below = [0, ...edgesS.map((edge) => normalBelow(Math.log(edge / median) / sigma)), 1];
  const parts = below.slice(1).map((value, i) => Math.max(0, value - (below[i] ?? 0)));
  if (fault !== '1 % to 0.75-1 s') return parts;
  const slow = edgesS.indexOf(1);
  return parts.map((part, i) => 0.99 * part + (i === slow ? 0.01 : 0));
};

/** By pod: requests, and those slower than each edge. */
const drawArm = (random: Random, buckets: readonly number[], { rate, pods }: { rate: number; pods: number }) =>
  Array.from({ length: pods }, (): Total[] => {
    const counts = buckets.map((part) => random.poisson((part * rate * POLL_S) / pods));
    const total = counts.reduce((sum, count) => sum + count, 0);
    let fast = 0;
    return edgesS.map((_, i) => {
      fast += counts[i] ?? 0;
      return { total, bad: total - fast };
    });
  });

const historyOf = (random: Random, { perSecond }: LatencyCell, buckets: readonly number[]) => {
  const polls = Array.from({ length: HISTORY }, () => drawArm(random, buckets, { rate: perSecond, pods: OLD_PODS }));
  const atEdge = (i: number) => polls.map((pods) => pods.map((pod) => pod[i] ?? zero));
  return Object.fromEntries(edgesS.map((edge, i) => [String(edge), priorOf(atEdge(i))]));
};

/** P(Z <= z), by the complementary error function of Numerical Recipes: 1.2e-7 relative. */
const normalBelow = (z: number): number => {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + 0.5 * x);
  const series = [
    -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223,
    0.17087277,
  ].reduceRight((sum, coefficient) => sum * t + coefficient, 0);
  const tail = 0.5 * t * Math.exp(-x * x + series);
  return z < 0 ? tail : 1 - tail;
};
