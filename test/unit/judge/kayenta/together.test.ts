import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Judged } from '../../../../core/judge/judge.ts';
import { judgeTogether, type KayentaState } from '../../../../core/judge/kayenta/judge.ts';
import type { KayentaMetric, KayentaSettings } from '../../../../core/judge/settings.ts';
import { kayentaExample } from '../../../support/peer-judges.ts';
import { cellsOf, MINUTE_MS, minutes, SINCE_MS, slo, some, STALE_MS, stratumAt } from './minutes.ts';

describe('judgeTogether: SLOs as the metrics of one canary', () => {
  const good = { mine: minutes(5, 100, some), theirs: minutes(5, 100, some) };
  const bad = { mine: minutes(5, 100, (i) => 30 + some(i)), theirs: minutes(5, 100, some) };
  const idle = { mine: minutes(5, 0, () => 0), theirs: minutes(5, 100, some) };
  type Metric = readonly [name: string, counts: typeof good, metric?: KayentaMetric];

  const passing: readonly Metric[] = ['b', 'c', 'd', 'e'].map((name) => [name, good]);

  /** After five minutes, looked at before, at and after the first judgement. `missing`: by SLO, what is gone after it. */
  const judge = (
    metrics: readonly Metric[],
    settings: Partial<KayentaSettings> = {},
    clusters = ['aws'],
    missing: Record<string, string> = {},
  ) => {
    let before: (KayentaState | null)[] = metrics.map(() => null);
    let judged: readonly Judged<KayentaState>[] = [];
    for (const nowMs of [
      SINCE_MS + 2 * MINUTE_MS,
      SINCE_MS + 4 * MINUTE_MS,
      SINCE_MS + 5 * MINUTE_MS,
      SINCE_MS + 5 * MINUTE_MS + 1_000,
    ]) {
      const inputs = metrics.map(([name, { mine, theirs }, kayenta = {}]) => ({
        slo: { ...slo, name, kayenta },
        settings: { ...kayentaExample.settings, ...settings },
        nowMs,
        staleMs: STALE_MS,
        strata: clusters.map((cluster) => {
          const stratum = stratumAt({ mine: cellsOf(mine), theirs: cellsOf(theirs) }, nowMs);
          const why = nowMs > SINCE_MS + 5 * MINUTE_MS ? (missing[name] ?? '') : '';
          return { ...stratum, cluster, newArm: { ...stratum.newArm, missing: why } };
        }),
      }));
      judged = judgeTogether(inputs, before);
      before = JSON.parse(JSON.stringify(judged.map(({ state }) => state))) as KayentaState[];
    }
    return judged.map(({ readings }) => readings);
  };
  const verdicts = (metrics: readonly Metric[], settings: Partial<KayentaSettings> = {}): string[] =>
    judge(metrics, settings).map((readings) => readings.map(({ verdict }) => verdict).join());

  it.each<[string, string[], readonly Metric[], Partial<KayentaSettings>?]>([
    [
      'all pass',
      ['healthy', 'healthy'],
      [
        ['a', good],
        ['b', good],
      ],
    ],
    [
      'half of one group fails: 50 is below marginal',
      ['breach', 'healthy'],
      [
        ['a', bad],
        ['b', good],
      ],
    ],
    [
      'one of five fails: 80 is marginal',
      ['unknown', 'healthy', 'healthy', 'healthy', 'healthy'],
      [['a', bad], ...passing],
    ],
    [
      'the same one is critical',
      ['breach', 'healthy', 'healthy', 'healthy', 'healthy'],
      [['a', bad, { critical: true }], ...passing],
    ],
    [
      'a critical one fails by less than is critical',
      ['unknown', 'healthy', 'healthy', 'healthy', 'healthy'],
      [['a', bad, { critical: true }], ...passing],
      { effectSize: { measure: 'meanRatio', allowedIncrease: 1, allowedDecrease: 1, criticalIncrease: 1_000 } },
    ],
    [
      'a group of little weight fails: 96 passes',
      ['healthy', 'healthy'],
      [
        ['a', bad, { groups: ['small'] }],
        ['b', good, { groups: ['large'] }],
      ],
      { groupWeights: { small: 4 } },
    ],
    [
      'a group of much weight fails',
      ['breach', 'healthy'],
      [
        ['a', bad, { groups: ['large'] }],
        ['b', good, { groups: ['small'] }],
      ],
      { groupWeights: { large: 80, small: 20 } },
    ],
    [
      'one has no data, as it must',
      ['healthy', 'unknown'],
      [
        ['a', good],
        ['b', idle],
      ],
    ],
    [
      'one fails, and what is open could still make it marginal',
      ['unknown', 'healthy', 'healthy', 'healthy', 'unknown'],
      [['a', bad], ...passing.slice(0, 3), ['e', idle]],
    ],
    [
      'one fails, whatever the open one says',
      ['breach', 'unknown'],
      [
        ['a', bad],
        ['b', idle],
      ],
    ],
    [
      'a critical one fails beside an open one',
      ['breach', 'healthy', 'healthy', 'healthy', 'unknown'],
      [['a', bad, { critical: true }], ...passing.slice(0, 3), ['e', idle]],
    ],
    [
      'one of three has no data and need not',
      ['healthy', 'healthy', 'healthy'],
      [
        ['a', good],
        ['b', good],
        ['c', idle, { mustHaveData: false }],
      ],
    ],
    [
      'half have no data and need not',
      ['healthy', 'healthy'],
      [
        ['a', good],
        ['b', idle, { mustHaveData: false }],
      ],
    ],
    [
      'a critical one without data never fails',
      ['healthy', 'healthy', 'unknown'],
      [
        ['a', good],
        ['b', good],
        ['c', idle, { critical: true }],
      ],
    ],
    [
      'nothing has data',
      ['unknown', 'unknown'],
      [
        ['a', idle, { mustHaveData: false }],
        ['b', idle, { mustHaveData: false }],
      ],
    ],
  ])('%s', (_, expected, metrics, settings = {}) => {
    expect(verdicts(metrics, settings)).toEqual(expected);
  });

  it('does not take back what a metric has shown when its numbers go missing', () => {
    const silent = { ...bad, mine: bad.mine.slice(0, 5) };
    const metrics: Metric[] = [['a', silent, { mustHaveData: false }], ...passing];
    const [readings] = judge(metrics, {}, ['aws'], { a: 'no series of a pod' });
    expect(readings?.[0]).toMatchObject({ verdict: 'unknown', reason: expect.stringContaining('no series of a pod') });
  });

  it('excuses nothing but silence: too few points are data', () => {
    const late = {
      mine: minutes(5, 100, (i) => (i > 2 ? 90 : 0)).map((one, i) => (i > 2 ? one : { total: 0, bad: 0 })),
      theirs: minutes(5, 100, some),
    };
    expect(
      verdicts([
        ['a', late, { mustHaveData: false }],
        ['b', good],
        ['c', good],
      ]),
    ).toEqual(['unknown', 'healthy', 'healthy']);
  });

  it('fails with a critical one whatever the thresholds, and loses no weight to groups that are not there', () => {
    const scores = { pass: 95, marginal: 0 };
    expect(
      verdicts(
        [
          ['a', bad, { critical: true }],
          ['b', good],
        ],
        { scores },
      ),
    ).toEqual(['breach', 'healthy']);
    const groupWeights = { here: 30, elsewhere: 70 };
    const here = { groups: ['here'] };
    expect(
      verdicts(
        [
          ['a', good, here],
          ['b', good, here],
        ],
        { groupWeights },
      ),
    ).toEqual(['healthy', 'healthy']);
  });

  it('says what it waits for, and how the score came about', () => {
    const five: Metric[] = [['a', bad], ...passing.slice(0, 3), ['e', idle]];
    expect(judge(five)[0]?.[0]?.reason).toMatch(/: High, .*, not scored while e is open: 0 of the 5 points/);
    const marginal = judge([...five.slice(0, 4), ['e', good]]);
    expect(marginal[0]?.[0]?.reason).toMatch(/: High, .*, score 80 \(Marginal\)$/);
  });

  it('is never healthy as a whole when the canary is not: some SLO says why', () => {
    const kinds = fc.constantFrom(good, bad, idle);
    const metric = fc.record({ kind: kinds, critical: fc.boolean(), mustHaveData: fc.boolean(), group: fc.nat(1) });
    fc.assert(
      fc.property(fc.array(metric, { minLength: 1, maxLength: 6 }), (drawn) => {
        const metrics = drawn.map(({ kind, group, ...rest }, i): Metric => [
          `m${i}`,
          kind,
          { ...rest, groups: [`g${group}`] },
        ]);
        const all = verdicts(metrics);
        const failing = drawn.filter(({ kind }) => kind === bad).length;
        if (failing === 0) expect(all).not.toContain('breach');
        if (drawn.every(({ kind }) => kind === idle)) expect(all).not.toContain('healthy');
        if (drawn.some(({ kind, critical }) => kind === bad && critical)) expect(all).toContain('breach');
        if (drawn.some(({ kind, mustHaveData }) => kind === idle && mustHaveData)) expect(all).toContain('unknown');
      }),
      { numRuns: 100, seed: 43 },
    );
  });

  it('scores all clusters together beside it', () => {
    const [a, b] = judge(
      [
        ['a', bad, { critical: true }],
        ['b', good],
      ],
      {},
      ['aws', 'gcp'],
    );
    expect(a?.at(-1)).toMatchObject({
      cluster: '*',
      verdict: 'breach',
      reason: '2 of 4 metrics in 2 clusters pass: score 0, healthy from 95 on, a breach below 75',
    });
    expect(b?.at(-1)).toMatchObject({ cluster: '*', verdict: 'healthy' });
  });
});
