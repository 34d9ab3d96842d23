/** The past of the old version is read before the first look at a cluster: how far do its requests fail in bursts? */
import { describe, expect, it } from '@jest/globals';
import { evidenceOf } from '../../../../core/judge/look/judges.ts';
import { look, lookWithoutAnswer } from '../../../../core/judge/look/look.ts';
import { freshState, type WatchState } from '../../../../core/judge/look/state.ts';
import type { WatchSloInput } from '../../../../core/judge/look/watch.ts';
import type { Evidence } from '../../../../core/judge/sequential/evidence.ts';
import type { RawSeries } from '../../../../core/judge/series/raw-series.ts';
import type { CountSource } from '../../../../core/judge/series/source.ts';
import { TidegateError } from '../../../../core/values/error.ts';

const MINUTE_MS = 60_000;
const NOW_MS = 180 * MINUTE_MS;
const EVERY_MS = 10_000;
const { signal } = new AbortController();

/** One series of one pod, sampled every 10 s for `minutes` until now. */
const series = (
  pod: string,
  version: string,
  { status, minutes, valueAt }: { status: string; minutes: number; valueAt: (sample: number) => number },
): RawSeries => ({
  labels: {
    __name__: 'http_server_request_duration_seconds_count',
    k8s_cluster_name: 'aws',
    instance: pod,
    service_version: version,
    http_response_status_code: status,
  },
  samples: Array.from({ length: (minutes * MINUTE_MS) / EVERY_MS + 1 }, (_, i) => ({
    atMs: NOW_MS - minutes * MINUTE_MS + i * EVERY_MS,
    value: valueAt(i),
  })),
});

/** Two old pods with 10 requests/s each. Every so many samples the first one fails `size` requests at once. */
const oldPods = ({ minutes, every, size }: { minutes: number; every: number; size: number }): RawSeries[] => [
  series('old-a', 'v1', { status: '200', minutes, valueAt: (i) => 100 * i }),
  series('old-a', 'v1', {
    status: '500',
    minutes,
    valueAt: (i) => (every === 0 ? 0 : Math.floor((i + every / 2) / every) * size),
  }),
  series('old-b', 'v1', { status: '200', minutes, valueAt: (i) => 100 * i }),
];
const newPod = series('new', 'v2', { status: '200', minutes: 2, valueAt: (i) => 100 * i });

type Backend = CountSource & { readonly asked: number[] };

/** Notes the end of every range that was asked for, in minutes before now. */
const backend = (all: readonly RawSeries[], failsBeforeMs = -Infinity): Backend => {
  const asked: number[] = [];
  return {
    asked,
    clockOffsetMs: () => Promise.resolve(0),
    range: ({ series: { names }, toMs, rangeMs }) => {
      if (names[0]?.startsWith('envoy')) return Promise.resolve([]);
      asked.push(Math.round((NOW_MS - toMs) / MINUTE_MS));
      if (toMs < failsBeforeMs) return Promise.reject(new TidegateError('Unavailable', 'the store-gateway is down'));
      return Promise.resolve(
        all
          .map(({ labels, samples }) => ({
            labels,
            samples: samples.filter(({ atMs }) => atMs > toMs - rangeMs && atMs <= toMs),
          }))
          .filter(({ samples }) => samples.length > 0),
      );
    },
  };
};

const input: WatchSloInput = {
  service: { mesh: 'shop', namespace: 'shop', service: 'checkout', installation: 'default' },
  strata: [
    {
      ...{ serving: 'aws', share: 50_000, newVersion: 'v2', oldVersion: 'v1', clients: ['aws'] },
      ...{ newStat: 'shop_v2', oldStat: 'shop_v1', sinceMs: NOW_MS - MINUTE_MS },
    },
  ],
  slos: [{ name: 'errors', source: 'server', indicator: { kind: 'errors' }, target: 0.99 }],
  judge: { type: 'sequential', pollMs: 10_000, alpha: 0.01, beta: 0.05, minRequests: 30, healthyBy: 'either' },
  ...{ warmUpMs: 0, mode: 'bake', bakeMs: 300_000, maxUnknownMs: 0 },
};

const lookWith = (metrics: Backend, state: WatchState = freshState(NOW_MS), evidence = {}) =>
  look({ ...input, evidence }, { metrics, now: () => NOW_MS, signal, state });
const phiIn = ({ readings }: { readings: readonly { evidence?: { phi: number } }[] }): number =>
  readings[0]?.evidence?.phi ?? NaN;

describe('the past of the old version', () => {
  it('is read back to an hour where few requests fail, and shows bursts that the look’s own range does not', async () => {
    const metrics = backend([...oldPods({ minutes: 120, every: 90, size: 12 }), newPod]);
    expect(phiIn(await lookWith(metrics))).toBeGreaterThan(4);
    expect(metrics.asked).toEqual([0, 4, 14, 24, 34, 44, 54]);
    const once = backend([...oldPods({ minutes: 3, every: 90, size: 12 }), newPod]);
    expect(phiIn(await lookWith(once))).toBe(1);
  });

  it('is read no further than until enough bad requests are known', async () => {
    const metrics = backend([...oldPods({ minutes: 120, every: 6, size: 5 }), newPod]);
    expect(phiIn(await lookWith(metrics))).toBeGreaterThan(2);
    expect(metrics.asked).toEqual([0, 4]);
  });

  it('is read once: the next look has it, and so has the next watch of the rollout', async () => {
    const first = await lookWith(backend([...oldPods({ minutes: 120, every: 90, size: 12 }), newPod]));
    const later = backend([...oldPods({ minutes: 120, every: 90, size: 12 }), newPod]);
    const second = await lookWith(later, first.state);
    const watch = await lookWith(later, freshState(NOW_MS), evidenceOf(first.state.judges));
    expect(later.asked).toEqual([0, 0]);
    expect([phiIn(second), phiIn(watch)]).toEqual([phiIn(first), phiIn(first)]);
  });

  it('is read at the first look that gives numbers, not at one before that fails', async () => {
    const failed = lookWithoutAnswer(
      { ...input, evidence: {} },
      { state: freshState(NOW_MS), nowMs: NOW_MS, providerError: 'no answer within 5000 ms' },
    );
    const metrics = backend([...oldPods({ minutes: 120, every: 90, size: 12 }), newPod]);
    expect(phiIn(await lookWith(metrics, failed.state))).toBeGreaterThan(4);
    expect(metrics.asked).toHaveLength(7);
  });

  it('counts for 60 events at most where few fail: an incident of one pod does not blind the judge for long', async () => {
    const metrics = backend([...oldPods({ minutes: 120, every: 180, size: 600 }), newPod]);
    const { state } = await lookWith(metrics);
    const evidence = Object.values(evidenceOf(state.judges))[0] as Evidence;
    expect(evidence.strata['aws']?.comparisons['']?.dispersion.events).toBeCloseTo(60, 6);
  });

  it('ends where the service or the memory of the backend does', async () => {
    const metrics = backend([...oldPods({ minutes: 20, every: 0, size: 0 }), newPod]);
    await lookWith(metrics);
    expect(metrics.asked).toEqual([0, 4, 14, 24]);
  });

  it('holds the first look up for a few seconds at most', async () => {
    const metrics = backend([...oldPods({ minutes: 120, every: 90, size: 12 }), newPod]);
    let clockMs = NOW_MS;
    const slow: Backend = { ...metrics, range: (query) => ((clockMs += 800), metrics.range(query)) };
    await look(input, { metrics: slow, now: () => clockMs, signal, state: freshState(NOW_MS) });
    // Three reads of the look itself, one of each piece.
    expect(metrics.asked).toEqual([0, 4, 14]);
  });

  it('keeps no rollout waiting when it cannot be read', async () => {
    const metrics = backend([...oldPods({ minutes: 120, every: 90, size: 12 }), newPod], NOW_MS - 10 * MINUTE_MS);
    const looked = await lookWith(metrics);
    expect(metrics.asked).toEqual([0, 4, 14]);
    expect(looked.readings[0]?.newTotal).toBeGreaterThan(0);
  });
});
