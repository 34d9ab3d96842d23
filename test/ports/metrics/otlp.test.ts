/** OpenTelemetry's own SDK exports to the receiver over HTTP; watches, proofs and probes read their counts from it. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { AggregationTemporality, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { MockActivityEnvironment } from '@temporalio/testing';
import { gzipSync } from 'node:zlib';
import { createObserveActivities } from '../../../activities/observe/index.ts';
import { createVerifyActivities } from '../../../activities/verify/index.ts';
import { look } from '../../../core/judge/look/look.ts';
import { freshState } from '../../../core/judge/look/state.ts';
import type { WatchSloInput } from '../../../core/judge/look/watch.ts';
import type { VerifyRoutingInput } from '../../../core/judge/proof/proof.ts';
import { createMetricsClients } from '../../../platform/metrics/clients.ts';
import { startOtlpReceiver, type OtlpReceiver } from '../../../platform/metrics/otlp/receiver.ts';
import { assertEventually } from '../../support/eventually.ts';
import { metricOf, requestFrom } from '../../unit/metrics/otlp-messages.ts';
import { noKube } from '../../support/no-kube.ts';

let receiver: OtlpReceiver;
beforeAll(async () => {
  receiver = await startOtlpReceiver({ listen: { host: '127.0.0.1', port: 0 }, token: 's3cret', now: Date.now });
});
afterAll(() => receiver.close());
const deps = {
  connectMetrics: async () =>
    createMetricsClients({ env: {}, now: Date.now, otlp: receiver.source }).connect({ kind: 'otlp' }),
  now: Date.now,
};
const run = <Input, Result>(activity: (input: Input) => Promise<Result>, input: Input): Promise<Result> =>
  new MockActivityEnvironment().run<[Input], Result, (input: Input) => Promise<Result>>(activity, input);

const bearer = { authorization: 'Bearer s3cret' };
const serviceRef = { mesh: 'shop', namespace: 'shop', service: 'checkout', installation: 'default' };

/** A pod with OpenTelemetry's SDK; nothing is exported before `flush`. */
const startPod = (
  version: string,
  { cluster, temporality }: { cluster: string; temporality: AggregationTemporality },
) => {
  const reader = new PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter({ url: receiver.url, headers: bearer, temporalityPreference: temporality }),
    exportIntervalMillis: 3_600_000,
  });
  const resource = resourceFromAttributes({
    'service.name': 'checkout',
    'service.version': version,
    'service.instance.id': `${version}-pod`,
    'k8s.cluster.name': cluster,
  });
  const provider = new MeterProvider({ resource, readers: [reader] });
  const duration = provider.getMeter('shop').createHistogram('http.server.request.duration', {
    unit: 's',
    advice: { explicitBucketBoundaries: [0.1, 0.25, 0.5] },
  });
  return {
    serve(count: number, { status = 200, seconds = 0.05 } = {}): void {
      for (let i = 0; i < count; i++) duration.record(seconds, { 'http.response.status_code': status });
    },
    async flush(): Promise<void> {
      // The SDK's clock has whole ms: what is recorded and exported in the same one has "start = time", which to OTLP
      // means that the start is not known.
      const servedMs = Date.now();
      await assertEventually(() => expect(Date.now()).toBeGreaterThan(servedMs));
      await provider.forceFlush();
    },
    stop: () => provider.shutdown(),
  };
};

const watchInput = (cluster: string, sinceMs: number): WatchSloInput => ({
  service: serviceRef,
  strata: [
    {
      serving: cluster,
      share: 50_000,
      newVersion: 'v2',
      oldVersion: 'v1',
      newStat: 'shop_v2',
      oldStat: 'shop_v1',
      clients: [cluster],
      sinceMs,
    },
  ],
  slos: [
    { name: 'errors', source: 'server', indicator: { kind: 'errors' }, target: 0.99 },
    { name: 'latency', source: 'server', indicator: { kind: 'latency', thresholdS: 0.25 }, target: 0.95 },
  ],
  judge: { pollMs: 200, windowMs: 30_000, minRequests: 20, minBad: 3, alpha: 1e-4 },
  warmUpMs: 0,
  mode: 'hold',
  bakeMs: 8_000,
  maxUnknownMs: 30_000,
});

describe.each([
  ['cumulative', AggregationTemporality.CUMULATIVE],
  ['delta', AggregationTemporality.DELTA],
] as const)('pods that export with %s temporality', (name, temporality) => {
  it('are counted to the last request, in any number of exports and looks', async () => {
    const cluster = `aws-${name}`;
    const sinceMs = Date.now();
    const pods = [startPod('v1', { cluster, temporality }), startPod('v2', { cluster, temporality })] as const;
    const [old, canary] = pods;
    let state = freshState(sinceMs);
    const lookNow = async () => {
      const looked = await look(watchInput(cluster, sinceMs), {
        metrics: receiver.source,
        now: Date.now,
        signal: new AbortController().signal,
        state,
      });
      state = { ...looked.state, readings: [] };
      const of = (slo: string) => looked.readings.find((one) => one.slo === slo && one.cluster === cluster);
      return { errors: of('errors'), latency: of('latency') };
    };
    for (let round = 1; round <= 3; round++) {
      old.serve(1_000);
      canary.serve(95);
      canary.serve(3, { seconds: 0.4 });
      canary.serve(2, { status: 503 });
      await Promise.all(pods.map((pod) => pod.flush()));
      await assertEventually(async () => {
        const { errors, latency } = await lookNow();
        expect(errors).toMatchObject({ newTotal: 100 * round, newBad: 2 * round, oldTotal: 1_000 * round, oldBad: 0 });
        expect(latency).toMatchObject({ newTotal: 100 * round, newBad: 3 * round, oldTotal: 1_000 * round, oldBad: 0 });
      });
    }
    await Promise.all(pods.map((pod) => pod.stop()));
  }, 60_000);

  it('end a watch with a breach when the new version fails', async () => {
    const cluster = `gcp-${name}`;
    const { watchSlo } = createObserveActivities({ ...deps, ...noKube });
    const sinceMs = Date.now();
    const pods = [startPod('v1', { cluster, temporality }), startPod('v2', { cluster, temporality })] as const;
    const exporting = setInterval(() => {
      pods[0].serve(500);
      pods[1].serve(80);
      pods[1].serve(20, { status: 500 });
      for (const pod of pods) void pod.flush().catch(() => undefined);
    }, 500);
    const result = await run(watchSlo, watchInput(cluster, sinceMs));
    clearInterval(exporting);
    // One in five, in however many exports the watch saw: none is split, none is counted twice.
    const [errors] = result.readings.filter(({ slo, cluster: of }) => slo === 'errors' && of === cluster);
    expect(result).toMatchObject({ verdict: 'breach', breached: [cluster] });
    expect(errors?.newTotal).toBe(5 * (errors?.newBad ?? 0));
    expect((errors?.newTotal ?? 1) % 100).toBe(0);
    await Promise.all(pods.map((pod) => pod.stop()));
  }, 60_000);
});

describe('Envoys that a collector scrapes', () => {
  const cluster = 'onprem-fra1';
  const ns = (ms: number): string => `${Math.round(ms)}000000`;
  const post = async (request: unknown): Promise<number> => {
    const headers = { ...bearer, 'content-type': 'application/json', 'content-encoding': 'gzip' };
    const body = new Uint8Array(gzipSync(JSON.stringify(request)));
    return (await fetch(receiver.url, { method: 'POST', headers, body })).status;
  };
  /** What the prometheus receiver makes of a scrape: names as they are, the target in the resource. */
  const scrape = (atMs: number, sent: Readonly<Record<string, number>>): Promise<number> => {
    const at = { startNs: ns(Date.now() - 60_000), timeNs: ns(atMs) };
    const subsets = Object.entries(sent).flatMap(([stat, count]) => {
      const attributes = { envoy_cluster_name: stat };
      return [
        metricOf.sum(count, { ...at, attributes, name: 'envoy_cluster_upstream_rq_total' }),
        metricOf.gauge(1, { ...at, attributes, name: 'envoy_cluster_membership_healthy' }),
        metricOf.gauge(0, { ...at, attributes, name: 'envoy_cluster_upstream_rq_active' }),
      ];
    });
    const of = { 'service.name': 'cilium-envoy', 'service.instance.id': 'node-a', 'k8s.cluster.name': cluster };
    const scope = 'github.com/open-telemetry/opentelemetry-collector-contrib/receiver/prometheusreceiver';
    return post(requestFrom({ of, scope }, metricOf.gauge(1, { ...at, name: 'envoy_server_live' }), ...subsets));
  };
  const verify = (more: Partial<VerifyRoutingInput>, writtenAtMs: number) =>
    run(createVerifyActivities(deps).verifyRouting, {
      service: serviceRef,
      mode: 'forward',
      targets: [
        {
          cluster: { name: cluster, access: { kind: 'kubeconfig', path: '/nowhere' } },
          weights: { shop_v1: 900_000, shop_v2: 100_000 },
          withdrawn: [],
          writtenAtMs,
        },
      ],
      timeoutMs: 0,
      ...more,
    });

  it('prove that they know the subsets, and that they split the traffic as written', async () => {
    const writtenAtMs = Date.now() - 20_000;
    for (let i = 0; i < 6; i++) {
      const sent = { shop_v1: 1_000_000 + 900 * i, shop_v2: 100 * i };
      expect(await scrape(writtenAtMs + 2_500 + 3_000 * i, sent)).toBe(200);
    }
    await assertEventually(async () =>
      expect(await verify({ mode: 'entered' }, writtenAtMs)).toMatchObject({ result: 'verified' }),
    );
    expect(await verify({}, writtenAtMs)).toMatchObject({ result: 'verified' });
    const { proofs } = await verify({}, writtenAtMs);
    expect(proofs.map(({ instance }) => instance)).toEqual(['node-a']);
  });
});

describe('probeSlos', () => {
  it('names the clusters that the receiver hears nothing from', async () => {
    const { probeSlos } = createVerifyActivities(deps);
    const slo = { name: 'errors', source: 'server', indicator: { kind: 'errors' }, target: 0.99 } as const;
    const clusters = ['aws-delta', 'nowhere'];
    expect(await run(probeSlos, { service: serviceRef, slos: [slo], clusters })).toEqual([
      expect.stringContaining('no http.server.request.duration from nowhere'),
      expect.stringContaining("remedy for the pods' metrics"),
    ]);
  });
});
