/** An API server that was away leaves an agent of Cilium behind for a while: its Envoys follow later, and that is no contradiction. */
import { describe, expect, it } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createVerifyActivities } from '../../../activities/verify/index.ts';
import { limits } from '../../support/limits.ts';
import type { VerifyRoutingInput, VerifyRoutingResult } from '../../../core/judge/proof/proof.ts';
import { TidegateError } from '../../../core/values/error.ts';
import type { RawSeries } from '../../../core/judge/series/raw-series.ts';

const WRITTEN_MS = 60_000;
const TIMEOUT_MS = 1_500;
const PER_SECOND = 100;

/** 50:50 until `followsMs` after the write, then all for v2: the weights that were written. */
function countersAt(nowMs: number, followsMs: number): RawSeries[] {
  const seconds = Array.from({ length: Math.floor(nowMs / 1_000) }, (_, i) => (i + 1) * 1_000);
  const halves = (atMs: number): number => Math.min(atMs, WRITTEN_MS + followsMs) / 1_000;
  const sent = {
    shop_v1: (atMs: number) => (halves(atMs) * PER_SECOND) / 2,
    shop_v2: (atMs: number) => (halves(atMs) * PER_SECOND) / 2 + (atMs / 1_000 - halves(atMs)) * PER_SECOND,
  };
  return Object.entries(sent).flatMap(([stat, total]) =>
    ['envoy_cluster_upstream_rq_total', 'envoy_cluster_membership_healthy'].map((name) => ({
      labels: { __name__: name, envoy_cluster_name: stat, k8s_cluster_name: 'aws', instance: 'one' },
      samples: seconds.map((atMs) => ({ atMs, value: name.endsWith('total') ? total(atMs) : 1 })),
    })),
  );
}

function verify(followsMs: number, away: (sinceMs: number) => boolean = () => false): Promise<VerifyRoutingResult> {
  const begunMs = Date.now();
  const now = (): number => WRITTEN_MS + 1_000 + Date.now() - begunMs;
  const { verifyRouting } = createVerifyActivities({
    now,
    connectMetrics: async () => ({
      clockOffsetMs: () => Promise.resolve(0),
      range: async ({ series }) => {
        if (away(Date.now() - begunMs)) throw new TidegateError('Unavailable', 'the store is away');
        return countersAt(now(), followsMs).filter(({ labels }) => series.names.includes(labels['__name__'] ?? ''));
      },
    }),
  });
  const target = {
    cluster: { name: 'aws', access: { kind: 'kubeconfig', path: '' } } as const,
    weights: { shop_v1: 0, shop_v2: 1_000_000 },
    withdrawn: [],
    writtenAtMs: WRITTEN_MS,
    before: { weights: { shop_v1: 500_000, shop_v2: 500_000 }, writtenAtMs: 0 },
  };
  const service = { mesh: 'shop', namespace: 'shop', service: 'checkout', installation: 'default' };
  const input: VerifyRoutingInput = { service, mode: 'forward', targets: [target], timeoutMs: TIMEOUT_MS };
  return new MockActivityEnvironment().run<[typeof input], VerifyRoutingResult, typeof verifyRouting>(
    verifyRouting,
    input,
  );
}

describe('verifyRouting where an Envoy goes on with the weights before', () => {
  it(
    'waits for it for three times its time: it verifies one that follows late',
    async () => {
      expect(await verify(6_000)).toMatchObject({ result: 'verified' });
    },
    limits.eventually,
  );

  it(
    'contradicts one that does not follow at all',
    async () => {
      expect(await verify(600_000)).toMatchObject({
        result: 'contradicted',
        proofs: [{ instance: 'one', reason: expect.stringContaining('should get 0 %') }],
      });
    },
    limits.eventually,
  );

  it(
    'takes nothing back of what it contradicted when the metrics are away by the end',
    async () => {
      expect(await verify(600_000, (sinceMs) => sinceMs > 3_000)).toMatchObject({ result: 'contradicted' });
    },
    limits.eventually,
  );
});
