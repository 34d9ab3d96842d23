import { describe, expect, it } from '@jest/globals';
import { noArm, type Arm } from '../../../../core/judge/arms/arms.ts';
import type { Family, StratumCounts } from '../../../../core/judge/judge.ts';
import { judgeSequential, type SequentialState } from '../../../../core/judge/sequential/judge.ts';
import type { SequentialSettings, Slo } from '../../../../core/judge/settings.ts';
import { combineReadings } from '../../../../core/judge/verdict.ts';
import { armOfShape, steady } from '../../../support/arms.ts';

const slo: Slo = { name: 'errors', source: 'server', indicator: { kind: 'errors' }, target: 0.99 };
const settings: SequentialSettings = {
  type: 'sequential',
  pollMs: 2_000,
  alpha: 0.01,
  beta: 0.05,
  minRequests: 30,
  healthyBy: 'either',
};

interface Scene {
  /** What each cluster's arms are at an instant. */
  readonly clusters: Readonly<Record<string, (nowMs: number) => { newArm: Arm; oldArm?: Arm }>>;
  readonly untilMs: number;
  readonly settings?: SequentialSettings;
  readonly family?: Family;
}

/** Looks every 2 s, as a watch does, and stops at a breach. */
const watch = ({ clusters, untilMs, family, ...more }: Scene) => {
  let state: SequentialState | null = null;
  for (let nowMs = 2_000; ; nowMs += 2_000) {
    const strata = Object.entries(clusters).map(([cluster, arms]): StratumCounts => {
      const { newArm, oldArm } = arms(nowMs);
      const compared = oldArm !== undefined;
      const comparison = { compared, edges: {} };
      const whole = { newWhole: { total: 0, bad: 0 }, oldWhole: { total: 0, bad: 0 } };
      const oldVersion = compared ? 'v1' : '';
      return {
        cluster,
        newVersion: 'v2',
        oldVersion,
        newArm,
        oldArm: oldArm ?? noArm,
        ...whole,
        sinceMs: 0,
        comparison,
      };
    });
    const look = { slo, settings: more.settings ?? settings, nowMs, staleMs: 10_000, strata, intervalMs: 2_000 };
    const judged = judgeSequential(family === undefined ? look : { ...look, family }, state);
    state = judged.state;
    const verdict = combineReadings(judged.readings);
    if (verdict.verdict === 'breach' || nowMs >= untilMs)
      return { ...verdict, nowMs, readings: judged.readings, state: judged.state };
  }
};

const arms =
  (newer: [number, number], older: [number, number]) =>
  (untilMs: number): { newArm: Arm; oldArm: Arm } => ({
    newArm: armOfShape({ count: steady(...newer), untilMs }),
    oldArm: armOfShape({ count: steady(...older), untilMs }),
  });

describe('the sequential judge', () => {
  it('breaches within two looks of 20 % errors, with both versions, the bound and the evidence in one sentence', () => {
    const seen = watch({ clusters: { aws: arms([20, 4], [380, 1]) }, untilMs: 60_000 });
    expect(seen).toMatchObject({ verdict: 'breach', breached: ['aws'] });
    expect(seen.nowMs).toBeLessThanOrEqual(4_000);
    expect(seen.reason).toMatch(
      /^v2 in aws failed \d+ of \d+ \(20 %\) requests as its pods count them, v1 \d+ of \d+ \(.*\) in the same time, at least [\d.]+ times as often: evidence .*, a breach from 100 : 1 on$/,
    );
  });

  /** Good, and from an instant on a few errors in every interval; all of it counted by one process. */
  const onset = (perInterval: number) => (untilMs: number) => {
    const alone = (arm: Arm): Arm => ({ ...arm, pods: [arm.cells] });
    return {
      newArm: alone(
        armOfShape({ untilMs, count: (fromMs) => ({ total: 20, bad: fromMs >= 20_000 ? perInterval : 0 }) }),
      ),
      oldArm: alone(armOfShape({ untilMs, count: steady(380, 0) })),
    };
  };

  it.each([3, 5, 8])(
    'breaches at the first sample of a process with %d errors after none: an onset is no burst',
    (bad) => {
      const seen = watch({ clusters: { aws: onset(bad) }, untilMs: 60_000 });
      expect(seen).toMatchObject({ verdict: 'breach', breached: ['aws'], nowMs: 22_000 });
    },
  );

  it('takes what a process has shown once for a burst from the next sample on', () => {
    const burst = (untilMs: number) => {
      const { newArm, oldArm } = onset(0)(untilMs);
      const cells = newArm.cells.map((cell) => ({
        ...cell,
        bad: cell.atMs === 22_000 || cell.atMs === 40_000 ? 4 : 0,
      }));
      return { newArm: { ...newArm, cells, pods: [cells] }, oldArm };
    };
    const phiAt = (untilMs: number) =>
      watch({ clusters: { aws: burst }, untilMs, settings: { ...settings, alpha: 1e-9 } }).readings[0]?.evidence?.phi;
    expect(phiAt(22_000)).toBe(1);
    expect(phiAt(24_000)).toBeGreaterThan(1.1);
    expect(phiAt(46_000)).toBeGreaterThan(phiAt(24_000) ?? NaN);
  });

  it('needs less in the cluster that it watches first, and says how much', () => {
    const family = { clusters: 3, part: 0.3 };
    const seen = watch({ clusters: { aws: onset(3) }, untilMs: 60_000, family });
    expect(seen).toMatchObject({ verdict: 'breach', breached: [], nowMs: 22_000 });
    expect(seen.reason).toMatch(/evidence \d+ : 1, a breach from 330 : 1 on/);
    expect(seen.state.evidence.first).toEqual(['aws']);
  });

  it('is unknown, with the time that is left, until a good version is shown to keep its objective', () => {
    const early = watch({ clusters: { aws: arms([20, 0], [380, 0]) }, untilMs: 10_000 });
    expect(early).toMatchObject({ verdict: 'unknown' });
    expect(early.reason).toMatch(/healthy in about \d+(\.\d)? s at this traffic/);
    const later = watch({ clusters: { aws: arms([20, 0], [380, 0]) }, untilMs: 60_000 });
    expect(later).toMatchObject({ verdict: 'healthy' });
    expect(later.readings[0]?.reason).toContain('within the 1 % that are allowed, 95 % sure');
  });

  it('asks for the comparison where healthyBy says so: a kept objective does not promote a worse version', () => {
    const clusters = { aws: arms([100, 0], [1_900, 0]) };
    const comparison: SequentialSettings = { ...settings, healthyBy: 'comparison' };
    expect(watch({ clusters, untilMs: 60_000, settings: comparison })).toMatchObject({ verdict: 'unknown' });
    const alike = { aws: arms([500, 5], [500, 5]) };
    const seen = watch({ clusters: alike, untilMs: 240_000, settings: comparison });
    expect(seen).toMatchObject({ verdict: 'healthy' });
    expect(seen.readings[0]?.reason).toContain('not 1.5 times as often or more, 95 % sure');
  });

  it('names the one bad cluster of three, not the others', () => {
    const good = arms([20, 0], [380, 0]);
    const family = { clusters: 3, part: 1 };
    const seen = watch({
      clusters: { aws: good, gcp: arms([20, 4], [380, 0]), onprem: good },
      untilMs: 60_000,
      family,
    });
    expect(seen).toMatchObject({ verdict: 'breach', breached: ['gcp'] });
  });

  it('finds what every cluster shows a little of, and names none', () => {
    const worse = arms([200, 3], [3_800, 38]);
    const clusters = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`c${i}`, worse]));
    const seen = watch({ clusters, untilMs: 1_200_000, family: { clusters: 8, part: 1 } });
    const alone = watch({ clusters: { c0: worse }, untilMs: 1_200_000 });
    expect(seen.verdict).toBe('breach');
    expect(seen.nowMs).toBeLessThan(alone.nowMs / 2);
  });

  const outage =
    (perSecond: number, share: number, phaseMs: number) =>
    (untilMs: number): Arm =>
      armOfShape({
        untilMs,
        phaseMs,
        count: (fromMs, atMs) => {
          const total = Math.round((perSecond * share * (atMs - fromMs)) / 1_000);
          const outMs = Math.max(0, Math.min(atMs, 31_000) - Math.max(fromMs, 21_000));
          return { total, bad: Math.round((total * 0.5 * outMs) / (atMs - fromMs)) };
        },
      });

  it('holds no shared outage against the new version, also when the arms are sampled at different instants', () => {
    for (const phaseMs of [0, 500, 1_000, 1_500]) {
      const both = (untilMs: number) => ({
        newArm: outage(1_000, 0.05, phaseMs)(untilMs),
        oldArm: outage(1_000, 0.95, 0)(untilMs),
      });
      const seen = watch({ clusters: { aws: both }, untilMs: 60_000 });
      expect({ phaseMs, verdict: seen.verdict }).not.toEqual({ phaseMs, verdict: 'breach' });
    }
  });

  it('judges the objective alone at a whole share, and says that nobody is left to compare with', () => {
    const whole = (bad: number) => (untilMs: number) => ({ newArm: armOfShape({ count: steady(400, bad), untilMs }) });
    expect(watch({ clusters: { aws: whole(40) }, untilMs: 30_000 })).toMatchObject({ verdict: 'breach' });
    const good = watch({ clusters: { aws: whole(0) }, untilMs: 30_000 });
    expect(good.verdict).toBe('healthy');
    expect(good.readings[0]?.reason).toContain('nobody is left to compare with');
  });

  it('finds a fault that begins after an hour of good requests as soon as a young one within a factor of two', () => {
    const begins = (atStartMs: number) => (untilMs: number) => ({
      newArm: armOfShape({ untilMs, count: (fromMs) => ({ total: 100, bad: fromMs >= atStartMs ? 2 : 0 }) }),
      oldArm: armOfShape({ untilMs, count: (_, atMs) => ({ total: 1_900, bad: atMs % 4_000 === 0 ? 4 : 3 }) }),
    });
    const young = watch({ clusters: { aws: begins(0) }, untilMs: 600_000 }).nowMs;
    const late = watch({ clusters: { aws: begins(3_600_000) }, untilMs: 4_500_000 }).nowMs - 3_600_000;
    expect(late).toBeLessThan(2 * young + 4_000);
  }, 60_000);

  it('is unknown without requests, without fresh numbers and with numbers that are no counts', () => {
    const silent = arms([0, 0], [400, 0]);
    expect(watch({ clusters: { aws: silent }, untilMs: 20_000 }).reason).toContain('untested');
    const stale = () => arms([20, 0], [380, 0])(4_000);
    expect(watch({ clusters: { aws: stale }, untilMs: 40_000 })).toMatchObject({
      verdict: 'unknown',
      reason: expect.stringContaining('old'),
    });
    const odd = (untilMs: number) => {
      const both = arms([20, 20], [380, 0])(untilMs);
      return { ...both, newArm: { ...both.newArm, problem: 'a counter has the value NaN' } };
    };
    expect(watch({ clusters: { aws: odd }, untilMs: 20_000 })).toMatchObject({
      verdict: 'unknown',
      reason: 'a counter has the value NaN',
    });
  });

  it('keeps a state that does not grow with time and survives JSON', () => {
    const scene = (untilMs: number) => watch({ clusters: { aws: arms([20, 0], [380, 2]) }, untilMs }).state;
    const [short, long] = [scene(20_000), scene(1_200_000)].map((state) => JSON.stringify(state).length);
    expect(long).toBeLessThan((short ?? 0) * 1.6);
    expect(JSON.parse(JSON.stringify(scene(20_000)))).toEqual(scene(20_000));
  });
});
