import { describe, expect, it } from '@jest/globals';
import { sumCells } from '../../../../core/judge/arms/arms.ts';
import { countIncrements } from '../../../../core/judge/series/counters.ts';
import type { RawSeries } from '../../../../core/judge/series/raw-series.ts';
import {
  envoyLatencyArm,
  serverHistograms,
  serverLatencyArm,
  sharedEdges,
  slowerThan,
} from '../../../../core/judge/arms/latency.ts';

const HTTP = 'http_server_request_duration_seconds_bucket';

/** Cumulative counts by edge, at 1 s, 2 s, …; one process. */
const histogram = (labels: Record<string, string>, buckets: Readonly<Record<string, readonly number[]>>): RawSeries[] =>
  Object.entries(buckets).map(([le, values]) => ({
    labels: { __name__: HTTP, k8s_cluster_name: 'aws', instance: 'pod', service_version: 'v2', ...labels, le },
    samples: values.map((value, i) => ({ atMs: (i + 1) * 1_000, value })),
  }));
const count = (...raw: (readonly RawSeries[])[]) => countIncrements(raw.flat(), 0);
const of = (version: string) => ({ cluster: 'aws', version });
const slow = (counted: ReturnType<typeof count>, thresholdS: number) => {
  const arm = serverLatencyArm(counted, { ...of('v2'), thresholdS });
  return { ...sumCells(arm.cells, 0), problem: arm.problem, note: arm.note };
};

describe('slow requests', () => {
  it('are all less those at or below the edge, summed over the pods of a version', () => {
    const counted = count(
      histogram({ instance: 'a' }, { '0.25': [0, 8], '+Inf': [0, 10] }),
      histogram({ instance: 'b' }, { '0.25': [0, 1], '+Inf': [0, 5] }),
    );
    expect(slow(counted, 0.25)).toMatchObject({ total: 15, bad: 6, problem: '' });
  });

  it('are counted from 0 in all buckets when the pod restarts inside the window: a reset, not fast requests', () => {
    const counted = count(histogram({}, { '0.25': [4, 5, 20], '+Inf': [90, 100, 22] }));
    expect(slow(counted, 0.25)).toMatchObject({ total: 32, bad: 11, problem: '' });
  });

  it('are counted on when a store changes the spelling of an edge in the middle: 1 and 1.0 are one edge', () => {
    const other = histogram({}, { '+Inf': [0, 10, 20, 30] });
    const early = histogram({}, { '1': [0, 9] });
    const late = histogram({}, { '1.0': [0, 0, 18, 26] }).map((one) => ({ ...one, samples: one.samples.slice(2) }));
    expect(slow(count(other, early, late), 1)).toMatchObject({ total: 30, bad: 4, problem: '' });
    const both = histogram({}, { '1': [0, 9, 18, 26], '1.0': [0, 9, 18, 26] });
    expect(slow(count(other, both), 1)).toMatchObject({ total: 30, bad: 4, problem: '' });
  });

  it('are compared in seconds, whatever the unit of the metric', () => {
    const old = { __name__: 'rpc_server_duration_milliseconds_bucket' };
    const counted = count(
      histogram({ ...old, instance: 'old' }, { '250': [0, 3], '+Inf': [0, 10] }),
      histogram({ instance: 'new' }, { '0.25': [0, 9], '+Inf': [0, 10] }),
    );
    expect(slow(counted, 0.25)).toMatchObject({ total: 20, bad: 8 });
    const envoy = { __name__: 'envoy_cluster_upstream_rq_time_bucket', envoy_cluster_name: 'shop_v2' };
    const arm = envoyLatencyArm(count(histogram(envoy, { '250.0': [0, 7], '+Inf': [0, 10] })), {
      stat: 'shop_v2',
      clients: ['aws', 'gcp'],
      thresholdS: 0.25,
    });
    expect(sumCells(arm.cells, 0)).toEqual({ total: 10, bad: 3 });
    expect(arm.missing).toBe('no metrics of shop_v2 from the Envoys of gcp');
  });

  it('are counted at the nearest edge of a native histogram, which is said', () => {
    const counted = count(histogram({}, { '0.09892561': [0, 7], '0.125': [0, 8], '+Inf': [0, 10] }));
    expect(slow(counted, 0.1)).toEqual({
      total: 10,
      bad: 3,
      problem: '',
      note: 'counted at 0.0989 s, the bucket edge nearest to 0.1 s',
    });
  });

  it('are unknown when the nearest edge is another objective: 0.35 s are not 0.3 s', () => {
    const counted = count(histogram({}, { '0.25': [0, 6], '0.35': [0, 7], '+Inf': [0, 10] }));
    expect(slow(counted, 0.3)).toMatchObject({
      total: 0,
      problem: 'the histogram has no bucket edge at 0.3 s; the nearest is 0.25 s',
    });
  });

  it.each([
    ['out of order', { '0.25': [0, 12], '+Inf': [0, 10] }, /counts more requests up to 0.25 s than in all/],
    ['without +Inf', { '0.25': [0, 12] }, /no bucket \+Inf/],
    ['with a fraction', { '0.25': [0, 0.5], '+Inf': [0, 10] }, /is not a counter: it has the value 0.5/],
    ['with a number that is none', { '0.25': [0, Number.NaN], '+Inf': [0, 10] }, /has the value NaN/],
    ['below 0', { '0.25': [0, -1], '+Inf': [0, 10] }, /has the value -1/],
    ['that falls again and again', { '0.25': [3, 2, 3, 2, 3, 2], '+Inf': [9, 9, 9, 9, 9, 9] }, /fell 3 times/],
  ])('are unknown, with the reason, in buckets %s', (_, buckets, reason) => {
    expect(slow(count(histogram({}, buckets)), 0.25)).toMatchObject({
      total: 0,
      bad: 0,
      problem: expect.stringMatching(reason),
    });
  });
});

describe('edges at which two arms can be compared', () => {
  const classic = { '0.1': [0, 1], '0.25': [0, 4], '0.5': [0, 6], '+Inf': [0, 10] };
  const native = { '0.125': [0, 2], '0.25': [0, 5], '0.5': [0, 7], '+Inf': [0, 10] };

  it('are those of every histogram of both, and each gives its counts', () => {
    const counted = count(histogram({ service_version: 'v1' }, classic), histogram({}, native));
    const arms = ['v1', 'v2'].map((version) => serverHistograms(counted, of(version)));
    const { edgesS, problem } = sharedEdges(arms);
    expect({ edgesS, problem }).toEqual({ edgesS: [0.25, 0.5], problem: '' });
    expect(edgesS.map((edge) => arms.map((arm) => sumCells(slowerThan(arm, edge).cells, 0).bad))).toEqual([
      [6, 5],
      [4, 3],
    ]);
  });

  it('may be none, which is told: nothing is interpolated', () => {
    const counted = count(
      histogram({ service_version: 'v1' }, { '0.3': [0, 1], '+Inf': [0, 9] }),
      histogram({}, native),
    );
    expect(sharedEdges(['v1', 'v2'].map((version) => serverHistograms(counted, of(version))))).toEqual({
      edgesS: [],
      problem: 'the histograms that are compared have no bucket edge in common',
    });
  });

  it('are none of an arm that sent nothing, which is no problem of edges', () => {
    expect(sharedEdges([serverHistograms(count(), of('v2'))])).toEqual({ edgesS: [], problem: '' });
  });
});
