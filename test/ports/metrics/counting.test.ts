/** Counts of a real Prometheus against what was sent: resets, gaps, late samples, native histograms, conventions. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { serverErrorArm, sumCells, type Total } from '../../../core/judge/arms/arms.ts';
import { withoutDoubleEmission } from '../../../core/judge/series/conventions.ts';
import { countIncrements, type Counted } from '../../../core/judge/series/counters.ts';
import { serverHistograms, serverLatencyArm, sharedEdges, slowerThan } from '../../../core/judge/arms/latency.ts';
import { obtainBinaries } from '../../../infra/lab/binaries.ts';
import { startPrometheus } from '../../../infra/lab/observability.ts';
import { createProcessStarter, type ProcessStarter } from '../../../infra/lab/processes/process.ts';
import { createPrometheus } from '../../../platform/metrics/prometheus.ts';
import { serverBuckets, serverLatency, serverRequests } from '../../../core/judge/series/selectors.ts';
import type { MetricsSource, SeriesQuery } from '../../../core/judge/series/source.ts';
import { pushTo, type PushedPoint } from './otlp-push.ts';

const RANGE_MS = 120_000;
let starter: ProcessStarter;
let dir: string;
let normal: { url: string; source: MetricsSource };
let custom: { url: string; source: MetricsSource };

beforeAll(async () => {
  const binaries = await obtainBinaries({ names: ['prometheus', 'tether'], report: () => undefined });
  dir = mkdtempSync(join(tmpdir(), 'tidegate-counting-'));
  starter = createProcessStarter({ binaries, logDir: dir });
  const connect = (url: string) => ({ url, source: createPrometheus({ ref: { url }, env: {}, now: Date.now }) });
  const start = (name: string, customBuckets: boolean) =>
    startPrometheus(starter, { dir: mkdtempSync(join(dir, name)), envoys: [], customBuckets, lateByMs: 60_000 });
  normal = connect((await start('normal', false)).url);
  custom = connect((await start('custom', true)).url);
}, 120_000);
afterAll(async () => {
  await Promise.all([normal.source.close(), custom.source.close()]);
  await starter.stopAll();
  rmSync(dir, { recursive: true, force: true });
});

/** Every test counts versions of its own, so that none sees another one's series. */
let versions = 0;
const scene = (backend = normal) => {
  const version = `v${(versions += 1)}`;
  // Samples of the last minute: Prometheus refuses what is much older than its newest, and our clock may be ahead of it.
  const beganMs = Date.now() - 60_000;
  const scope = (protocol: 'http' | 'rpc' = 'http') => ({
    service: 'checkout',
    protocol,
    versions: [version],
    clusters: ['aws'],
  });
  const read = async (series: SeriesQuery, rangeMs = RANGE_MS): Promise<Counted> => {
    const toMs = Date.now();
    const raw = await backend.source.range({ series, toMs, rangeMs });
    return countIncrements(withoutDoubleEmission(raw), toMs - rangeMs);
  };
  const of = { cluster: 'aws', version };
  return {
    of,
    scope,
    read,
    push: (...points: readonly (Partial<PushedPoint> & { atS: number; durations: readonly number[] })[]) =>
      pushTo(backend.url)(
        ...points.map(({ atS, ...point }) => ({
          pod: 'pod-a',
          version,
          startMs: beganMs,
          atMs: beganMs + atS * 1_000,
          ...point,
        })),
      ),
    requests: async (rangeMs = RANGE_MS): Promise<Total> => {
      return sumCells(serverErrorArm(await read(serverRequests(scope()), rangeMs), of).cells, 0);
    },
    slow: async (thresholdS: number): Promise<Total & { problem: string; note?: string }> => {
      const arm = serverLatencyArm(await read(serverLatency(scope(), [thresholdS])), { ...of, thresholdS });
      const { problem, note } = arm;
      return { ...sumCells(arm.cells, 0), problem, ...(note === undefined ? {} : { note }) };
    },
  };
};
/** `fast` requests of 50 ms and `slow` ones of 400 ms. */
const durations = (fast: number, slow = 0): number[] => [
  ...Array.from({ length: fast }, () => 0.05),
  ...Array.from({ length: slow }, () => 0.4),
];

describe('a pod that restarts inside the window', () => {
  it('is a reset of all its series, not a drop: neither requests nor slow ones are lost or invented', async () => {
    const { push, requests, slow } = scene();
    await push({ atS: 1, durations: durations(0) }, { atS: 2, durations: durations(6, 90) });
    // Another process under the same name: more fast requests than before, fewer in all.
    await push({ atS: 12, startMs: Date.now() - 50_000, durations: durations(20, 2) });
    expect(await requests()).toEqual({ total: 96 + 22, bad: 0 });
    expect(await slow(0.25)).toEqual({ total: 96 + 22, bad: 92, problem: '' });
  });

  it('counts on under a new name while its neighbour is seen', async () => {
    const { push, requests } = scene();
    for (let atS = 1; atS <= 30; atS++) await push({ pod: 'neighbour', atS, durations: durations(atS) });
    await push({ pod: 'reborn', atS: 30, durations: durations(7) });
    // From the neighbour's beginning on nothing was missed, so the other one is new: all of its 7 count.
    expect((await requests(60_000)).total).toBe(29 + 7);
    // Before it nobody was seen: the 7 may be older than the range.
    expect((await requests(RANGE_MS)).total).toBe(29);
  });
});

describe('gaps and late samples', () => {
  it('bridge to the next sample exactly: a gap is no zero', async () => {
    const { push, requests, slow } = scene();
    await push({ atS: 1, durations: durations(10) }, { atS: 2, durations: durations(20, 1) });
    await push({ atS: 45, durations: durations(700, 30) });
    expect(await requests()).toEqual({ total: 720, bad: 0 });
    expect(await slow(0.25)).toMatchObject({ total: 720, bad: 30 });
  });

  it('give the same counts in the end, in whatever order the samples came', async () => {
    const { push, requests } = scene();
    await push({ atS: 1, durations: durations(10) });
    await push({ atS: 9, durations: durations(90) });
    const before = await requests();
    await push({ atS: 5, durations: durations(50) });
    expect([before, await requests()]).toEqual([
      { total: 80, bad: 0 },
      { total: 80, bad: 0 },
    ]);
  });

  it('count a sample that arrives after the look at its time in the next look, once', async () => {
    const { push, read, scope, of } = scene();
    await push({ atS: 1, durations: durations(10) }, { atS: 2, durations: durations(20) });
    const first = serverErrorArm(await read(serverRequests(scope())), of);
    await push({ atS: 3, durations: durations(35) });
    const second = serverErrorArm(await read(serverRequests(scope())), of);
    expect(sumCells(first.cells, 0).total).toBe(10);
    expect(sumCells(second.cells, first.newestMs ?? 0).total).toBe(15);
  });
});

describe('native histograms', () => {
  it('are counted exactly, although pods and times have different scales', async () => {
    const { push, requests, slow } = scene();
    await push(
      { atS: 1, scale: 8, durations: durations(1) },
      { atS: 1, scale: 3, pod: 'pod-b', durations: durations(1) },
    );
    // Scale 8 gave way to 2 in pod-a: Prometheus keeps both, the answer is cut at what both have.
    await push(
      { atS: 2, scale: 2, durations: durations(40, 7) },
      { atS: 2, scale: 3, pod: 'pod-b', durations: durations(30, 3) },
    );
    expect(await requests()).toEqual({ total: 78, bad: 0 });
    expect(await slow(0.25)).toEqual({ total: 78, bad: 10, problem: '' });
    expect(await slow(0.5)).toEqual({ total: 78, bad: 0, problem: '' });
  });

  it('give all edges in one query, the same in every arm', async () => {
    const { push, read, scope, of } = scene();
    await push({ atS: 1, scale: 6, durations: durations(1) }, { atS: 2, scale: 6, durations: durations(11, 5) });
    const arm = serverHistograms(await read(serverBuckets(scope(), [0.25])), of);
    const { edgesS, problem } = sharedEdges([arm]);
    expect({ problem, number: edgesS.length, has: edgesS.includes(0.25) }).toEqual({
      problem: '',
      number: 31,
      has: true,
    });
    const bad = edgesS.map((edge) => sumCells(slowerThan(arm, edge).cells, 0).bad);
    expect(bad).toEqual(edgesS.map((edge) => (edge < 0.05 ? 15 : edge < 0.4 ? 5 : 0)));
  });

  it('say which edge stands for an objective that they do not have', async () => {
    const { push, slow } = scene();
    const seen = [...durations(3), 0.098, 0.12];
    await push({ atS: 1, scale: 4, durations: [0.05] }, { atS: 2, scale: 4, durations: seen });
    expect(await slow(0.1)).toEqual({
      total: 4,
      bad: 1,
      problem: '',
      note: 'counted at 0.101 s, the bucket edge nearest to 0.1 s',
    });
  });

  it('that restart are a reset as well', async () => {
    const { push, slow } = scene();
    await push({ atS: 1, scale: 5, durations: durations(2, 90) });
    await push({ atS: 12, scale: 5, startMs: Date.now() - 50_000, durations: durations(20, 1) });
    expect(await slow(0.25)).toEqual({ total: 21, bad: 1, problem: '' });
  });

  it('with custom buckets count like the classic histograms that they were', async () => {
    const { push, requests, slow } = scene(custom);
    await push({ atS: 1, durations: durations(5) }, { atS: 2, durations: durations(45, 6) });
    expect(await requests()).toEqual({ total: 46, bad: 0 });
    for (const thresholdS of [0.1, 0.25]) expect(await slow(thresholdS)).toEqual({ total: 46, bad: 6, problem: '' });
    expect(await slow(0.5)).toMatchObject({ total: 46, bad: 0 });
  });
});

describe('RPC conventions', () => {
  const modern = { name: 'rpc.server.call.duration', unit: 's' } as const;
  const old = { name: 'rpc.server.duration', unit: 'ms' } as const;
  const at = (atS: number, calls: number) => {
    const failed = durations(calls);
    const ms = failed.map((s) => s * 1_000);
    return [
      { atS, pod: 'dual', metric: modern, attributes: { 'rpc.response.status_code': 'INTERNAL' }, durations: failed },
      { atS, pod: 'dual', metric: old, attributes: { 'rpc.grpc.status_code': 13 }, durations: ms },
      { atS, pod: 'old', metric: old, attributes: { 'rpc.grpc.status_code': 5 }, durations: ms },
    ];
  };

  it('are read in one query, new and old, and a pod that reports both counts once', async () => {
    const { push, read, scope, of } = scene();
    await push(...at(1, 1));
    await push(...at(2, 11));
    const counted = await read(serverRequests(scope('rpc')));
    expect(sumCells(serverErrorArm(counted, of).cells, 0)).toEqual({ total: 20, bad: 10 });
    const latency = await read(serverLatency(scope('rpc'), [0.025]));
    expect(sumCells(serverLatencyArm(latency, { ...of, thresholdS: 0.025 }).cells, 0)).toEqual({ total: 20, bad: 20 });
  });
});
