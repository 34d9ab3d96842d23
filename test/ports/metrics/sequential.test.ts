/** The sequential judge on counts of a real Prometheus, fed by real pods and a real Envoy under traffic. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createObserveActivities } from '../../../activities/observe/index.ts';
import type { WatchSloInput, WatchSloResult } from '../../../core/judge/look/watch.ts';
import type { Slo } from '../../../core/judge/settings.ts';
import { createMetricsClients } from '../../../platform/metrics/clients.ts';
import { assertEventually } from '../../support/eventually.ts';
import { rigNames, startRig, type Rig } from './rig.ts';
import { noKube } from '../../support/no-kube.ts';

const { service, cluster, oldStat, newStat } = rigNames;
const clients = createMetricsClients({ env: {}, now: Date.now });
const { watchSlo } = createObserveActivities({
  ...noKube,
  connectMetrics: async () => clients.connect({ url: rig.url }),
  now: Date.now,
});
let rig: Rig;

const errors: Slo = { name: 'errors', source: 'server', indicator: { kind: 'errors' }, target: 0.99 };
const envoyErrors: Slo = { ...errors, name: 'envoy-errors', source: 'envoy' };
const latency: Slo = { name: 'fast', source: 'server', indicator: { kind: 'latency', thresholdS: 0.25 }, target: 0.95 };

const watch = (sinceMs: number, more: Partial<WatchSloInput> = {}): Promise<WatchSloResult> =>
  new MockActivityEnvironment().run<[WatchSloInput], WatchSloResult, typeof watchSlo>(watchSlo, {
    service: { mesh: 'shop', namespace: 'shop', service, installation: 'default' },
    strata: [
      {
        serving: cluster,
        share: 100_000,
        newVersion: 'v2',
        oldVersion: 'v1',
        newStat,
        oldStat,
        clients: [cluster],
        sinceMs,
      },
    ],
    slos: [errors, envoyErrors],
    judge: { type: 'sequential', pollMs: 1_000, alpha: 0.01, beta: 0.05, minRequests: 30, healthyBy: 'either' },
    warmUpMs: 0,
    mode: 'bake',
    bakeMs: 3_000,
    maxUnknownMs: 60_000,
    clusters: 3,
    ...more,
  });

beforeAll(async () => {
  rig = await startRig({ rate: 200 });
  const sinceMs = Date.now();
  // Prometheus has both versions and the Envoy.
  await assertEventually(async () =>
    expect((await watch(sinceMs, { bakeMs: 0, maxUnknownMs: 0 })).reason).toContain('untested'),
  );
}, 120_000);
afterAll(async () => {
  await rig.stop();
  await clients.close();
});

describe('the sequential judge on real counts', () => {
  it('holds a bake until a clean canary is shown to keep its objective, and says how long that takes', async () => {
    const sinceMs = rig.setShare(10);
    const early = await watch(sinceMs, { bakeMs: 8_000, maxUnknownMs: 0 });
    expect(early).toMatchObject({ verdict: 'unknown' });
    expect(early.reason).toMatch(/healthy in about \d+(\.\d)? (s|min) at this traffic/);
    const result = await watch(sinceMs);
    expect(result).toMatchObject({ verdict: 'healthy', breached: [] });
    const reading = result.readings.find(({ slo }) => slo === 'errors');
    // With 1 % allowed, 0 of fewer than 299 requests can be chance at 5 %.
    expect(reading?.newTotal).toBeGreaterThanOrEqual(299);
    expect(reading).toMatchObject({ newBad: 0, judge: 'sequential', evidence: { log10Needed: expect.any(Number) } });
    expect(JSON.stringify(result).length).toBeLessThan(16_384);
  }, 120_000);

  it('goes on from the evidence of the watch before, and asks each bake for requests of its own', async () => {
    const sinceMs = rig.setShare(10);
    const first = await watch(sinceMs);
    const second = await watch(sinceMs, { evidence: first.evidence ?? {} });
    expect(second.verdict).toBe('healthy');
    expect(second.decidedAtMs - first.decidedAtMs).toBeGreaterThan(3_000);
  }, 120_000);

  it('finds 20 % errors within seconds, names the cluster, and says how much worse it is', async () => {
    const sinceMs = rig.setShare(10);
    await watch(sinceMs);
    const watching = watch(sinceMs, { mode: 'hold' });
    rig.setMode({ kind: 'serve', errorRatio: 0.2 });
    const result = await watching;
    const delayMs = result.decidedAtMs - (rig.firstBadMs() ?? 0);
    rig.setMode({ kind: 'serve', errorRatio: 0 });
    console.log(`breach ${delayMs} ms after the first bad answer: ${result.reason}`);
    expect(result).toMatchObject({ verdict: 'breach', breached: [cluster] });
    expect(result.reason).toMatch(
      /^v2 in aws-us-east-1 failed \d+ of \d+ .*, v1 0 of \d+ .* in the same time.*evidence/,
    );
    expect(delayMs).toBeLessThanOrEqual(10_000);
  }, 60_000);

  it('compares latency at every edge: slow answers below the objective are found by comparison', async () => {
    rig.setShare(0);
    await watch(Date.now(), { bakeMs: 3_000, maxUnknownMs: 0 });
    const sinceMs = rig.setShare(10);
    rig.setMode({ kind: 'serve', errorRatio: 0, delayMs: 60 });
    const result = await watch(sinceMs, { slos: [latency], mode: 'hold' });
    rig.setMode({ kind: 'serve', errorRatio: 0 });
    console.log(`slower, within the objective: ${result.reason}`);
    expect(result).toMatchObject({ verdict: 'breach', breached: [cluster] });
    expect(result.reason).toMatch(/was slower than 0\.0\d+ s for \d+ of \d+ .*, v1 for 0 of/);
  }, 60_000);

  it('lets other judges run in its shadow without a say', async () => {
    rig.setShare(0);
    await watch(Date.now(), { bakeMs: 3_000, maxUnknownMs: 0 });
    const sinceMs = rig.setShare(10);
    const shadow = { windowMs: 10_000, pollMs: 1_000, minRequests: 1, minBad: 1, alpha: 1 };
    const strict: Slo = { ...errors, target: 0.999999, shadow: [shadow] };
    rig.setMode({ kind: 'serve', errorRatio: 0.02 });
    const result = await watch(sinceMs, {
      slos: [{ ...strict, judge: { ...sequentialOf(), alpha: 1e-12 } }],
      bakeMs: 8_000,
      maxUnknownMs: 0,
    });
    rig.setMode({ kind: 'serve', errorRatio: 0 });
    expect(result.readings.filter((one) => one.shadow).map(({ verdict }) => verdict)).toContain('breach');
    expect(result.verdict).toBe('unknown');
  }, 60_000);
});

const sequentialOf = () =>
  ({ type: 'sequential', pollMs: 1_000, alpha: 0.01, beta: 0.05, minRequests: 30, healthyBy: 'either' }) as const;
