/** verifyRouting and watchSlo against a real Prometheus and a real Envoy under traffic. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createObserveActivities } from '../../../activities/observe/index.ts';
import { createVerifyActivities } from '../../../activities/verify/index.ts';
import { sumCells } from '../../../core/judge/arms/arms.ts';
import { envoyHistograms, sharedEdges, slowerThan } from '../../../core/judge/arms/latency.ts';
import type { WatchSloInput, WatchSloResult } from '../../../core/judge/look/watch.ts';
import type { VerifyRoutingInput } from '../../../core/judge/proof/proof.ts';
import { countIncrements } from '../../../core/judge/series/counters.ts';
import { envoyBuckets } from '../../../core/judge/series/selectors.ts';
import { createMetricsClients } from '../../../platform/metrics/clients.ts';
import { assertEventually } from '../../support/eventually.ts';
import { rigNames, startRig, type Rig } from './rig.ts';
import { noKube } from '../../support/no-kube.ts';

const { service, cluster, node, oldStat, newStat } = rigNames;
const clients = createMetricsClients({ env: {}, now: Date.now });
const deps = { connectMetrics: async () => clients.connect({ url: rig.url }), now: Date.now };
const { verifyRouting } = createVerifyActivities(deps);
const { watchSlo } = createObserveActivities({ ...deps, ...noKube });
let rig: Rig;

/** Runs an activity as a worker would. */
const run = <Input, Result>(
  activity: (input: Input) => Promise<Result>,
  input: Input,
  env = new MockActivityEnvironment(),
): Promise<Result> => env.run<[Input], Result, (input: Input) => Promise<Result>>(activity, input);

const serviceRef = { mesh: 'shop', namespace: 'shop', service, installation: 'default' };
const verify = (
  more: Partial<VerifyRoutingInput> & { weights: Record<string, number>; withdrawn?: string[]; writtenAtMs: number },
) =>
  run(verifyRouting, {
    service: serviceRef,
    mode: more.mode ?? 'forward',
    targets: [
      {
        cluster: { name: cluster, access: { kind: 'kubeconfig', path: '/nowhere' } },
        weights: more.weights,
        withdrawn: more.withdrawn ?? [],
        writtenAtMs: more.writtenAtMs,
      },
    ],
    timeoutMs: more.timeoutMs ?? 15_000,
  } satisfies VerifyRoutingInput);

const watchInput = (sinceMs: number, more: Partial<WatchSloInput> = {}): WatchSloInput => ({
  service: serviceRef,
  strata: [
    {
      serving: cluster,
      share: 50_000,
      newVersion: 'v2',
      oldVersion: 'v1',
      newStat,
      oldStat,
      clients: [cluster],
      sinceMs,
    },
  ],
  slos: [
    { name: 'errors', source: 'server', indicator: { kind: 'errors' }, target: 0.99 },
    { name: 'latency', source: 'server', indicator: { kind: 'latency', thresholdS: 0.25 }, target: 0.95 },
    { name: 'envoy-errors', source: 'envoy', indicator: { kind: 'errors' }, target: 0.99 },
  ],
  judge: { pollMs: 1_000, windowMs: 30_000, minRequests: 20, minBad: 3, alpha: 1e-4 },
  warmUpMs: 0,
  mode: 'bake',
  bakeMs: 8_000,
  maxUnknownMs: 30_000,
  ...more,
});
const watch = (input: WatchSloInput): Promise<WatchSloResult> => run(watchSlo, input);

const share = (percent: number) => ({ [oldStat]: (100 - percent) * 10_000, [newStat]: percent * 10_000 });

beforeAll(async () => {
  rig = await startRig({ rate: 200 });
  await assertEventually(async () => {
    const proof = await verify({ mode: 'entered', weights: share(0), writtenAtMs: Date.now() - 20_000, timeoutMs: 0 });
    expect(proof.result).toBe('verified');
  });
}, 120_000);
afterAll(async () => {
  await rig.stop();
  await clients.close();
});

// A test that fails in the middle of a fault must not be the reason why the next ones fail.
afterEach(() => {
  rig.prometheus.signal('SIGCONT');
  rig.setMode({ kind: 'serve', errorRatio: 0 });
});

describe('verifyRouting', () => {
  it('entered: contradicts, with names, when an Envoy does not know a subset', async () => {
    const weights = { ...share(0), shop_v9: 0 };
    const result = await verify({ mode: 'entered', weights, writtenAtMs: Date.now() - 5_000, timeoutMs: 0 });
    expect(result).toMatchObject({
      result: 'contradicted',
      proofs: [{ cluster, instance: node, reason: expect.stringContaining('does not know shop_v9') }],
    });
  });

  it('forward: contradicts weights that Envoy was never given', async () => {
    const result = await verify({ weights: share(25), writtenAtMs: Date.now(), timeoutMs: 6_000 });
    expect(result).toMatchObject({
      result: 'contradicted',
      proofs: [{ instance: node, reason: expect.stringContaining('should get') }],
    });
  }, 30_000);

  it('forward and restored: proves new weights and the way back by the traffic itself', async () => {
    const writtenAtMs = rig.setShare(5);
    const forward = await verify({ weights: share(5), writtenAtMs });
    expect(forward).toMatchObject({ result: 'verified' });
    const backAtMs = rig.setShare(0);
    const restored = await verify({
      mode: 'restored',
      weights: { [oldStat]: 1_000_000 },
      withdrawn: [newStat],
      writtenAtMs: backAtMs,
    });
    expect(restored).toMatchObject({ result: 'verified' });
    console.log(
      `verified after ${forward.verifiedAtMs - writtenAtMs} ms forward, ${restored.verifiedAtMs - backAtMs} ms back`,
    );
  }, 60_000);

  it('is untested without a metrics backend, and with one that is dead', async () => {
    const target = { weights: share(5), writtenAtMs: Date.now(), timeoutMs: 0 };
    const dead = createVerifyActivities({
      ...deps,
      connectMetrics: async () => clients.connect({ url: 'http://127.0.0.1:1' }),
    });
    const input = {
      service: serviceRef,
      mode: 'forward',
      targets: [{ cluster: { name: cluster, access: { kind: 'kubeconfig', path: '' } }, withdrawn: [], ...target }],
      timeoutMs: 0,
    } as const;
    const without = createVerifyActivities({ ...deps, connectMetrics: async () => null });
    const none = await run(without.verifyRouting, input);
    expect(none).toMatchObject({ result: 'untested', proofs: [{ reason: 'no metrics backend is configured' }] });
    const unreachable = await run(dead.verifyRouting, input);
    expect(unreachable).toMatchObject({
      result: 'untested',
      proofs: [{ reason: expect.stringContaining('cannot be read') }],
    });
  });
});

describe('watchSlo', () => {
  it('is unknown, never healthy, while the new version gets no request', async () => {
    const result = await watch(watchInput(Date.now(), { bakeMs: 2_000, maxUnknownMs: 1_000 }));
    expect(result).toMatchObject({
      verdict: 'unknown',
      reason: expect.stringMatching(/no request of v2 in aws-us-east-1 in \d+(\.\d)? s .*: untested/),
    });
  }, 30_000);

  it('calls a healthy canary healthy from both sources, after the whole bake', async () => {
    const sinceMs = rig.setShare(5);
    const result = await watch(watchInput(sinceMs));
    expect(result).toMatchObject({ verdict: 'healthy', breached: [], firstBadAtMs: null });
    expect(result.decidedAtMs - sinceMs).toBeGreaterThanOrEqual(8_000);
    const errors = result.readings.find((reading) => reading.slo === 'errors');
    expect(errors?.newTotal).toBeGreaterThan(40);
    expect(errors?.oldTotal).toBeGreaterThan(1_000);
    expect(JSON.stringify(result).length).toBeLessThan(4_096);
  }, 60_000);

  it('sees 20 % errors in a 5 % canary at 200 requests/s within 8 s of the first bad answer', async () => {
    const watching = watch(watchInput(Date.now() - 10_000, { mode: 'hold' }));
    rig.setMode({ kind: 'serve', errorRatio: 0.2 });
    const result = await watching;
    const delayMs = result.decidedAtMs - (rig.firstBadMs() ?? 0);
    console.log(`breach ${delayMs} ms after the first bad answer: ${result.reason}`);
    expect(result).toMatchObject({ verdict: 'breach', breached: [cluster] });
    expect(result.reason).toMatch(
      /^v2 in aws-us-east-1 failed \d+ of \d+ .*1 % are allowed, chance .*; v1 failed 0 of \d+/,
    );
    expect(Math.abs((result.firstBadAtMs ?? 0) - (rig.firstBadMs() ?? 0))).toBeLessThan(3_000);
    expect(delayMs).toBeLessThanOrEqual(8_000);
  }, 60_000);

  it('judges latency by what the Envoys measure: slow answers of v2 breach, those of v1 stay good', async () => {
    const slos = [
      { name: 'fast', source: 'envoy', indicator: { kind: 'latency', thresholdS: 0.25 }, target: 0.95 },
    ] as const;
    rig.setShare(0);
    await untilQuiet();
    const healthySinceMs = rig.setShare(5);
    const healthy = await watch(watchInput(healthySinceMs, { slos, bakeMs: 12_000 }));
    expect(healthy).toMatchObject({ verdict: 'healthy' });
    const [reading] = healthy.readings;
    expect(reading?.newTotal).toBeGreaterThan(20);
    expect(reading?.oldTotal).toBeGreaterThan(400);
    const slowSinceMs = Date.now();
    rig.setMode({ kind: 'serve', errorRatio: 0, delayMs: 400 });
    const result = await watch(watchInput(healthySinceMs, { slos, mode: 'hold' }));
    console.log(`slow answers called a breach after ${result.decidedAtMs - slowSinceMs} ms: ${result.reason}`);
    expect(result).toMatchObject({
      verdict: 'breach',
      reason: expect.stringMatching(/was slower than 0.25 s for \d+ of \d+ .* as the Envoys count them.*; v1 .* 0 of/),
    });
    const toMs = Date.now();
    const series = envoyBuckets({ stats: [newStat], clusters: [cluster] }, [0.25]);
    const raw = await clients.connect({ url: rig.url }).range({ series, toMs, rangeMs: 60_000 });
    const all = envoyHistograms(countIncrements(raw, toMs - 60_000), { stat: newStat, clients: [cluster] });
    const { edgesS } = sharedEdges([all]);
    expect(edgesS).toEqual(
      expect.arrayContaining([0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]),
    );
    expect(sumCells(slowerThan(all, 0.5).cells, 0).bad).toBeLessThan(sumCells(slowerThan(all, 0.25).cells, 0).bad);
  }, 90_000);

  it('stops pods that accept and hang: no 5xx ever appears, so the attempts at Envoy decide', async () => {
    rig.setShare(0);
    await untilQuiet();
    rig.setMode({ kind: 'hang' });
    const sinceMs = rig.setShare(5);
    const result = await watch(watchInput(sinceMs, { mode: 'hold', warmUpMs: 60_000 }));
    console.log(`breach ${result.decidedAtMs - sinceMs} ms after the write: ${result.reason}`);
    expect(result).toMatchObject({ verdict: 'breach', reason: expect.stringContaining('answer') });
  }, 60_000);

  it('stops pods that crash: they report nothing, Envoy counts its own 503', async () => {
    rig.setShare(0);
    await untilQuiet();
    rig.setMode({ kind: 'crash' });
    const sinceMs = rig.setShare(5);
    const result = await watch(watchInput(sinceMs, { mode: 'hold' }));
    console.log(`breach ${result.decidedAtMs - sinceMs} ms after the write: ${result.reason}`);
    expect(result).toMatchObject({
      verdict: 'breach',
      breached: [cluster],
      reason: expect.stringContaining('as the Envoys count them'),
    });
  }, 60_000);

  it('holds while Prometheus hangs, and goes on with nothing lost when it is back', async () => {
    // A share that changed a moment before this one proves nothing: neither the old nor the new one was there for long.
    rig.setShare(0);
    await untilQuiet();
    const sinceMs = rig.setShare(5);
    await assertEventually(async () =>
      expect((await verify({ weights: share(5), writtenAtMs: sinceMs, timeoutMs: 0 })).result).toBe('verified'),
    );
    let looks = 0;
    const counted = createObserveActivities({
      ...noKube,
      ...deps,
      connectMetrics: async () => {
        const source = await deps.connectMetrics();
        return {
          range: (query, signal) => source.range(query, signal),
          clockOffsetMs: (signal) => {
            looks += 1;
            if (looks === 3) rig.prometheus.signal('SIGSTOP');
            if (looks === 6) rig.prometheus.signal('SIGCONT');
            return source.clockOffsetMs(signal);
          },
        };
      },
    });
    const nowMs = Date.now();
    const result = await run(counted.watchSlo, watchInput(nowMs, { bakeMs: 5_000 }));
    expect(looks).toBeGreaterThanOrEqual(6);
    expect(result).toMatchObject({ verdict: 'healthy' });
    const expected = ((result.decidedAtMs - nowMs) / 1000) * 10;
    const envoy = result.readings.find((reading) => reading.slo === 'envoy-errors');
    expect(envoy?.newTotal).toBeGreaterThan(expected * 0.5);
  }, 90_000);

  it('goes on from its heartbeat in the next attempt', async () => {
    const first = new MockActivityEnvironment();
    let details: unknown;
    first.on('heartbeat', (state: unknown) => (details = state));
    const short = createObserveActivities({ ...noKube, ...deps, attemptMs: 3_000 });
    const sinceMs = Date.now() - 10_000;
    const input = watchInput(sinceMs, { bakeMs: 6_000 });
    await expect(first.run(short.watchSlo, input)).rejects.toMatchObject({
      type: 'WindowEnd',
      nonRetryable: false,
      category: 'BENIGN',
    });
    const second = new MockActivityEnvironment({ heartbeatDetails: details });
    const startedMs = Date.now();
    const result = await run(watchSlo, input, second);
    expect(result.verdict).toBe('healthy');
    expect(result.decidedAtMs - startedMs).toBeLessThan(6_000);
  }, 60_000);

  it('ends at once when it is cancelled', async () => {
    const env = new MockActivityEnvironment();
    const watching = env.run(
      watchSlo,
      watchInput(Date.now(), { mode: 'hold', judge: { ...watchInput(0).judge, pollMs: 30_000 } }),
    );
    await assertEventually(() => env.cancel('CANCELLED'));
    const cancelledMs = Date.now();
    await expect(watching).rejects.toMatchObject({ name: 'CancelledFailure' });
    expect(Date.now() - cancelledMs).toBeLessThan(5_000);
  });
});

/** Until Envoy sends nothing more to v2, so that the next fault begins from nothing. */
const untilQuiet = async (): Promise<void> => {
  const writtenAtMs = Date.now();
  const quiet = await verify({
    mode: 'restored',
    weights: { [oldStat]: 1_000_000 },
    withdrawn: [newStat],
    writtenAtMs,
  });
  expect(quiet.result).toBe('verified');
};
