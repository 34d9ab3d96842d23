/** Metrics as most users have them: exports every 60 s, scrapes every 30 s. The lab has both every second. */
import { describe, expect, it } from '@jest/globals';
import { look } from '../../../core/judge/look/look.ts';
import { freshState, type WatchState } from '../../../core/judge/look/state.ts';
import type { WatchSloInput } from '../../../core/judge/look/watch.ts';
import type { VerifyRoutingInput } from '../../../core/judge/proof/proof.ts';
import { proveTargets } from '../../../core/judge/proof/prove-targets.ts';
import type { RawSeries } from '../../../core/judge/series/raw-series.ts';
import type { CountSource } from '../../../core/judge/series/source.ts';

const service = { mesh: 'shop', namespace: 'shop', service: 'checkout', installation: 'default' };
const { signal } = new AbortController();

/** Counts grow by `perS` a second from time 0 on and are sampled every `everyMs`, from 10 minutes before. */
const series = (
  labels: Record<string, string>,
  { everyMs, valueAt }: { everyMs: number; valueAt: (ms: number) => number },
): RawSeries => ({
  labels: { k8s_cluster_name: 'aws', instance: 'one', ...labels },
  samples: Array.from({ length: 40 }, (_, i) => {
    const atMs = (i - 10) * everyMs + 10_000;
    return { atMs, value: valueAt(atMs) };
  }),
});

const growing =
  (perS: number) =>
  (ms: number): number =>
    Math.max(0, Math.round((ms / 1000) * perS));

const backend = (all: readonly RawSeries[]): CountSource => ({
  clockOffsetMs: () => Promise.resolve(0),
  range: ({ series: { names }, toMs, rangeMs }) =>
    Promise.resolve(
      all
        .filter(({ labels }) => names.includes(labels['__name__'] ?? ''))
        .map(({ labels, samples }) => ({
          labels,
          samples: samples.filter(({ atMs }) => atMs > toMs - rangeMs && atMs <= toMs),
        }))
        .filter(({ samples }) => samples.length > 0),
    ),
});

describe('watchSlo with exports every 60 s', () => {
  const requests = (version: string, perS: number): RawSeries =>
    series(
      {
        __name__: 'http_server_request_duration_seconds_count',
        service_version: version,
        http_response_status_code: '200',
      },
      { everyMs: 60_000, valueAt: growing(perS) },
    );
  const envoy = (stat: string, perS: number): RawSeries =>
    series(
      { __name__: 'envoy_cluster_upstream_rq_xx', envoy_cluster_name: stat, envoy_response_code_class: '2' },
      { everyMs: 30_000, valueAt: growing(perS) },
    );
  const metrics = backend([requests('v1', 95), requests('v2', 5), envoy('shop_v1', 95), envoy('shop_v2', 5)]);
  const stratum = { serving: 'aws', share: 50_000, newVersion: 'v2', oldVersion: 'v1', clients: ['aws'] };
  const input: WatchSloInput = {
    service,
    strata: [{ ...stratum, newStat: 'shop_v2', oldStat: 'shop_v1', sinceMs: 0 }],
    slos: [
      { name: 'server-errors', source: 'server', indicator: { kind: 'errors' }, target: 0.99 },
      { name: 'envoy-errors', source: 'envoy', indicator: { kind: 'errors' }, target: 0.99 },
    ],
    judge: { pollMs: 2_000, windowMs: 30_000, minRequests: 20, minBad: 3, alpha: 1e-4 },
    warmUpMs: 0,
    mode: 'bake',
    bakeMs: 300_000,
    maxUnknownMs: 0,
  };

  it('asks once per kind of SLO while a new version has no series yet, and for other names when nothing has', async () => {
    const asked = async (all: readonly RawSeries[], nowMs: number): Promise<number> => {
      let queries = 0;
      const counting: CountSource = { ...backend(all), range: (query) => (queries++, backend(all).range(query)) };
      await look(input, { metrics: counting, now: () => nowMs, signal, state: freshState(0) });
      return queries;
    };
    const envoys = [envoy('shop_v1', 95), envoy('shop_v2', 5)];
    expect(await asked([requests('v1', 95), ...envoys], 100_000)).toBe(3);
    expect(await asked(envoys, 10_000)).toBe(3);
    expect(await asked(envoys, 100_000)).toBe(5);
  });

  it('counts every request once and stays healthy between exports', async () => {
    let state: WatchState = {
      schema: 1,
      startedAtMs: 0,
      settledToMs: null,
      settled: {},
      firstBadAtMs: null,
      lookBackMs: null,
      judges: {},
      readings: [],
    };
    const verdicts = new Set<string>();
    let server = 0;
    let client = 0;
    for (let nowMs = 2_000; nowMs <= 600_000; nowMs += 2_000) {
      const looked = await look(input, { metrics, now: () => nowMs, signal, state });
      state = looked.state;
      if (nowMs < 140_000) continue;
      for (const reading of looked.readings) {
        verdicts.add(reading.verdict);
        const before = reading.source === 'server' ? server : client;
        expect(reading.newTotal).toBeGreaterThanOrEqual(before);
        if (reading.source === 'server') server = reading.newTotal;
        else client = reading.newTotal;
      }
    }
    expect([...verdicts]).toEqual(['healthy']);
    // Exports at 10 s, 70 s, …, 550 s; scrapes up to 580 s: 5 a second.
    expect(server).toBeGreaterThanOrEqual(5 * 540);
    expect(server).toBeLessThanOrEqual(5 * 550);
    expect(client).toBeGreaterThanOrEqual(5 * 570);
    expect(client).toBeLessThanOrEqual(5 * 580);
  });
});

describe('verifyRouting with scrapes every 30 s', () => {
  const stats = { shop_v1: 950_000, shop_v2: 50_000 };
  const input: VerifyRoutingInput = {
    service,
    mode: 'forward',
    targets: [
      {
        cluster: { name: 'aws', access: { kind: 'kubeconfig', path: '' } },
        weights: stats,
        withdrawn: [],
        writtenAtMs: 0,
      },
    ],
    timeoutMs: 30_000,
  };
  const sent = (stat: string, perS: number): RawSeries =>
    series(
      { __name__: 'envoy_cluster_upstream_rq_total', envoy_cluster_name: stat },
      { everyMs: 30_000, valueAt: growing(perS) },
    );
  const live = series({ __name__: 'envoy_server_live' }, { everyMs: 30_000, valueAt: () => 1 });
  const metrics = backend([live, sent('shop_v1', 95), sent('shop_v2', 5)]);

  it('proves the weights by the second scrape, and does not call an Envoy silent between two', async () => {
    for (const nowMs of [70_500, 85_000, 99_000]) {
      const { proofs, intervalMs } = await proveTargets(input, { metrics, now: () => nowMs, signal });
      expect(intervalMs).toBe(30_000);
      expect(proofs).toEqual([expect.objectContaining({ instance: 'one', result: 'verified' })]);
    }
  });

  it('leaves out an Envoy that is gone for good', async () => {
    const gone: RawSeries = {
      labels: { ...live.labels, instance: 'gone' },
      samples: live.samples.filter(({ atMs }) => atMs <= 10_000),
    };
    const { proofs } = await proveTargets(input, {
      metrics: backend([live, gone, sent('shop_v1', 95), sent('shop_v2', 5)]),
      now: () => 99_000,
      signal,
    });
    expect(proofs.map(({ instance }) => instance)).toEqual(['one']);
  });
});
