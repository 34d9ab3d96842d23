import { describe, expect, it } from '@jest/globals';
import { defaultGrpcSlos, defaultSlos } from '../../../../core/config/defaults.ts';
import { rulesOf, watchInputOf } from '../../../../cli/judge/watch-input.ts';
import { replayLooks, type ReplayedLook } from '../../../../core/judge/look/replay.ts';
import type { Recording } from '../../../../core/judge/recording/recording.ts';
import { grpcCounter } from '../../../../core/judge/series/selectors.ts';
import type { RawSeries } from '../../../../core/judge/series/raw-series.ts';
import type { Slo } from '../../../../core/judge/settings.ts';
import { createRecordedSource } from '../../../../platform/metrics/recorded.ts';
import { recordedTraffic, SINCE_MS } from '../../../support/recorded-traffic.ts';

/** Hundreds of looks take a second or two; on a machine that is busy with other tests many more. */
const BUSY_MS = 60_000;

const BREAKS_S = 60;

/** A share of 5 %, of whose requests 20 % fail from then on. */
const httpTraffic = (seed: number): Recording =>
  recordedTraffic({
    ...{ seed, seconds: 180, newPerS: 5, oldPerS: 95, oldErrors: 0.002 },
    newErrors: (s) => (s < BREAKS_S ? 0.002 : 0.2),
  });

/** The same calls as gRPC has them: every one an HTTP 200, and its status in the trailers. */
const asGrpc = ({ header, series }: Recording): Recording => ({ header, series: series.flatMap(grpcSeries) });

const grpcSeries = ({ labels, samples }: RawSeries): RawSeries[] => {
  const { __name__: name = '', http_response_status_code: status, envoy_response_code_class: group, ...rest } = labels;
  if (status !== undefined) {
    const code = status === '200' ? 'OK' : 'INTERNAL';
    const rpc = { ...rest, __name__: 'rpc_server_call_duration_seconds_count', rpc_response_status_code: code };
    return [{ labels: rpc, samples }];
  }
  if (name === 'envoy_cluster_upstream_rq_total') {
    const answers = { ...rest, __name__: 'envoy_cluster_upstream_rq_xx', envoy_response_code_class: '2' };
    return [
      { labels, samples },
      { labels: answers, samples },
      { labels: { ...rest, __name__: grpcCounter('total') }, samples },
    ];
  }
  if (group === '5') return [{ labels: { ...rest, __name__: grpcCounter('INTERNAL') }, samples }];
  return group === undefined ? [{ labels, samples }] : [];
};

const lastLook = async (recording: Recording, slos: readonly Slo[]): Promise<ReplayedLook | undefined> => {
  const input = { ...watchInputOf(recording, rulesOf(null, {})), slos };
  const metrics = createRecordedSource(recording.series);
  const { signal } = new AbortController();
  let last: ReplayedLook | undefined;
  for await (const one of replayLooks(input, { metrics, toMs: recording.header.toMs ?? 0, signal })) {
    last = one;
    if (one.ends) break;
  }
  return last;
};

const seeds = [1, 2, 3, 4];

describe('gRPC failures in trailers, 20 % at a share of 5 %', () => {
  it(
    'shows the hazard: to the SLOs of HTTP nothing has failed, with the calls of the pods left out',
    async () => {
      const envoy = defaultSlos.filter(({ source }) => source === 'envoy');
      const last = await lastLook(asGrpc(httpTraffic(1)), envoy);
      expect(last).toMatchObject({ verdict: 'healthy' });
      expect(last?.readings[0]).toMatchObject({ slo: 'envoy-errors', newBad: 0 });
    },
    BUSY_MS,
  );

  it(
    'holds with the SLOs of gRPC: the breach comes no later than that of the same numbers in HTTP, look for look',
    async () => {
      const times = await Promise.all(
        seeds.map(async (seed) => {
          const [http, grpc] = await Promise.all([
            lastLook(httpTraffic(seed), defaultSlos),
            lastLook(asGrpc(httpTraffic(seed)), defaultGrpcSlos),
          ]);
          expect([http?.verdict, grpc?.verdict]).toEqual(['breach', 'breach']);
          expect(grpc?.reason).toContain('v2');
          return [http, grpc].map((one) => ((one?.atMs ?? 0) - SINCE_MS) / 1_000 - BREAKS_S);
        }),
      );
      for (const [http = 0, grpc = 0] of times) expect(grpc).toBeLessThanOrEqual(http);
      expect(Math.max(...times.map(([, grpc = 0]) => grpc))).toBeLessThanOrEqual(30);
    },
    BUSY_MS,
  );

  it(
    'are found by Envoy alone, where the pods report nothing of RPC',
    async () => {
      const { header, series } = asGrpc(httpTraffic(1));
      const silent = { header, series: series.filter(({ labels }) => labels['service_name'] === undefined) };
      const envoy = defaultGrpcSlos.filter(({ source }) => source === 'envoy');
      const last = await lastLook(silent, envoy);
      expect(last).toMatchObject({ verdict: 'breach' });
      expect(last?.readings.find(({ verdict }) => verdict === 'breach')).toMatchObject({ slo: 'grpc-errors' });
      // Unknown is never healthy: the SLO of the pods keeps the watch from it.
      const whole = await lastLook(
        { header: { ...header, toMs: SINCE_MS + 50_000 }, series: silent.series },
        defaultGrpcSlos,
      );
      expect(whole).toMatchObject({ verdict: 'unknown' });
    },
    BUSY_MS,
  );
});
