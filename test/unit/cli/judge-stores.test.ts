/** What real stores do to counters, through the command that replays them: each against the same traffic without it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { run } from '../../../cli/program.ts';
import type { RawSeries } from '../../../core/judge/series/raw-series.ts';
import { recordingLines, type Recording } from '../../../core/judge/recording/recording.ts';
import type { SloReading } from '../../../core/judge/slo-reading.ts';
import { SINCE_MS } from '../../support/recorded-traffic.ts';
import { meshText, serviceText } from '../config/documents.ts';
import { relabelled, storedTraffic, withPods } from '../../support/stored-traffic.ts';

/** A replay takes a second; on a machine that is busy with other tests many more. */
const BUSY_MS = 60_000;
const itReplays = (name: string, body: () => Promise<void>): void => it(name, body, BUSY_MS);

const folder = mkdtempSync(join(tmpdir(), 'tidegate-stores-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Look {
  readonly afterMs: number;
  readonly verdict: string;
  readonly reason: string;
  readonly readings: readonly SloReading[];
}

interface Replayed {
  readonly looks: readonly Look[];
  readonly last: Look;
  /** Requests and bad ones of both versions, as the pods count them. */
  readonly counts: readonly number[];
}

const replay = async (recording: Recording, env: Record<string, string> = {}): Promise<Replayed> => {
  const file = join(folder, 'counts.jsonl');
  writeFileSync(file, recordingLines(recording).join('\n'));
  const out: string[] = [];
  await run(['judge', '--counts', file, '-o', 'json'], {
    stdout: (text) => void out.push(text),
    stderr: (text) => {
      throw new Error(text);
    },
    columns: 0,
    env,
    now: () => SINCE_MS + 600_000,
    sleep: async () => undefined,
    signal: new AbortController().signal,
  });
  const looks = out.map((line) => JSON.parse(line) as Look);
  const last = looks.at(-1) as Look;
  const server = last.readings.find(({ source, cluster }) => source === 'server' && cluster === 'aws');
  return {
    looks,
    last,
    counts: [server?.newTotal, server?.newBad, server?.oldTotal, server?.oldBad].map((n) => n ?? -1),
  };
};

const reasons = ({ looks }: Replayed): string => looks.map(({ reason }) => reason).join('\n');

const cut = (series: RawSeries, keep: (s: number) => boolean): RawSeries => ({
  ...series,
  samples: series.samples.filter(({ atMs }) => keep((atMs - SINCE_MS) / 1_000)),
});

const isOld = ({ labels }: RawSeries): boolean => labels['service_version'] === 'v1';

describe('a collector whose exporter is scraped, so that all pods share its instance', () => {
  const behindCollector = (recording: Recording): Recording =>
    withPods(recording, (series) => [
      relabelled(series, { instance: 'otel-collector:8889', service_instance_id: series.labels['instance'] ?? '' }),
    ]);
  const restarts = { restartS: 120, oldCounts: { good: 4_000_000, bad: 9_000 } };

  itReplays('counts as without it when one pod restarts, since every label tells processes apart', async () => {
    const control = await replay(storedTraffic(restarts));
    const shared = await replay(behindCollector(storedTraffic(restarts)));
    expect(shared.last).toEqual(control.last);
    expect(shared.counts[2]).toBeLessThan(20_000);
  });

  itReplays('finds a fault of 4 % no later', async () => {
    const faulty = { ...restarts, newErrors: (s: number) => (s < 90 ? 0.002 : 0.04) };
    const control = await replay(storedTraffic(faulty));
    const shared = await replay(behindCollector(storedTraffic(faulty)));
    expect(control.last.verdict).toBe('breach');
    expect(shared.last).toEqual(control.last);
  });

  itReplays('tells pods apart by the name of the pod alone, too', async () => {
    const byPod = withPods(storedTraffic(restarts), ({ labels: { instance = '', ...labels }, samples }) => [
      { labels: { ...labels, k8s_pod_name: instance }, samples },
    ]);
    expect((await replay(byPod)).counts).toEqual((await replay(storedTraffic(restarts))).counts);
  });
});

describe('a store that switches to a replica which lags', () => {
  const switched = (recording: Recording, backwards: number): Recording =>
    withPods(recording, ({ labels, samples }) => [
      {
        labels,
        samples: samples.map((sample, i) => {
          const before = samples[i - 1];
          const isSwitch = sample.atMs === SINCE_MS + 150_000 && before !== undefined;
          return isSwitch ? { ...sample, value: Math.max(0, before.value - backwards) } : sample;
        }),
      },
    ]);

  itReplays('does not restart by a small step back: no request counts again', async () => {
    const traffic = storedTraffic({ oldCounts: { good: 9_000_000, bad: 20_000 } });
    const [control, back] = [await replay(traffic), await replay(switched(traffic, 20))];
    expect(back.last.verdict).toBe('healthy');
    expect(back.counts).toEqual(control.counts);
  });

  itReplays('makes no breach of few errors that would count twice', async () => {
    const errors = { newErrors: (s: number) => (s > 60 && s < 90 ? 0.03 : 0.002) };
    const [control, back] = [await replay(storedTraffic(errors)), await replay(switched(storedTraffic(errors), 1))];
    expect(back.last.verdict).toBe(control.last.verdict);
    expect(back.counts).toEqual(control.counts);
  });
});

describe('a namesake in another namespace', () => {
  const preview = (labels: Record<string, string>): RawSeries[] =>
    ['200', '500'].map((status) => ({
      labels: {
        ...{ __name__: 'http_server_request_duration_seconds_count', k8s_cluster_name: 'aws' },
        ...{ service_name: 'checkout', service_version: 'v2', instance: 'preview-1' },
        ...{ http_response_status_code: status, ...labels },
      },
      samples: Array.from({ length: 61 }, (_, i) => ({ atMs: SINCE_MS + i * 5_000, value: i * 20 })),
    }));
  const besides = (own: Record<string, string>, theirs: Record<string, string>): Recording => {
    const recording = withPods(storedTraffic(), (series) => [relabelled(series, own)]);
    return { ...recording, series: [...recording.series, ...preview(theirs)] };
  };

  itReplays('shows the hazard: nothing tells them apart when no label carries a namespace', async () => {
    expect((await replay(besides({}, {}))).last.verdict).toBe('breach');
  });

  it.each([
    ['k8s_namespace_name', { k8s_namespace_name: 'shop' }, { k8s_namespace_name: 'pr-417' }],
    ['service_namespace', { service_namespace: 'shop' }, { service_namespace: 'pr-417' }],
    ['the target', { namespace: 'shop' }, { namespace: 'pr-417' }],
    ['job, as Prometheus makes it of OTLP', { job: 'shop/checkout' }, { job: 'pr-417/checkout' }],
    [
      'the pod, whatever people wrote',
      { k8s_namespace_name: 'shop', service_namespace: 'acme' },
      { k8s_namespace_name: 'pr-417', service_namespace: 'acme' },
    ],
    [
      'the target, where both wrote the same',
      { namespace: 'shop', service_namespace: 'shop' },
      { namespace: 'pr-417', service_namespace: 'shop' },
    ],
    [
      'the metric itself, behind a collector',
      { namespace: 'obs', exported_job: 'checkout', exported_namespace: 'shop' },
      { namespace: 'obs', exported_job: 'checkout', exported_namespace: 'pr-417' },
    ],
  ])(
    'does not count where its namespace is told by %s',
    async (_, own, theirs) => {
      const [control, both] = [await replay(storedTraffic()), await replay(besides(own, theirs))];
      expect(both.last.verdict).toBe('healthy');
      expect(both.counts).toEqual(control.counts);
      expect(reasons(both)).toContain('not counted: checkout of namespace pr-417');
    },
    BUSY_MS,
  );

  itReplays('is all that there is: then it is named, and nothing is believed', async () => {
    const foreign = withPods(storedTraffic(), (series) => [relabelled(series, { k8s_namespace_name: 'pr-417' })]);
    const replayed = await replay(foreign);
    expect(replayed.last.verdict).toBe('unknown');
    expect(replayed.last.reason).toContain('pr-417');
  });
});

describe('requests that are stored twice', () => {
  const twice = (label: string, [a, b]: readonly [string, string], lateMs = 1_700): Recording =>
    withPods(storedTraffic(), (series) => [
      relabelled(series, { [label]: a }),
      {
        labels: { ...series.labels, [label]: b },
        samples: series.samples.map(({ atMs, value }, i) => {
          const next = series.samples[i + 1]?.value ?? value;
          return { atMs: atMs + lateMs, value: value + Math.floor(((next - value) * lateMs) / 5_000) };
        }),
      },
    ]);

  it.each([
    ['prometheus_replica', 'prometheus-a', 'prometheus-b'],
    ['__replica__', 'a', 'b'],
    ['replica', '0', '1'],
    ['job', 'pods', 'probes'],
    ['prometheus', 'obs/a', 'obs/b'],
  ])(
    'by two values of %s count once, and the label is named',
    async (label, a, b) => {
      const [control, both] = [await replay(storedTraffic()), await replay(twice(label, [a, b]))];
      expect(both.last.verdict).toBe('healthy');
      const [all = 0, bad] = both.counts;
      // The later replica's samples bring a last look that is a moment later.
      expect(all / (control.counts[0] ?? 0)).toBeCloseTo(1, 1);
      expect(bad).toBe(control.counts[1]);
      expect(reasons(both)).toMatch(new RegExp(`counted once of several .*${label}`));
    },
    BUSY_MS,
  );

  itReplays('by two instrumentations count once, and the label is named', async () => {
    const [control, both] = [
      await replay(storedTraffic()),
      await replay(twice('otel_scope_name', ['asgi', 'fastapi'], 0)),
    ];
    expect(both.counts).toEqual(control.counts);
    expect(reasons(both)).toContain('counted once of several instrumentations of one process: otel_scope_name');
  });

  itReplays('in part, by an instrumentation that sees some of them, are refused', async () => {
    const partly = withPods(storedTraffic(), (series) => [
      relabelled(series, { otel_scope_name: 'outer' }),
      {
        labels: { ...series.labels, otel_scope_name: 'inner' },
        samples: series.samples.map(({ atMs, value }) => ({ atMs, value: Math.floor(value / 2) })),
      },
    ]);
    const { last } = await replay(partly);
    expect(last.verdict).toBe('unknown');
    expect(last.readings.find(({ source }) => source === 'server')?.reason).toContain(
      'otel_scope_name: inner and outer',
    );
  });

  itReplays('are not taken for those: two pods of which each has a replica label of its own', async () => {
    const apart = withPods(storedTraffic(), (series) => [
      relabelled(series, { prometheus_replica: series.labels['instance'] ?? '' }),
    ]);
    expect((await replay(apart)).counts).toEqual((await replay(storedTraffic())).counts);
  });
});

describe('delta temporality', () => {
  const deltas = (labels: Record<string, string>, even?: number): Recording =>
    withPods(storedTraffic(), (series) => [
      {
        labels: { ...series.labels, ...labels },
        samples: series.samples.slice(1).map(({ atMs, value }, i) => {
          return { atMs, value: even ?? value - (series.samples[i]?.value ?? 0) };
        }),
      },
    ]);

  it.each([
    ['by the label that Prometheus gives it', deltas({ __temporality__: 'delta' })],
    ['by that label where every delta is the same', deltas({ __temporality__: 'delta' }, 50)],
    ['by its ups and downs where nothing else says it', deltas({})],
  ])(
    'is named %s, with the remedy',
    async (_, recording) => {
      const { last } = await replay(recording);
      expect(last.verdict).toBe('unknown');
      expect(last.readings.find(({ source }) => source === 'server')?.reason).toMatch(
        /delta temporality.*TEMPORALITY_PREFERENCE=cumulative.*deltatocumulative/,
      );
    },
    BUSY_MS,
  );
});

describe('requests that say nothing of callers, and answers that were none', () => {
  itReplays('probes of a version without callers are no proof of its health', async () => {
    const probes = withPods(storedTraffic(), (series) =>
      isOld(series) ? [series] : [relabelled(series, { http_route: '/healthz' })],
    );
    const { last, counts } = await replay(probes);
    expect(last.verdict).toBe('unknown');
    expect(counts.slice(0, 2)).toEqual([0, 0]);
    expect(last.reason).toContain('no request of v2');
  });

  itReplays('probes do not dilute the errors of callers', async () => {
    const control = await replay(storedTraffic());
    const diluted = withPods(storedTraffic(), (series) => [
      relabelled(series, { http_route: '/cart' }),
      ...['/readyz', '/livez/'].map((http_route) => relabelled(series, { http_route })),
      relabelled(series, { http_route: '/probe', user_agent_original: 'kube-probe/1.34' }),
    ]);
    expect((await replay(diluted)).counts).toEqual(control.counts);
  });

  it(
    'are told by the list of the Service document, where it has one',
    async () => {
      const config = join(folder, 'config');
      mkdirSync(config);
      writeFileSync(join(config, 'mesh.yaml'), meshText);
      writeFileSync(join(config, 'checkout.yaml'), serviceText('  probeRoutes: [/internal/ready]\n'));
      const at = (http_route: string): Recording =>
        withPods(storedTraffic(), (series) => (isOld(series) ? [series] : [relabelled(series, { http_route })]));
      const env = { TIDEGATE_CONFIG: config };
      expect((await replay(at('/internal/ready'), env)).counts.slice(0, 2)).toEqual([0, 0]);
      expect((await replay(at('/healthz'), env)).last.verdict).toBe('healthy');
    },
    BUSY_MS,
  );

  itReplays('an error.type without a status is bad', async () => {
    const failing = withPods(storedTraffic(), (series) => {
      const { http_response_status_code: status, ...labels } = series.labels;
      if (isOld(series) || status !== '200') return [series];
      const timeouts = series.samples.map(({ atMs, value }) => ({ atMs, value: Math.floor(value / 3) }));
      return [series, { labels: { ...labels, error_type: 'TimeoutError' }, samples: timeouts }];
    });
    const { last } = await replay(failing);
    expect(last.verdict).toBe('breach');
  });
});

describe('a staleness marker', () => {
  itReplays('ends a series, and nothing becomes unknown by it', async () => {
    const ended = withPods(storedTraffic(), (series) => {
      if (series.labels['instance'] !== 'v1-1') return [series];
      const before = cut(series, (s) => s < 105);
      return [{ ...before, samples: [...before.samples, { atMs: SINCE_MS + 105_000, value: Number.NaN }] }];
    });
    const gone = withPods(storedTraffic(), (series) =>
      series.labels['instance'] === 'v1-1' ? [cut(series, (s) => s < 105)] : [series],
    );
    const [marked, control] = [await replay(ended), await replay(gone)];
    expect(marked.last).toEqual(control.last);
    expect(marked.last.verdict).toBe('healthy');
  });

  itReplays('in the middle is a scrape that failed: what comes after goes on from before', async () => {
    const missed = withPods(storedTraffic(), (series) => [
      {
        ...series,
        samples: series.samples.map((sample) =>
          sample.atMs === SINCE_MS + 100_000 ? { ...sample, value: Number.NaN } : sample,
        ),
      },
    ]);
    expect((await replay(missed)).counts).toEqual((await replay(storedTraffic())).counts);
  });
});

describe('the same requests under another name', () => {
  const named = (name: string, dotted = false): Recording =>
    withPods(storedTraffic(), ({ labels, samples }) => {
      const all = dotted
        ? Object.entries(labels).map(([key, value]) => [dots[key] ?? key, value] as const)
        : Object.entries(labels);
      return [{ labels: { ...Object.fromEntries(all), __name__: name }, samples }];
    });
  const dots: Readonly<Record<string, string>> = {
    service_name: 'service.name',
    service_version: 'service.version',
    k8s_cluster_name: 'k8s.cluster.name',
    http_response_status_code: 'http.response.status_code',
  };

  it.each([
    ['http_server_duration_milliseconds', named('http_server_duration_milliseconds_count'), 'STABILITY_OPT_IN=http'],
    ['http_server_request_duration', named('http_server_request_duration_count'), 'add_metric_suffixes'],
    [
      'http.server.request.duration_seconds',
      named('http.server.request.duration_seconds_count', true),
      'translation_strategy: UnderscoreEscapingWithSuffixes',
    ],
    ['http.server.duration', named('http.server.duration_count', true), 'STABILITY_OPT_IN=http'],
  ])(
    '%s is recognised, and named with the remedy',
    async (name, recording, remedy) => {
      const { last } = await replay(recording);
      expect(last.verdict).toBe('unknown');
      const { reason } = last.readings.find(({ source }) => source === 'server') ?? { reason: '' };
      expect(reason).toContain(`stored as ${name}, `);
      expect(reason).toContain(remedy);
    },
    BUSY_MS,
  );
});
