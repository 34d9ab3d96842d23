/** What is said of the metrics before anything is written: refusals with their cause, and notes of the plan. */
import { describe, expect, it } from '@jest/globals';
import { randomFrom } from '../../support/simulated-bakes.ts';
import { createRecordedSource } from '../../../platform/metrics/recorded.ts';
import { measureTraffic } from '../../../activities/verify/measure-traffic.ts';
import { probeSlos } from '../../../activities/verify/probe-slos.ts';
import type { ObserveDeps } from '../../../activities/ports.ts';
import { defaultSlos } from '../../../core/config/defaults.ts';
import type { Labels, RawSeries } from '../../../core/judge/series/raw-series.ts';
import type { SeriesQuery } from '../../../core/judge/series/source.ts';

const NOW_MS = 1_000_000;
const service = { mesh: 'shop', namespace: 'shop', service: 'checkout', installation: 'default' };
const metrics = { url: 'http://prometheus' };
const { signal } = new AbortController();

const series = (labels: Labels, valueAt = (i: number): number => 10 * i): RawSeries => ({
  labels: {
    ...{ __name__: 'http_server_request_duration_seconds_count', k8s_cluster_name: 'aws', instance: 'pod-1' },
    ...{ service_name: 'checkout', service_version: 'v1', http_response_status_code: '200', ...labels },
  },
  samples: Array.from({ length: 20 }, (_, i) => ({ atMs: NOW_MS - 100_000 + 5_000 * i, value: valueAt(i) })),
});
const envoy: RawSeries = {
  labels: { __name__: 'envoy_server_live', k8s_cluster_name: 'aws', instance: 'node-1' },
  samples: [{ atMs: NOW_MS - 1_000, value: 1 }],
};

const depsOf = (all: readonly RawSeries[], asked: SeriesQuery[] = []): ObserveDeps => {
  const source = createRecordedSource(all);
  const range: typeof source.range = (query) => {
    asked.push(query.series);
    return source.range(query);
  };
  return { connectMetrics: async () => ({ ...source, range }), now: () => NOW_MS };
};

const probed = (all: readonly RawSeries[], asked?: SeriesQuery[]): Promise<readonly string[]> =>
  probeSlos(depsOf([...all, envoy], asked), { service, slos: defaultSlos, clusters: ['aws'] }, signal);

describe('probeSlos', () => {
  it('has nothing to say where everything is there, and asks once per SLO', async () => {
    const asked: SeriesQuery[] = [];
    expect(await probed([series({ k8s_namespace_name: 'shop' })], asked)).toEqual([]);
    expect(asked).toHaveLength(2);
  });

  it.each([
    [
      'another name',
      { __name__: 'http_server_duration_milliseconds_count' },
      /stored as http_server_duration_mill.*OPT_IN/,
    ],
    ['another namespace', { k8s_namespace_name: 'pr-417' }, /carry the namespace pr-417, not shop; .*k8sattributes/],
    [
      'a namespace that somebody wrote',
      { service_namespace: 'acme' },
      /carry the namespace acme, not shop; if they are/,
    ],
  ])('refuses what is only there under %s, with the cause, the query and the remedy', async (_, labels, cause) => {
    expect(await probed([series(labels)])).toEqual([
      expect.stringMatching(/^SLO server-errors: no http.server.request.duration from aws in the last 150 s \(http_s/),
    ]);
    expect((await probed([series(labels)]))[0]).toMatch(cause);
  });

  it('refuses deltas, marked ones and unmarked ones', async () => {
    const random = randomFrom(3);
    const jitter = (): number => 400 + Math.floor(50 * random());
    for (const one of [series({ __temporality__: 'delta' }, () => 50), series({}, jitter)])
      expect(await probed([one])).toEqual([
        expect.stringMatching(/^SLO server-errors: .*delta temporality.*cumulative/),
      ]);
  });

  it('refuses instrumentations of which nobody can tell whether they count twice', async () => {
    const both = [series({ otel_scope_name: 'outer' }), series({ otel_scope_name: 'inner' }, (i) => 4 * i)];
    expect(await probed(both)).toEqual([expect.stringContaining('otel_scope_name: inner and outer')]);
  });
});

describe('the notes of a plan', () => {
  const notesFor = async (...all: readonly RawSeries[]): Promise<readonly string[]> => {
    const judge = {
      type: 'threshold',
      pollMs: 2_000,
      windowMs: 30_000,
      minRequests: 20,
      minBad: 3,
      alpha: 1e-4,
    } as const;
    const input = { service, metrics, slos: defaultSlos, judge, strata: [], serving: ['aws'] };
    return (await measureTraffic(depsOf(all), input, signal)).notes ?? [];
  };

  it('say that no label carries a namespace, since a namesake elsewhere would count', async () => {
    expect(await notesFor(series({}))).toEqual([
      expect.stringMatching(
        /^no series of checkout in aws carries a namespace .*namespace count as its own; .*k8sattrib/,
      ),
    ]);
  });

  it.each(['k8s_namespace_name', 'service_namespace', 'namespace', 'exported_namespace'])(
    'say nothing where %s carries it',
    async (label) => expect(await notesFor(series({ [label]: 'shop' }))).toEqual([]),
  );

  it('say nothing of a service that reports nothing: the probe of its SLOs does', async () => {
    expect(await notesFor()).toEqual([]);
  });
});
