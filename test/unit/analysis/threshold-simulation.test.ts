/** What the threshold judge promises, measured on simulated traffic. Seeded: one try, no retries. */
import { describe, expect, it } from '@jest/globals';
import { judgeThreshold } from '../../../core/analysis/threshold.ts';
import type { StratumCounts } from '../../../core/analysis/threshold.ts';
import { noArm, sumCells } from '../../../core/analysis/arms.ts';
import type { Cell } from '../../../core/analysis/arms.ts';
import { combineReadings } from '../../../core/analysis/verdict.ts';
import type { JudgeSettings, Slo } from '../../../core/contract/plan.ts';

const slo: Slo = { name: 'errors', source: 'server', indicator: { kind: 'errors' }, target: 0.99 };
const settings: JudgeSettings = { pollMs: 1_000, windowMs: 30_000, minRequests: 20, minBad: 3, alpha: 1e-4 };
const clusters = ['aws-us-east-1', 'gcp-europe-west1', 'onprem-fra1'];

/** mulberry32: small, seeded, good enough for Bernoulli trials. */
const randomFrom = (seed: number) => {
  let state = seed;
  return (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
};

interface Traffic {
  readonly random: () => number;
  readonly seconds: number;
  readonly perSecond: number;
  readonly errorsAt: (second: number) => number;
}

const poisson = (random: () => number, mean: number): number => {
  let n = -1;
  for (let product = 1; product > Math.exp(-mean); product *= random()) n++;
  return n;
};

/** One cell a second; the number of requests varies as 5 % of 200 a second do. */
const cellsOf = ({ random, seconds, perSecond, errorsAt }: Traffic): Cell[] =>
  Array.from({ length: seconds }, (_, second) => {
    const total = poisson(random, perSecond);
    let bad = 0;
    for (let i = 0; i < total; i++) if (random() < errorsAt(second)) bad++;
    return { fromMs: second * 1000, atMs: (second + 1) * 1000, total, bad };
  });

const verdictAt = (nowMs: number, arms: readonly (readonly Cell[])[]) => {
  const strata = arms.map((all, i): StratumCounts => {
    const cells = all.filter((cell) => cell.atMs <= nowMs);
    return {
      cluster: clusters[i] ?? '',
      newVersion: 'v2',
      oldVersion: '',
      newArm: { cells, newestMs: cells.at(-1)?.atMs ?? null, problem: '', missing: '' },
      oldArm: noArm,
      newWhole: sumCells(cells, 0),
      oldWhole: { total: 0, bad: 0 },
      sinceMs: 0,
    };
  });
  return combineReadings(judgeThreshold({ slo, settings, nowMs, staleMs: 5_000, strata }));
};

describe('threshold judge on simulated bakes', () => {
  it('breaches in at most 1 % of 1 000 healthy bakes of 60 s over three clusters, although it looks every second', () => {
    const random = randomFrom(20_260_301);
    let breaches = 0;
    let healthyAtEnd = 0;
    for (let bake = 0; bake < 1_000; bake++) {
      const arms = clusters.map(() => cellsOf({ random, seconds: 60, perSecond: 10, errorsAt: () => 0.005 }));
      let verdict = verdictAt(0, arms);
      for (let second = 1; second <= 60 && verdict.verdict !== 'breach'; second++)
        verdict = verdictAt(second * 1000, arms);
      if (verdict.verdict === 'breach') breaches++;
      if (verdict.verdict === 'healthy') healthyAtEnd++;
    }
    console.log(
      `1 000 healthy bakes (0.5 % errors, target 99 %): ${breaches} breaches, ${healthyAtEnd} healthy at 60 s`,
    );
    expect(breaches).toBeLessThanOrEqual(10);
  });

  it.each([
    ['from the first request', 0],
    ['that begin in mid-bake, behind 30 s of good requests', 30],
  ])('sees 20 %% errors at 10 requests/s %s within 5 s of counts', (_, startsAt) => {
    const random = randomFrom(7);
    const delays: number[] = [];
    for (let run = 0; run < 500; run++) {
      const cells = cellsOf({
        random,
        seconds: 90,
        perSecond: 10,
        errorsAt: (second) => (second < startsAt ? 0.005 : 0.2),
      });
      const firstBadMs = cells.find((cell) => cell.fromMs >= startsAt * 1000 && cell.bad > 0)?.fromMs ?? 0;
      let second = startsAt + 1;
      while (second < 90 && verdictAt(second * 1000, [cells]).verdict !== 'breach') second++;
      delays.push(second * 1000 - firstBadMs);
    }
    delays.sort((a, b) => a - b);
    console.log(
      `20 % errors, start at ${startsAt} s: median ${delays[250]} ms, p95 ${delays[475]} ms, max ${delays[499]} ms`,
    );
    expect(delays[250]).toBeLessThanOrEqual(5_000);
  });
});
