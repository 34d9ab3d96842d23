/** A look of the whole watch at an adoption: what Envoy refuses itself ends it, though every SLO is kept. */
import { describe, expect, it } from '@jest/globals';
import { look } from '../../../../core/judge/look/look.ts';
import { freshState, resumedState } from '../../../../core/judge/look/state.ts';
import type { WatchSloInput } from '../../../../core/judge/look/watch.ts';
import type { CountSource, SeriesQuery } from '../../../../core/judge/series/source.ts';
import { combineReadings } from '../../../../core/judge/verdict.ts';

type RawSeries = Awaited<ReturnType<CountSource['range']>>[number];

const NOW_MS = 600_000;
const SINCE_MS = NOW_MS - 60_000;
const { signal } = new AbortController();

const input: WatchSloInput = {
  service: { installation: 'main', mesh: 'shop', namespace: 'shop', service: 'checkout' },
  strata: [
    {
      ...{ serving: 'aws', share: 1_000_000, newVersion: 'v1', oldVersion: '', newStat: 'shop_v1', oldStat: '' },
      ...{ clients: ['aws'], sinceMs: SINCE_MS },
    },
  ],
  slos: [{ name: 'errors', source: 'server', target: 0.99, indicator: { kind: 'errors' } }] as WatchSloInput['slos'],
  judge: { type: 'threshold', windowMs: 30_000, pollMs: 2_000 } as WatchSloInput['judge'],
  warmUpMs: 0,
  mode: 'bake',
  bakeMs: 60_000,
  maxUnknownMs: 60_000,
};

/** One sample a second since the share was written. */
const counter = (name: string, perSecond: number, labels: Record<string, string> = {}): RawSeries => ({
  labels: { __name__: name, k8s_cluster_name: 'aws', instance: 'one', ...labels },
  samples: Array.from({ length: 61 }, (_, s) => ({
    atMs: SINCE_MS + s * 1000,
    value: perSecond * s,
    startMs: SINCE_MS,
  })),
});

const metricsWith = (refusedPerSecond: number): CountSource & { readonly asked: SeriesQuery[] } => {
  const prefix = { envoy_http_conn_manager_prefix: 'shop_checkout' };
  const all = [
    counter('envoy_http_downstream_rq_total', 20 + refusedPerSecond, prefix),
    counter('envoy_http_rq_total', 20, prefix),
    counter('envoy_http_downstream_rq_xx', refusedPerSecond, { ...prefix, envoy_response_code_class: '4' }),
    counter('http_server_request_duration_seconds_count', 20, {
      ...{ service_name: 'checkout', service_version: 'v1', http_response_status_code: '200' },
    }),
  ];
  const asked: SeriesQuery[] = [];
  return {
    asked,
    clockOffsetMs: () => Promise.resolve(0),
    range: ({ series }) => {
      asked.push(series);
      return Promise.resolve(all.filter(({ labels }) => series.names.includes(labels['__name__'] ?? '')));
    },
  };
};

const lookWith = (metrics: CountSource) =>
  look(input, { metrics, now: () => NOW_MS, signal, state: freshState(SINCE_MS) });

describe('a watch of an adoption', () => {
  it('ends in a breach when Envoy refuses a caller itself, though no version has a bad request', async () => {
    const { readings } = await lookWith(metricsWith(5));
    const { verdict, breached, reason } = combineReadings(readings);
    expect([verdict, breached]).toEqual(['breach', ['aws']]);
    expect(reason).toContain('the listener of checkout in aws refused 300 of 1500 (20 %) requests');
  });

  it('is not troubled by a listener that refuses nothing, and asks for it once', async () => {
    const metrics = metricsWith(0);
    const { readings } = await lookWith(metrics);
    expect(readings.map(({ slo }) => slo)).not.toContain('listener');
    const ofListener = metrics.asked.filter(({ names }) => names[0]?.startsWith('envoy_http_'));
    expect(ofListener.map(({ labels }) => labels)).toEqual([
      { envoy_http_conn_manager_prefix: ['shop_checkout'], k8s_cluster_name: ['aws'] },
    ]);
  });

  it('goes on from the state of an older worker, which knows nothing of the listener', async () => {
    const { listenerBefore: _, ...older } = (await lookWith(metricsWith(0))).state;
    expect(resumedState(older)).toMatchObject({ schema: 1 });
  });
});
