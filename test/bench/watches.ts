/**
 * What many rollouts at once ask of a metrics backend: queries per second, the CPU of Prometheus and of the judges, and
 * memory; and how soon a breach is found among them, and where nothing else is watched.
 */
import { MockActivityEnvironment } from '@temporalio/testing';
import { readFileSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createObserveActivities } from '../../activities/observe/index.ts';
import type { WatchSloInput, WatchSloResult } from '../../core/judge/look/watch.ts';
import { obtainBinaries } from '../../infra/lab/binaries.ts';
import { startPrometheus } from '../../infra/lab/observability.ts';
import { createProcessStarter } from '../../infra/lab/processes/process.ts';
import { createMetricsClients } from '../../platform/metrics/clients.ts';
import type { Bench, BenchContext } from './bench.ts';
import { median } from './statistics.ts';
import { noKube } from '../support/no-kube.ts';

const rollouts = 500;
const scrapeMs = 10_000;
/** Until every series has samples to difference, ms. */
const settleMs = 45_000;
const measuredMs = 180_000;
/** Rollouts that breach: as many alone, and as many among all others. */
const breaching = 5;
/** Between two of their faults, so that they come in any phase of the scrapes, ms. */
const apartMs = 2_300;
const cluster = 'aws-us-east-1';

export const watchesBench: Bench = {
  name: 'watches',
  about: `${rollouts} rollouts watched at once: queries per second, CPU of Prometheus and of the judges`,
  repeats: 1,
  async run(context) {
    const seen = await measure(context);
    return {
      title: `${rollouts} rollouts watched at once`,
      settings: {
        metrics: `one Prometheus scrapes ${seen.series} series every ${scrapeMs / 1000} s: per service 2 versions × 2 pods × 2 status codes, and the Envoy’s counters of 2 subsets`,
        judge: 'sequential (default settings), two SLOs: errors as the pods and as the Envoys count them',
        measured: `${measuredMs / 1000} s, after ${settleMs / 1000} s`,
      },
      measures: [
        { what: 'queries per second', unit: '', values: [seen.queriesPerS], bound: { of: 'every', atMost: 100 } },
        { what: 'Prometheus: cores', unit: '', values: [seen.prometheusCores], bound: { of: 'every', atMost: 0.5 } },
        { what: 'all judges: cores', unit: '', values: [seen.judgeCores] },
        { what: 'judge of one rollout: % of a core', unit: '', values: [(100 * seen.judgeCores) / rollouts] },
        { what: 'heap of one watch, MiB', unit: '', values: [seen.heapOfOne / 2 ** 20] },
        { what: `from a fault to its breach, ${breaching} rollouts alone`, unit: 's', values: seen.alone },
        {
          what: `from a fault to its breach, ${breaching} among ${rollouts}`,
          unit: 's',
          values: seen.among,
          bound: { of: 'median', atMost: 2 * median(seen.alone) },
        },
        { what: 'looks that failed', unit: '', values: [seen.failed], bound: { of: 'every', atMost: 0 } },
        { what: 'answers without series', unit: '', values: [seen.empty], bound: { of: 'every', atMost: 0 } },
      ],
      notes: [
        'Queries are counted by Prometheus itself (prometheus_http_requests_total of /api/v1/query); its CPU is that of its process, scraping included.',
        'The judges’ CPU is this process’, which also serves the metrics that are scraped.',
        'A fault: half of the new version’s requests fail from an instant on. The time to the breach has the wait for the next scrape in it, alone and among others alike.',
      ],
    };
  },
};

interface Seen {
  readonly series: number;
  readonly queriesPerS: number;
  readonly prometheusCores: number;
  readonly judgeCores: number;
  readonly failed: number;
  readonly empty: number;
  /** Bytes. */
  readonly heapOfOne: number;
  /** From the fault to the breach, s. */
  readonly alone: readonly number[];
  readonly among: readonly number[];
}

async function measure({ report, signal }: BenchContext): Promise<Seen> {
  const binaries = await obtainBinaries({ names: ['prometheus', 'tether'], report });
  const dir = mkdtempSync(join(tmpdir(), 'tidegate-watches-'));
  const starter = createProcessStarter({ binaries, logDir: dir });
  const startedMs = Date.now();
  const page = createServer((_, response) =>
    response.setHeader('content-type', 'text/plain; version=0.0.4').end(metricsAt(Date.now() - startedMs, faults)),
  );
  const faults = new Map<number, number>();
  const breachOf = async (watching: Promise<unknown>, i: number): Promise<number> => {
    await pause((i % breaching) * apartMs, signal);
    const atMs = Date.now();
    faults.set(i, atMs - startedMs);
    const { verdict, decidedAtMs } = (await watching) as WatchSloResult;
    if (verdict !== 'breach') throw new Error(`the fault of s${i} ended as ${verdict}`);
    return (decidedAtMs - atMs) / 1000;
  };
  const stop = new AbortController();
  try {
    await new Promise<void>((resolve) => page.listen(0, '127.0.0.1', resolve));
    const adminPort = (page.address() as AddressInfo).port;
    const envoys = [{ cluster, node: 'all', adminPort }];
    const { process: prometheus, url } = await startPrometheus(starter, { dir, envoys, scrapeIntervalMs: scrapeMs });
    const clients = createMetricsClients({ env: {}, now: Date.now });
    report('waiting for samples');
    await pause(settleMs, signal);
    let [failed, empty] = [0, 0];
    // Not of the past, which has nothing here.
    const isNow = ({ toMs }: { toMs: number }): boolean => Date.now() - toMs < scrapeMs;
    const { watchSlo } = createObserveActivities({
      ...noKube,
      connectMetrics: async () => {
        const source = clients.connect({ url });
        return {
          clockOffsetMs: (aborted) => source.clockOffsetMs(aborted),
          range: (query, aborted) =>
            source.range(query, aborted).then(
              (series) => ((empty += isNow(query) && series.length === 0 ? 1 : 0), series),
              (error: unknown) => {
                if (aborted?.aborted !== true && (failed += 1) === 1) report(`a look failed: ${String(error)}`);
                throw error;
              },
            ),
        };
      },
      now: Date.now,
    });
    const start = (i: number): Promise<unknown> => watchOne(watchSlo, { i, stop: stop.signal, signal });
    const first = Array.from({ length: breaching }, (_, i) => start(i));
    await pause(settleMs, signal);
    report('faults of rollouts that are watched alone');
    const alone = await Promise.all(first.map((watch, i) => breachOf(watch, i)));
    const heapBefore = heapUsed();
    const watching = Array.from({ length: rollouts }, (_, i) => start(breaching + i));
    await pause(settleMs, signal);
    const heapOfOne = (heapUsed() - heapBefore) / rollouts;
    report(`measuring for ${measuredMs / 1000} s`);
    const before = {
      queries: await queriesOf(url),
      cpu: cpuS(prometheus.pid),
      own: process.cpuUsage(),
      at: Date.now(),
    };
    await pause(measuredMs, signal);
    const seconds = (Date.now() - before.at) / 1000;
    const own = process.cpuUsage(before.own);
    const seen = {
      series: metricsAt(0, faults).split('\n').length,
      queriesPerS: ((await queriesOf(url)) - before.queries) / seconds,
      prometheusCores: (cpuS(prometheus.pid) - before.cpu) / seconds,
      judgeCores: (own.user + own.system) / 1e6 / seconds,
      failed,
      empty,
      heapOfOne,
      alone,
      among: await Promise.all(watching.slice(0, breaching).map((watch, i) => breachOf(watch, breaching + i))),
    };
    stop.abort();
    await Promise.allSettled(watching);
    await clients.close();
    return seen;
  } finally {
    stop.abort();
    page.close();
    page.closeAllConnections();
    await starter.stopAll();
    rmSync(dir, { recursive: true, force: true });
  }
}

interface One {
  readonly i: number;
  readonly stop: AbortSignal;
  readonly signal: AbortSignal;
}

/** Spread over the time between two looks, as rollouts that were started at different times are. */
async function watchOne(
  watchSlo: (input: WatchSloInput) => Promise<WatchSloResult>,
  { i, stop, signal }: One,
): Promise<unknown> {
  await pause((i / rollouts) * scrapeMs, signal);
  const env = new MockActivityEnvironment();
  stop.addEventListener('abort', () => env.cancel());
  const errors = { indicator: { kind: 'errors' }, target: 0.99 } as const;
  const input: WatchSloInput = {
    service: { mesh: 'shop', namespace: 'shop', service: `s${i}`, installation: 'default' },
    strata: [
      {
        serving: cluster,
        share: 50_000,
        newVersion: 'v2',
        oldVersion: 'v1',
        newStat: `shop_s${i}_v2`,
        oldStat: `shop_s${i}_v1`,
        clients: [cluster],
        sinceMs: Date.now(),
      },
    ],
    slos: [
      { name: 'server-errors', source: 'server', ...errors },
      { name: 'envoy-errors', source: 'envoy', ...errors },
    ],
    judge: { type: 'sequential', pollMs: 2_000, alpha: 0.01, beta: 0.05, minRequests: 30, healthyBy: 'either' },
    warmUpMs: 0,
    mode: 'hold',
    bakeMs: 0,
    maxUnknownMs: 0,
  };
  return env.run<[WatchSloInput], WatchSloResult, typeof watchSlo>(watchSlo, input);
}

/** Counters that grow evenly: 100 requests/s a service, 5 % of them to v2, 0.2 % bad; of v2 every second one since a fault. */
function metricsAt(ms: number, faults: ReadonlyMap<number, number>): string {
  const lines: string[] = ['envoy_server_live 1'];
  for (let i = 0; i < rollouts + breaching; i++) {
    for (const [version, perSecond] of [
      ['v1', 95],
      ['v2', 5],
    ] as const) {
      const total = Math.floor((ms / 1000) * perSecond);
      const faultyS = version === 'v1' ? 0 : (ms - (faults.get(i) ?? ms)) / 1000;
      const bad = Math.floor(total * 0.002) + 2 * Math.floor(faultyS * perSecond * 0.25);
      for (const pod of [1, 2]) {
        const labels = `service_name="s${i}",service_version="${version}",pod="s${i}-${version}-${pod}"`;
        const of = (status: number, value: number): string =>
          `http_server_request_duration_seconds_count{${labels},http_response_status_code="${status}"} ${value >> 1}`;
        lines.push(of(200, total - bad), of(500, bad));
      }
      const stat = `envoy_cluster_name="shop_s${i}_${version}"`;
      lines.push(
        `envoy_cluster_upstream_rq_total{${stat}} ${total}`,
        `envoy_cluster_upstream_rq_xx{${stat},envoy_response_code_class="2"} ${total - bad}`,
        `envoy_cluster_upstream_rq_xx{${stat},envoy_response_code_class="5"} ${bad}`,
        `envoy_cluster_upstream_rq_active{${stat}} 1`,
      );
    }
  }
  return `${lines.join('\n')}\n`;
}

/** Garbage is no part of it, where the process was told that it may be collected (node --expose-gc). */
function heapUsed(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

async function queriesOf(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const lines = text
    .split('\n')
    .filter((line) => /^prometheus_http_requests_total\{.*handler="\/api\/v1\/query"/.test(line));
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

/** CPU time of a process so far, s: fields 14 and 15 of /proc/PID/stat, in ticks of 10 ms. */
function cpuS(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => (clearTimeout(timer), reject(signal.reason as Error)), { once: true });
  });
