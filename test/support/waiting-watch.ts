/**
 * A watch that waits for hours, on a clock of its own: watchSlo as a worker runs it, its attempts and hand-overs as the
 * workflow asks for them, and every heartbeat counted that reaches the server. Used by tests and benches.
 */
import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createObserveActivities } from '../../activities/observe/index.ts';
import { watchTerms } from '../../core/rollout/watch-terms.ts';
import type { WatchSloInput, WatchSloResult } from '../../core/judge/look/watch.ts';
import type { JudgeSettings } from '../../core/judge/settings.ts';
import type { RawSeries } from '../../core/judge/series/raw-series.ts';
import type { CountSource } from '../../core/judge/series/source.ts';
import { noKube } from './no-kube.ts';

/** Time between two samples of every series, ms. */
const SAMPLE_MS = 15_000;
const perS = { v1: 95, v2: 5 } as const;

interface Traffic {
  /** From then on every request to v2 is bad, ms since the epoch; Infinity: never. */
  readonly badFromMs: number;
}

/** Both versions as their pods and one Envoy count them, sampled every 15 s. */
function simulatedTraffic({ badFromMs }: Traffic): CountSource {
  const badUntil = (version: 'v1' | 'v2', ms: number): number =>
    version === 'v2' ? (Math.max(0, ms - badFromMs) / 1_000) * perS.v2 : (ms / 1_000) * perS.v1 * 0.002;
  const value = (version: 'v1' | 'v2', isBad: boolean, ms: number): number => {
    const bad = Math.floor(badUntil(version, ms));
    return isBad ? bad : Math.floor((ms / 1_000) * perS[version]) - bad;
  };
  const all = (['v1', 'v2'] as const).flatMap((version) =>
    [false, true].map((isBad) => ({
      labels: {
        __name__: 'http_server_request_duration_seconds_count',
        k8s_cluster_name: 'aws',
        instance: version,
        service_version: version,
        http_response_status_code: isBad ? '500' : '200',
      },
      at: (ms: number) => value(version, isBad, ms),
    })),
  );
  return {
    clockOffsetMs: () => Promise.resolve(0),
    range: ({ series: { names }, toMs, rangeMs }) => {
      const first = Math.floor((toMs - rangeMs) / SAMPLE_MS) + 1;
      const times = Array.from({ length: Math.floor(toMs / SAMPLE_MS) - first + 1 }, (_, i) => (first + i) * SAMPLE_MS);
      const found = all
        .filter(({ labels }) => names.includes(labels.__name__))
        .map(({ labels, at }): RawSeries => ({ labels, samples: times.map((atMs) => ({ atMs, value: at(atMs) })) }));
      return Promise.resolve(found.filter(({ samples }) => samples.length > 0));
    },
  };
}

const input = (sinceMs: number, more: Pick<WatchSloInput, 'mode' | 'bakeMs' | 'judge'>): WatchSloInput => ({
  service: { mesh: 'shop', namespace: 'shop', service: 'checkout', installation: 'default' },
  strata: [
    {
      ...{ serving: 'aws', share: 50_000, newVersion: 'v2', oldVersion: 'v1', clients: ['aws'] },
      ...{ newStat: 'shop_v2', oldStat: 'shop_v1', sinceMs },
    },
  ],
  slos: [{ name: 'errors', source: 'server', indicator: { kind: 'errors' }, target: 0.99 }],
  warmUpMs: 0,
  maxUnknownMs: 0,
  ...more,
});

export interface Waited {
  readonly result: WatchSloResult | null;
  /** What Temporal bills: scheduled activities, attempts after the first, heartbeats that reach the server. */
  readonly scheduled: number;
  readonly retries: number;
  readonly heartbeats: number;
  readonly looks: number;
  /** Longest time between two looks, ms. */
  readonly longestBlindMs: number;
  readonly endedAtMs: number;
}

const sequential: JudgeSettings = {
  ...{ type: 'sequential', pollMs: 2_000, alpha: 0.01, beta: 0.05, minRequests: 30, healthyBy: 'either' },
};

export interface Waiting extends Pick<WatchSloInput, 'mode' | 'bakeMs'>, Partial<Traffic> {
  /** Default: sequential. */
  readonly judge?: JudgeSettings;
  /** How old the share is when the watch begins, ms. */
  readonly ageMs: number;
  /** A hold is left then, ms after its begin. */
  readonly leftAfterMs?: number;
}

/** When the watch begins, ms since the epoch. */
export const BEGUN_MS = Date.UTC(2026, 10, 27);

/** Plays a watch to its verdict, or until it is left. */
export async function waitFor({
  ageMs,
  leftAfterMs,
  badFromMs = Number.POSITIVE_INFINITY,
  ...asked
}: Waiting): Promise<Waited> {
  let nowMs = BEGUN_MS;
  const counts = { scheduled: 0, retries: 0, heartbeats: 0, looks: 0, longestBlindMs: 0 };
  const traffic = simulatedTraffic({ badFromMs });
  let lookedAtMs = nowMs;
  let env: MockActivityEnvironment | undefined;
  const { watchSlo } = createObserveActivities({
    ...noKube,
    now: () => nowMs,
    sleep: async (ms, signal) => {
      await new Promise(setImmediate);
      signal.throwIfAborted();
      nowMs += ms;
      if (leftAfterMs !== undefined && nowMs - BEGUN_MS >= leftAfterMs) env?.cancel('CANCELLED');
    },
    isWanted: () => Promise.resolve(true),
    connectMetrics: () =>
      Promise.resolve({
        ...traffic,
        clockOffsetMs: (signal) => {
          counts.looks += 1;
          counts.longestBlindMs = Math.max(counts.longestBlindMs, nowMs - lookedAtMs);
          lookedAtMs = nowMs;
          return traffic.clockOffsetMs(signal);
        },
      }),
  });
  const writtenAtMs = BEGUN_MS - ageMs;
  const bakedAtMs = Math.max(BEGUN_MS, writtenAtMs) + asked.bakeMs;
  let watching = input(writtenAtMs, { judge: sequential, ...asked });
  const end = (result: WatchSloResult | null): Waited => ({ ...counts, result, endedAtMs: nowMs });
  for (;;) {
    const terms = watchTerms({ mode: asked.mode, nowMs, writtenAtMs, bakedAtMs });
    const { windowMs, handOverAtMs } = terms;
    counts.scheduled += 1;
    const result = await playOne({ ...watching, windowMs, ...(handOverAtMs !== null && { handOverAtMs }) }, terms);
    if (result?.carried === undefined) return end(result);
    watching = { ...watching, carried: throughJson(result.carried) };
  }

  /** One activity: attempts until a result; null: it was cancelled. */
  async function playOne(given: WatchSloInput, terms: ReturnType<typeof watchTerms>): Promise<WatchSloResult | null> {
    let details: unknown;
    for (let attempt = 1; ; attempt++) {
      const info = { attempt, heartbeatDetails: throughJson(details), heartbeatTimeoutMs: terms.heartbeatTimeoutMs };
      env = new MockActivityEnvironment(info);
      let beatAtMs = nowMs;
      env.on('heartbeat', (state: unknown) => {
        if (nowMs - beatAtMs > terms.heartbeatTimeoutMs) throw new Error(`silent for ${String(nowMs - beatAtMs)} ms`);
        beatAtMs = nowMs;
        details = state;
        counts.heartbeats += 1;
      });
      try {
        return await env.run<[WatchSloInput], WatchSloResult, typeof watchSlo>(watchSlo, throughJson(given));
      } catch (error) {
        if (!(error instanceof ApplicationFailure) || error.type !== 'WindowEnd') {
          if ((error as Error).name === 'CancelledFailure') return null;
          throw error;
        }
        if (nowMs - beatAtMs > 0) throw new Error('the window ended without its state', { cause: error });
        counts.retries += 1;
        nowMs += 1_000;
      }
    }
  }
}

const throughJson = <T>(value: T): T => (value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T));
