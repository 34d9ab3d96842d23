/** Simulated stores through a real Prometheus and a real VictoriaMetrics: pods restarted, replaced and missed, replicas, markers, namesakes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { serverErrorArm, sumCells } from '../../../core/judge/arms/arms.ts';
import { originKey } from '../../../core/judge/series/origin.ts';
import type { Labels, RawSeries } from '../../../core/judge/series/raw-series.ts';
import { serverRequests } from '../../../core/judge/series/selectors.ts';
import { countServed } from '../../../core/judge/series/served.ts';
import type { MetricsSource } from '../../../core/judge/series/source.ts';
import { obtainBinaries } from '../../../infra/lab/binaries.ts';
import { startPrometheus, startVictoriaMetrics } from '../../../infra/lab/observability.ts';
import { createProcessStarter, type ProcessStarter } from '../../../infra/lab/processes/process.ts';
import { createPrometheus } from '../../../platform/metrics/prometheus.ts';
import { remoteWrite } from '../../support/remote-write.ts';
import { simulateStore, type StoredWorld } from '../../support/simulated-store.ts';

const RUNS = 200;
/** What is unknown in a run says nothing of the counts; most must be known. */
const MOST_UNKNOWN = RUNS / 5;

let starter: ProcessStarter;
let dir: string;

beforeAll(async () => {
  const names = ['prometheus', 'victoria-metrics', 'tether'] as const;
  const binaries = await obtainBinaries({ names, report: () => undefined });
  dir = mkdtempSync(join(tmpdir(), 'tidegate-stores-'));
  starter = createProcessStarter({ binaries, logDir: dir });
}, 300_000);
afterAll(async () => {
  await starter.stopAll();
  rmSync(dir, { recursive: true, force: true });
});

interface Store {
  readonly url: string;
  /** Returns when the samples can be read. */
  readonly write: (service: string, series: readonly RawSeries[]) => Promise<void>;
  /** What it adds to the labels of a service's series. */
  readonly adds: (service: string) => Labels;
}

/** Pods push to its OTLP receiver. */
const prometheus = async (): Promise<Store> => {
  const { url } = await startPrometheus(starter, { dir, envoys: [], lateByMs: 3_600_000 });
  return { url, write: (service, series) => push(url, service, series), adds: (service) => ({ job: service }) };
};

/** An agent or a Prometheus writes to it. */
const victoriaMetrics = (dedupMs: number) => async (): Promise<Store> => {
  const own = mkdtempSync(join(dir, 'store-'));
  const { url } = await startVictoriaMetrics(starter, { dir: own, dedupMs });
  const write = async (service: string, series: readonly RawSeries[]): Promise<void> => {
    await remoteWrite(
      url,
      series.map((one) => ({ ...one, labels: { ...one.labels, service_name: service } })),
    );
    await fetch(`${url}/internal/force_flush`);
  };
  return { url, write, adds: () => ({}) };
};

/** Labels that OTLP has in the resource; the others go with the points. */
const RESOURCE: Readonly<Record<string, string>> = {
  service_version: 'service.version',
  k8s_cluster_name: 'k8s.cluster.name',
  k8s_namespace_name: 'k8s.namespace.name',
  instance: 'service.instance.id',
};
/** Flag of a point without a value: Prometheus writes a staleness marker for it. */
const NO_RECORDED_VALUE = 1;

const push = async (url: string, service: string, series: readonly RawSeries[]): Promise<void> => {
  const body = JSON.stringify({ resourceMetrics: series.map((one) => resourceMetrics(service, one)) });
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${url}/api/v1/otlp/v1/metrics`, { method: 'POST', headers, body });
  expect([response.status, await response.text()]).toEqual([200, expect.any(String)]);
};

const attributes = (values: readonly (readonly [string, string])[]): unknown =>
  values.map(([key, value]) => ({ key, value: { stringValue: value } }));

const resourceMetrics = (service: string, { labels, samples }: RawSeries): unknown => {
  const written = Object.entries(labels).filter(([name]) => name !== '__name__' && name !== 'service_name');
  const resource = written.flatMap(([name, value]) =>
    RESOURCE[name] === undefined ? [] : [[RESOURCE[name], value] as const],
  );
  const point = attributes(written.filter(([name]) => RESOURCE[name] === undefined));
  const dataPoints = samples.map(({ atMs, value }) => ({
    attributes: point,
    timeUnixNano: `${atMs}000000`,
    ...(Number.isNaN(value)
      ? { flags: NO_RECORDED_VALUE }
      : { count: String(value), sum: value / 100, explicitBounds: [], bucketCounts: [String(value)] }),
  }));
  const histogram = { aggregationTemporality: 2, dataPoints };
  return {
    resource: { attributes: attributes([['service.name', service], ...resource]) },
    scopeMetrics: [{ metrics: [{ name: 'http.server.request.duration', unit: 's', histogram }] }],
  };
};

interface Run {
  readonly wrong: readonly string[];
  readonly unknown: boolean;
}

const shifted = (series: readonly RawSeries[], byMs: number): RawSeries[] =>
  series.map(({ labels, samples }) => ({
    labels,
    samples: samples.map(({ atMs, value }) => ({ atMs: atMs + byMs, value })),
  }));

const isNumeric = ({ samples }: RawSeries): boolean => samples.some(({ value }) => !Number.isNaN(value));

interface Reader {
  readonly store: Store;
  readonly source: MetricsSource;
}

const check = async ({ store, source }: Reader, world: StoredWorld, seed: number): Promise<Run> => {
  const { story, series, before, startMs, nowMs, truth } = world;
  const service = `checkout-${seed}`;
  const shiftMs = Date.now() - nowMs - 1_000;
  await store.write(service, shifted(series, shiftMs));
  const scope = { service, protocol: 'http', versions: ['v1', 'v2'], clusters: ['aws'] } as const;
  const raw = await source.range({ series: serverRequests(scope), toMs: nowMs + shiftMs, rangeMs: nowMs - startMs });
  // Prometheus leaves staleness markers out, VictoriaMetrics says NaN.
  expect(raw.filter(isNumeric)).toHaveLength(series.filter(isNumeric).length);
  // What a watch remembers of looks before.
  const known = new Set(
    before.map((labels) => originKey({ ...labels, service_name: service, ...store.adds(service) })),
  );
  const of = { namespace: 'shop', service };
  const counted = countServed(raw, { service: of, probeRoutes: undefined, startMs: startMs + shiftMs, known });
  if (counted.problems.length > 0) return { wrong: [], unknown: true };
  const wrong = (['v1', 'v2'] as const).flatMap((version) => {
    const sum = sumCells(serverErrorArm(counted, { cluster: 'aws', version }).cells, 0);
    return (['total', 'bad'] as const).flatMap((which) => {
      const [least, most] = truth[version][which];
      const fits = sum[which] >= least && sum[which] <= most;
      return fits ? [] : [`${version} ${which}: counted ${sum[which]}, sent ${least} to ${most} (${story})`];
    });
  });
  return { wrong, unknown: false };
};

describe.each([
  ['Prometheus', prometheus],
  ['VictoriaMetrics', victoriaMetrics(0)],
  ['VictoriaMetrics that removes duplicates', victoriaMetrics(1_000)],
])('counts through a real %s', (_name, start) => {
  it(`are those that were sent, or unknown with the reason: ${RUNS} stores, none is wrong`, async () => {
    const store = await start();
    const source = createPrometheus({ ref: { url: store.url }, env: {}, now: Date.now });
    const runs: Run[] = [];
    for (let seed = 1; seed <= RUNS; seed++) runs.push(await check({ store, source }, simulateStore(seed), seed));
    await source.close();
    expect(runs.flatMap(({ wrong }) => wrong)).toEqual([]);
    expect(runs.filter(({ unknown }) => unknown).length).toBeLessThan(MOST_UNKNOWN);
  }, 180_000);
});
