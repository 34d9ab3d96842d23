import { describe, expect, it } from '@jest/globals';
import { noArm, serverErrorArm, sumCells, type Arm } from '../../../../core/judge/arms/arms.ts';
import { serverLatencyArm } from '../../../../core/judge/arms/latency.ts';
import type { StratumCounts } from '../../../../core/judge/judge.ts';
import { countIncrements } from '../../../../core/judge/series/counters.ts';
import type { Slo } from '../../../../core/judge/settings.ts';
import { judgeThreshold } from '../../../../core/judge/threshold/threshold.ts';
import { combineReadings } from '../../../../core/judge/verdict.ts';

const NOW_MS = 60_000;
const slo: Slo = { name: 'errors', source: 'server', indicator: { kind: 'errors' }, target: 0.99 };
const settings = { pollMs: 1_000, windowMs: 30_000, minRequests: 20, minBad: 3, alpha: 1e-4 };

/** `bad` of `total` a second over the last 30 s. */
const arm = (bad: number, total: number, more: Partial<Arm> = {}): Arm => ({
  ...noArm,
  cells: Array.from({ length: 30 }, (_, i) => ({ fromMs: 30_000 + i * 1000, atMs: 31_000 + i * 1000, total, bad })),
  newestMs: NOW_MS,
  ...more,
});

const stratum = (newArm: Arm, more: Partial<StratumCounts> = {}): StratumCounts => {
  const oldArm = more.oldArm ?? arm(0, 190);
  const whole = { newWhole: sumCells(newArm.cells, 0), oldWhole: sumCells(oldArm.cells, 0) };
  return { cluster: 'aws', newVersion: 'v2', oldVersion: 'v1', newArm, oldArm, ...whole, sinceMs: 30_000, ...more };
};

const judge = (...strata: StratumCounts[]) => {
  const readings = judgeThreshold({ slo, settings, nowMs: NOW_MS, staleMs: 5_000, strata }, null).readings;
  return { ...combineReadings(readings), readings };
};

describe('judgeThreshold', () => {
  it('is healthy when there is enough, it is good, and it is fresh', () => {
    expect(judge(stratum(arm(0, 10)))).toMatchObject({
      verdict: 'healthy',
      reason: 'every objective is kept: 0 bad of 300 requests counted',
    });
  });

  it('breaches with numbers, bound and the old version beside it', () => {
    const { verdict, breached, reason } = judge(stratum(arm(2, 10)));
    expect({ verdict, breached }).toEqual({ verdict: 'breach', breached: ['aws'] });
    expect(reason).toMatch(
      /^v2 in aws failed 60 of 300 \(20 %\) requests in 30 s as its pods count them: 1 % are allowed, chance \de-\d+; v1 failed 0 of 5700 \(0 %\)$/,
    );
  });

  it('still breaches an absolute objective when the old version fails alike, but says so', () => {
    expect(judge(stratum(arm(2, 10), { oldArm: arm(40, 190) }))).toMatchObject({
      verdict: 'breach',
      reason: expect.stringContaining('the cause may be shared'),
    });
  });

  it('does not breach on a single bad request among few: the objective allows no ratio to be judged on one', () => {
    const one = arm(0, 1);
    const cells = one.cells.map((cell, i) => (i === 29 ? { ...cell, bad: 1 } : cell));
    expect(judge(stratum({ ...one, cells }))).toMatchObject({
      verdict: 'unknown',
      reason: expect.stringMatching(/1 of 30 .*not enough to call it a breach; 70 good ones/),
    });
  });

  it.each([
    ['no traffic', arm(0, 0), /no request of v2 in aws in 30 s as its pods count them: untested/],
    [
      'too little traffic',
      { ...arm(0, 0), cells: arm(0, 1).cells.slice(0, 12) },
      /12 of the 20 requests that are needed .* about 20 s more/,
    ],
    ['stale data', arm(0, 10, { newestMs: NOW_MS - 9_000 }), /newest numbers of v2 in aws .* are 9 s old/],
    [
      'a client whose Envoys are silent',
      arm(0, 10, { missing: 'no metrics of shop_v2 from the Envoys of gcp' }),
      /Envoys of gcp/,
    ],
    ['numbers that are no counts', arm(0, 10, { problem: 'x_total is not a counter' }), /not a counter/],
  ])('is unknown, never healthy and never a breach, with %s', (_, newArm, reason) => {
    expect(judge(stratum(newArm))).toMatchObject({
      verdict: 'unknown',
      breached: [],
      reason: expect.stringMatching(reason),
    });
  });

  it('says that there are no metrics when neither version has any', () => {
    expect(judge(stratum(noArm, { oldArm: noArm }))).toMatchObject({
      verdict: 'unknown',
      reason: expect.stringContaining('no metrics of v2 in aws'),
    });
  });

  it('is not healthy as a whole while one cluster is idle', () => {
    expect(judge(stratum(arm(0, 10)), stratum(arm(0, 0), { cluster: 'gcp' }))).toMatchObject({
      verdict: 'unknown',
      reason: expect.stringContaining('in gcp'),
    });
  });

  it('names the cluster that breaches, and only that', () => {
    expect(judge(stratum(arm(0, 10)), stratum(arm(3, 10), { cluster: 'gcp' }))).toMatchObject({
      verdict: 'breach',
      breached: ['gcp'],
    });
  });

  it('pools clusters: a breach that none shows alone is a breach without a cluster to blame', () => {
    const few = (cluster: string): StratumCounts => {
      const cells = arm(0, 4).cells.map((cell, i) => ({ ...cell, bad: i % 8 === 0 ? 1 : 0 }));
      return stratum({ ...arm(0, 4), cells }, { cluster });
    };
    const many = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map(few);
    expect(judge(...many)).toMatchObject({
      verdict: 'breach',
      breached: [],
      reason: expect.stringContaining('over all clusters'),
    });
  });
});

describe('arms', () => {
  const labels = { service_version: 'v2', k8s_cluster_name: 'aws', instance: 'pod' };
  const points = (values: readonly number[]) => values.map((value, i) => ({ atMs: (i + 1) * 1000, value }));

  it('counts 5xx as bad, 4xx as the caller’s fault', () => {
    const counted = countIncrements(
      ['200', '404', '503'].map((code) => ({
        labels: { ...labels, http_response_status_code: code },
        samples: points([1, 11]),
      })),
      0,
    );
    expect(sumCells(serverErrorArm(counted, { cluster: 'aws', version: 'v2' }).cells, 0)).toEqual({
      total: 30,
      bad: 10,
    });
  });

  it('counts slow requests as all less those in the bucket of the threshold, whichever way the edge is written', () => {
    const bucket = (le: string, values: readonly number[]) => ({ labels: { ...labels, le }, samples: points(values) });
    const counted = countIncrements([bucket('1.0', [5, 12]), bucket('+Inf', [5, 15])], 0);
    const of = { cluster: 'aws', version: 'v2' };
    expect(sumCells(serverLatencyArm(counted, { ...of, thresholdS: 1 }).cells, 0)).toEqual({ total: 10, bad: 3 });
  });

  it('does not take a missing bucket edge for slow requests', () => {
    const counted = countIncrements([{ labels: { ...labels, le: '+Inf' }, samples: points([5, 15]) }], 0);
    const slow = serverLatencyArm(counted, { cluster: 'aws', version: 'v2', thresholdS: 0.3 });
    expect(slow).toMatchObject({ cells: [], problem: 'the histogram has no bucket edge at 0.3 s' });
  });
});
