import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { noArm } from '../../../../core/judge/arms/arms.ts';
import type { Judged, StratumCounts } from '../../../../core/judge/judge.ts';
import { judgeKayenta, type KayentaState } from '../../../../core/judge/kayenta/judge.ts';
import { MAX_POINTS } from '../../../../core/judge/kayenta/points.ts';
import type { KayentaSettings } from '../../../../core/judge/settings.ts';
import { kayentaExample } from '../../../support/peer-judges.ts';
import { poisson, randomFrom } from '../../../support/simulated-bakes.ts';
import { cellsOf, MINUTE_MS, minutes, SINCE_MS, slo, some, STALE_MS, stratumAt, type Minutes } from './minutes.ts';

const BAKES = 100;

interface Cluster {
  readonly name?: string;
  readonly mine: Minutes;
  readonly theirs: Minutes;
  readonly oldVersion?: string;
}

interface Watch {
  readonly clusters: readonly Cluster[];
  readonly settings?: Partial<KayentaSettings>;
  readonly minutes: number;
  readonly looksEveryMs?: number;
}

/** Every look with the state that the one before left, through JSON as in a heartbeat. */
const watch = ({ clusters, settings = {}, minutes, looksEveryMs = 10_000 }: Watch): Judged<KayentaState>[] => {
  const looks: Judged<KayentaState>[] = [];
  const arms = clusters.map(({ mine, theirs, name = 'aws', oldVersion = 'v1' }) => ({
    cells: { mine: cellsOf(mine), theirs: cellsOf(theirs) },
    of: { cluster: name, oldVersion },
  }));
  for (let nowMs = SINCE_MS + looksEveryMs; nowMs <= SINCE_MS + minutes * MINUTE_MS; nowMs += looksEveryMs) {
    const strata = arms.map(({ cells, of }) => ({ ...stratumAt(cells, nowMs), ...of }));
    const state = JSON.parse(JSON.stringify(looks.at(-1)?.state ?? null)) as KayentaState | null;
    const all = { ...kayentaExample.settings, ...settings };
    looks.push(judgeKayenta({ slo, settings: all, nowMs, staleMs: STALE_MS, strata }, state));
  }
  return looks;
};

const last = (looks: readonly Judged<KayentaState>[], cluster = 'aws') =>
  looks.at(-1)?.readings.find((reading) => reading.cluster === cluster);

describe('judgeKayenta', () => {
  it('breaches at the first judgement, after analysisInterval, with the numbers', () => {
    const looks = watch({
      clusters: [{ mine: minutes(6, 100, (i) => 10 + some(i)), theirs: minutes(6, 1900, some) }],
      minutes: 6,
    });
    expect(looks.findIndex(({ readings }) => readings[0]?.verdict === 'breach')).toBe(29);
    expect(last(looks)).toMatchObject({ verdict: 'breach', newTotal: 3600, oldTotal: 68400 });
    expect(last(looks)?.reason).toMatch(
      /^v2 in aws fails 11\.8 % of requests, v1 0\.0947 %, on average of 5 points of 60 s as its pods count them: High, shift 12 percentage points, 98 % interval 11 to 13, score 0 \(Fail\)$/,
    );
  });

  it('is healthy when the two versions are alike, or the new one is better: fewer errors are no fault', () => {
    const theirs = minutes(6, 1900, (i) => 20 * some(i));
    const alike = watch({ clusters: [{ mine: minutes(6, 100, some), theirs }], minutes: 6 });
    expect(last(alike)).toMatchObject({ verdict: 'healthy', reason: expect.stringContaining('score 100 (Pass)') });
    const better = watch({ clusters: [{ mine: minutes(6, 100, () => 0), theirs }], minutes: 6 });
    expect(last(better)?.verdict).toBe('healthy');
    const settings = { direction: 'either' } as const;
    const either = watch({ clusters: [{ mine: minutes(6, 100, () => 0), theirs }], minutes: 6, settings });
    expect(last(either)).toMatchObject({ verdict: 'breach', reason: expect.stringContaining(': Low,') });
  });

  it.each<[string, Cluster, RegExp]>([
    [
      'the first judgement is not due',
      { mine: minutes(4, 9, some), theirs: minutes(4, 9, some) },
      /v2 in aws is judged first in about 60 s/,
    ],
    [
      'nothing is sent to the new version',
      { mine: minutes(6, 0, () => 0), theirs: minutes(6, 9, some) },
      /0 of the 5 points of 60 s that are needed/,
    ],
    [
      'nothing is sent to the old version',
      { mine: minutes(6, 9, some), theirs: minutes(6, 0, () => 0) },
      /0 of the 5 points/,
    ],
    [
      'there is no old version',
      { mine: minutes(6, 9, some), theirs: [], oldVersion: '' },
      /no old version to compare v2 in aws with/,
    ],
    ['the new version has no metrics', { mine: [], theirs: [] }, /no metrics of v2 in aws/],
    ['the old version has none', { mine: minutes(6, 9, some), theirs: [] }, /no metrics of v1 in aws/],
    [
      'the metrics stop',
      { mine: minutes(3, 9, some), theirs: minutes(3, 9, some) },
      /newest numbers of v2 in aws .* old/,
    ],
  ])('is unknown, never healthy and never a breach, while %s', (_, cluster, reason) => {
    const looks = watch({ clusters: [cluster], minutes: Math.max(4, cluster.mine.length) });
    expect(last(looks)).toMatchObject({ verdict: 'unknown', reason: expect.stringMatching(reason) });
  });

  it('does not make points of nothing: replaced points need traffic elsewhere, too', () => {
    const settings = { nanStrategy: 'replace' } as const;
    const cluster = { mine: minutes(6, 0, () => 0), theirs: minutes(6, 9, some) };
    expect(last(watch({ clusters: [cluster], minutes: 6, settings }))?.verdict).toBe('unknown');
  });

  it('is unknown when the provider fails, and goes on with its points when it answers again', () => {
    const cluster = { mine: minutes(9, 100, some), theirs: minutes(9, 1900, (i) => 19 * some(i)) };
    const before = watch({ clusters: [cluster], minutes: 5 }).at(-1)?.state ?? null;
    const settings = kayentaExample.settings;
    const stratum: StratumCounts = {
      cluster: 'aws',
      newVersion: 'v2',
      oldVersion: 'v1',
      newArm: noArm,
      oldArm: noArm,
      newWhole: { total: 0, bad: 0 },
      oldWhole: { total: 0, bad: 0 },
      sinceMs: SINCE_MS,
    };
    const input = { slo, settings, nowMs: SINCE_MS + 9 * MINUTE_MS, staleMs: STALE_MS, strata: [stratum] };
    const judged = judgeKayenta({ ...input, providerError: '503' }, before);
    expect(judged.readings[0]).toMatchObject({ verdict: 'unknown', reason: 'the metrics provider failed: 503' });
    expect(judged.state).toEqual(before);
  });

  it('names the cluster that breaches, and scores all of them beside it: a breach below marginal', () => {
    const good = { mine: minutes(6, 100, some), theirs: minutes(6, 100, some) };
    const bad = { mine: minutes(6, 100, (i) => 30 + some(i)), theirs: minutes(6, 100, some) };
    const score = (bads: number, goods: number) => {
      const clusters = [...Array.from({ length: bads }, () => bad), ...Array.from({ length: goods }, () => good)];
      const looks = watch({ clusters: clusters.map((one, i) => ({ ...one, name: `c${i}` })), minutes: 5 });
      expect(last(looks, 'c0')?.verdict).toBe('breach');
      expect(last(looks, `c${bads}`)?.verdict).toBe('healthy');
      return last(looks, '*');
    };
    expect(score(1, 1)).toMatchObject({
      verdict: 'breach',
      reason: expect.stringContaining('1 of 2 clusters pass: score 50,'),
    });
    expect(score(1, 9)).toMatchObject({ verdict: 'unknown', reason: expect.stringContaining('score 90,') });
  });

  it('has no score over all clusters while one of them is unknown', () => {
    const good = { mine: minutes(6, 100, some), theirs: minutes(6, 100, some) };
    const idle = { mine: minutes(6, 0, some), theirs: minutes(6, 100, some), name: 'gcp' };
    expect(last(watch({ clusters: [good, idle], minutes: 5 }), '*')).toMatchObject({
      verdict: 'unknown',
      reason: expect.stringContaining('not scored while gcp is unknown'),
    });
  });

  it('judges the same whether it looks often or seldom: points are made of time, not of looks', () => {
    const cluster = { mine: minutes(10, 50, (i) => (i * 7) % 4), theirs: minutes(10, 500, (i) => (i * 5) % 9) };
    const often = watch({ clusters: [cluster], minutes: 10 }).at(-1);
    const seldom = watch({ clusters: [cluster], minutes: 10, looksEveryMs: MINUTE_MS }).at(-1);
    expect(often?.readings).toEqual(seldom?.readings);
    expect(often?.state.clusters['aws']?.kept).toHaveLength(10);
  });

  it('keeps a bounded number of points, whatever the length of the watch or of a silence', () => {
    const n = MAX_POINTS + 60;
    const cluster = { mine: minutes(n, 50, some), theirs: minutes(n, 50, some) };
    const state = watch({ clusters: [cluster], minutes: n, looksEveryMs: MINUTE_MS }).at(-1)?.state;
    expect(state?.clusters['aws']).toMatchObject({ closed: n });
    expect(state?.clusters['aws']?.kept).toHaveLength(MAX_POINTS);
    expect(JSON.stringify(state).length).toBeLessThan(8_000);
  });

  it('is never a breach from points without requests in an arm, whatever the other arm does', () => {
    const counts = fc.array(fc.record({ total: fc.integer({ min: 0, max: 9 }), bad: fc.constant(0) }), {
      minLength: 12,
      maxLength: 12,
    });
    const anything = fc.array(
      fc
        .integer({ min: 0, max: 50 })
        .chain((total) => fc.record({ total: fc.constant(total), bad: fc.integer({ min: 0, max: total }) })),
      { minLength: 12, maxLength: 12 },
    );
    fc.assert(
      fc.property(counts, anything, fc.boolean(), (idle, busy, replace) => {
        const few = idle.map((one, i) => (i < 4 ? one : { total: 0, bad: 0 }));
        const settings = { direction: 'either', nanStrategy: replace ? 'replace' : 'remove' } as const;
        const there = watch({
          clusters: [{ mine: few, theirs: busy }],
          settings,
          minutes: 12,
          looksEveryMs: MINUTE_MS,
        });
        const back = watch({ clusters: [{ mine: busy, theirs: few }], settings, minutes: 12, looksEveryMs: MINUTE_MS });
        expect([last(there)?.verdict, last(back)?.verdict]).toEqual(['unknown', 'unknown']);
      }),
      { numRuns: 100, seed: 41 },
    );
  });
});

describe('judgeKayenta on simulated bakes (fixed seeds)', () => {
  const run = (seed: number, { perSecond, base, ratio }: { perSecond: number; base: number; ratio: number }) => {
    const random = randomFrom(seed);
    const arm = (share: number, errors: number): Minutes =>
      Array.from({ length: 30 }, () => {
        const total = poisson(random, share * perSecond * 10);
        return { total, bad: total === 0 ? 0 : Math.min(total, poisson(random, total * errors)) };
      });
    const cluster = { mine: arm(0.1, base * ratio), theirs: arm(0.1, base) };
    const looks = watch({ clusters: [cluster], minutes: 30, looksEveryMs: MINUTE_MS });
    return looks.some(({ readings }) => readings[0]?.verdict === 'breach');
  };
  const breaches = (traffic: Parameters<typeof run>[1]): number =>
    Array.from({ length: BAKES }, (_, i) => run(1_000 + i, traffic)).filter(Boolean).length;

  it('A/A: two of 100 bakes at most are wrong in half an hour, although nothing corrects for six judgements', () => {
    expect(breaches({ perSecond: 200, base: 0.01, ratio: 1 })).toBeLessThanOrEqual(2);
    expect(breaches({ perSecond: 20, base: 0.01, ratio: 1 })).toBeLessThanOrEqual(2);
  });

  it('five times the errors are found in every one of 100 bakes', () => {
    expect(breaches({ perSecond: 200, base: 0.01, ratio: 5 })).toBe(BAKES);
  });

  it('is nearly blind at little traffic, where most points are 0: a limit of the method', () => {
    expect(breaches({ perSecond: 2, base: 0.001, ratio: 5 })).toBeLessThan(BAKES / 4);
  });
});
