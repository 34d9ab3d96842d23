import { describe, expect, it } from '@jest/globals';
import { defaultGrpcSlos } from '../../../../core/config/defaults.ts';
import { rulesOf, watchInputOf } from '../../../../cli/judge/watch-input.ts';
import { replayLooks, type ReplayedLook } from '../../../../core/judge/look/replay.ts';
import { grpcCounter } from '../../../../core/judge/series/selectors.ts';
import type { RawSeries } from '../../../../core/judge/series/raw-series.ts';
import type { JudgeSettings } from '../../../../core/judge/settings.ts';
import { statName } from '../../../../core/routing/names.ts';
import { createRecordedSource } from '../../../../platform/metrics/recorded.ts';
import { SINCE_MS } from '../../../support/recorded-traffic.ts';

/** Hundreds of looks take a second or two; on a machine that is busy with other tests many more. */
const BUSY_MS = 60_000;
const EVERY_S = 2;
const OLD_SINCE_S = -1_200;

interface Streams {
  /** Calls that begin, per second. */
  readonly perS: number;
  /** One of so many ends at once, with UNAVAILABLE. */
  readonly fails: number;
  /** How long the others last, s, until they end with OK. Absent: their clients give them up, and they have no status. */
  readonly lastS?: number;
}

/** Of one version, whose first call begins at `fromS`. */
const seriesOf = (
  version: string,
  { perS, fails, lastS }: Streams,
  { fromS, untilS }: Record<'fromS' | 'untilS', number>,
) => {
  const stat = statName({ namespace: 'shop', service: 'checkout', version, cluster: 'aws' });
  const begun = (s: number): number => Math.max(0, perS * (s - fromS));
  const failed = (s: number): number => Math.floor(begun(s) / fails);
  const good = (s: number): number => (lastS === undefined ? 0 : begun(s - lastS) - failed(s - lastS));
  const series = (name: string, value: (s: number) => number, more = {}): RawSeries => ({
    labels: { __name__: name, k8s_cluster_name: 'aws', instance: 'node-1', envoy_cluster_name: stat, ...more },
    samples: Array.from({ length: 1 + (untilS - fromS) / EVERY_S }, (_, i) => fromS + i * EVERY_S).map((s) => ({
      atMs: SINCE_MS + s * 1_000,
      value: value(s),
    })),
  });
  return [
    series('envoy_cluster_upstream_rq_total', begun),
    series('envoy_cluster_upstream_rq_xx', begun, { envoy_response_code_class: '2' }),
    series('envoy_cluster_upstream_rq_active', (s) => begun(s) - failed(s) - good(s)),
    series(grpcCounter('total'), (s) => failed(s) + good(s)),
    series(grpcCounter('UNAVAILABLE'), failed),
  ];
};

interface Watched {
  readonly newer: Streams;
  readonly older: Streams;
  readonly seconds: number;
  readonly judge?: JudgeSettings;
}

/** The last look of the SLO that counts gRPC status in the Envoys. */
const lastLook = async ({ newer, older, seconds, judge }: Watched): Promise<ReplayedLook | undefined> => {
  const series = [
    ...seriesOf('v2', newer, { fromS: 0, untilS: seconds }),
    ...seriesOf('v1', older, { fromS: OLD_SINCE_S, untilS: seconds }),
  ];
  const toMs = SINCE_MS + seconds * 1_000;
  const header = {
    ...{ schema: 1 as const, namespace: 'shop', service: 'checkout', versions: { new: 'v2', old: 'v1' } },
    ...{ clusters: { aws: ['aws'] }, sinceMs: SINCE_MS, toMs },
  };
  const input = watchInputOf({ header, series }, rulesOf(null, {}));
  const slos = defaultGrpcSlos.filter(({ name }) => name === 'grpc-errors');
  const looks = replayLooks(
    { ...input, slos, warmUpMs: 0, judge: judge ?? input.judge },
    { metrics: createRecordedSource(series), toMs, signal: new AbortController().signal },
  );
  let last: ReplayedLook | undefined;
  for await (const one of looks) {
    last = one;
    if (one.ends || one.verdict === 'breach') break;
  }
  return last;
};

const threshold: JudgeSettings = { windowMs: 60_000, pollMs: 2_000, minRequests: 100, minBad: 5, alpha: 1e-6 };

describe('streams of gRPC, the same in both versions', () => {
  for (const judge of [undefined, threshold]) {
    const by = judge === undefined ? 'sequential' : 'threshold';
    it(
      `are no breach at a whole share where clients give them up, and all that ends is one of a thousand that fails (${by})`,
      async () => {
        const kind = { fails: 1_000 };
        const last = await lastLook({
          ...{ newer: { perS: 200, ...kind }, older: { perS: 0, ...kind }, seconds: 300 },
          ...(judge === undefined ? {} : { judge }),
        });
        // What shows that a version is healthy are calls whose end is known.
        expect(last).toMatchObject({ verdict: 'unknown' });
      },
      BUSY_MS,
    );

    it(
      `are no breach while they are young, and of the new version only failures have ended (${by})`,
      async () => {
        const kind = { fails: 200, lastS: 600 };
        const last = await lastLook({
          ...{ newer: { perS: 30, ...kind }, older: { perS: 70, ...kind }, seconds: 300 },
          ...(judge === undefined ? {} : { judge }),
        });
        expect(last?.verdict).not.toBe('breach');
        expect(last?.verdict).not.toBe('healthy');
      },
      BUSY_MS,
    );
  }

  it(
    'are unknown, and not called another protocol for certain, while none of them has ended',
    async () => {
      const kind = { fails: Number.POSITIVE_INFINITY };
      const last = await lastLook({ newer: { perS: 30, ...kind }, older: { perS: 70, ...kind }, seconds: 60 });
      expect(last).toMatchObject({ verdict: 'unknown' });
      expect(last?.reason).toContain('streams that are open, or that callers gave up');
    },
    BUSY_MS,
  );
});

describe('streams of gRPC that a new version breaks', () => {
  it(
    'are a breach, though clients give up all others: one of ten fails, of the old version one of a thousand',
    async () => {
      const last = await lastLook({ newer: { perS: 20, fails: 10 }, older: { perS: 180, fails: 1_000 }, seconds: 60 });
      expect(last).toMatchObject({ verdict: 'breach' });
      expect((last?.atMs ?? Infinity) - SINCE_MS).toBeLessThanOrEqual(20_000);
    },
    BUSY_MS,
  );
});
