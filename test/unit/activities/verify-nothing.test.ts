/** What verifyRouting says where there is nothing that Envoy's counters could show. */
import { describe, expect, it } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { TidegateError } from '../../../core/values/error.ts';
import { createVerifyActivities } from '../../../activities/verify/index.ts';
import type { VerifyRoutingInput, VerifyRoutingResult, VerifyTarget } from '../../../core/judge/proof/proof.ts';
import type { RawSeries } from '../../../core/judge/series/raw-series.ts';

const NOW_MS = 60_000;
const target = (name: string, weights: VerifyTarget['weights']): VerifyTarget => ({
  cluster: { name, access: { kind: 'kubeconfig', path: '' } },
  weights,
  withdrawn: [],
  writtenAtMs: 30_000,
});

/** An Envoy in `aws` that sent ten requests a second to v1 all the time. */
const counters = ['envoy_cluster_upstream_rq_total', 'envoy_cluster_membership_healthy'].map((name): RawSeries => ({
  labels: { __name__: name, envoy_cluster_name: 'shop_v1', k8s_cluster_name: 'aws', instance: 'one' },
  samples: Array.from({ length: NOW_MS / 1_000 }, (_, i) => ({
    atMs: (i + 1) * 1_000,
    value: name.endsWith('total') ? i * 10 : 1,
  })),
}));

const verify = (
  targets: readonly VerifyTarget[],
  { timeoutMs = 0, received }: Partial<Pick<VerifyRoutingInput, 'timeoutMs' | 'received'>> = {},
  looked: () => void = () => undefined,
): Promise<VerifyRoutingResult> => {
  const begunMs = Date.now();
  const { verifyRouting } = createVerifyActivities({
    now: () => NOW_MS + Date.now() - begunMs,
    connectMetrics: async () => ({
      clockOffsetMs: () => Promise.resolve(0),
      range: ({ series }) => {
        looked();
        return Promise.resolve(counters.filter(({ labels }) => series.names.includes(labels['__name__'] ?? '')));
      },
    }),
  });
  const service = { mesh: 'shop', namespace: 'shop', service: 'checkout', installation: 'default' };
  const input: VerifyRoutingInput = { service, mode: 'restored', targets, timeoutMs, ...(received && { received }) };
  return new MockActivityEnvironment().run<[typeof input], VerifyRoutingResult, typeof verifyRouting>(
    verifyRouting,
    input,
  );
};

describe('verifyRouting after a restore', () => {
  it('verifies a cluster whose calls Envoy counts', async () => {
    expect((await verify([target('aws', { shop_v1: 1_000_000 })])).result).toBe('verified');
  });

  it('is untested where no route of ours is left: silent counters are no proof of where the calls went', async () => {
    const result = await verify([target('gcp', {})]);
    expect(result).toMatchObject({
      result: 'untested',
      proofs: [{ cluster: 'gcp', reason: expect.stringContaining('past Envoy') }],
    });
  });

  it('shows such a cluster beside those that are proven: all of them are not', async () => {
    const result = await verify([target('aws', { shop_v1: 1_000_000 }), target('gcp', {})]);
    expect(result.proofs.map((proof) => [proof.cluster, proof.result])).toEqual([
      ['aws', 'verified'],
      ['gcp', 'untested'],
    ]);
    expect(result.result).toBe('untested');
  });
});

describe('verifyRouting where no Envoy reports at all', () => {
  const weights = { shop_v1: 1_000_000 };

  it('says so after a few looks instead of waiting its whole time for what cannot come', async () => {
    const begunMs = Date.now();
    const { result, proofs } = await verify([target('gcp', weights)], { timeoutMs: 30_000 });
    expect(Date.now() - begunMs).toBeLessThan(8_000);
    expect(result).toBe('untested');
    expect(proofs[0]?.reason).toBe('no Envoy of gcp has sent metrics in the last 150 s');
  }, 40_000);

  it('does not wait for such a cluster once the others are proven, and keeps their proof', async () => {
    const begunMs = Date.now();
    const { proofs } = await verify([target('aws', weights), target('gcp', weights)], { timeoutMs: 30_000 });
    expect(Date.now() - begunMs).toBeLessThan(8_000);
    expect(proofs.map((proof) => [proof.cluster, proof.result])).toEqual([
      ['aws', 'verified'],
      ['gcp', 'untested'],
    ]);
  }, 40_000);

  it('waits where the worker receives the metrics itself: after a restart it has heard of nobody yet', async () => {
    let looks = 0;
    const otlp = { timeoutMs: 3_500, received: true } as const;
    await verify([target('gcp', weights)], otlp, () => (looks += 1));
    const withOtlp = looks;
    looks = 0;
    await verify([target('gcp', weights)], { timeoutMs: 3_500 }, () => (looks += 1));
    expect(withOtlp).toBeGreaterThan(looks);
  }, 40_000);
});

describe('verifyRouting that waits until Envoys tell', () => {
  const service = { mesh: 'shop', namespace: 'shop', service: 'checkout', installation: 'default' };
  const held: VerifyRoutingInput = {
    ...{ service, mode: 'entered', timeoutMs: 2_500, untilTested: true },
    targets: [target('aws', { shop_v1: 1_000_000 })],
  };
  const heldWith = (
    range: () => Promise<RawSeries[]>,
    { connects = true, passes = true } = {},
  ): Promise<VerifyRoutingResult> => {
    const begunMs = Date.now();
    const { verifyRouting } = createVerifyActivities({
      now: () => NOW_MS + (passes ? Date.now() - begunMs : 0),
      connectMetrics: async () => (connects ? { clockOffsetMs: () => Promise.resolve(0), range } : null),
    });
    return new MockActivityEnvironment().run<[typeof held], VerifyRoutingResult, typeof verifyRouting>(
      verifyRouting,
      held,
    );
  };

  it('looks on past a backend that is silent or fails, and answers when they are there', async () => {
    let looks = 0;
    const found = heldWith(
      () => {
        looks += 1;
        if (looks === 1) return Promise.reject(new TidegateError('Unavailable', 'Prometheus is down'));
        return Promise.resolve(looks === 2 ? [] : counters);
      },
      // However long the machine takes for it.
      { passes: false },
    );
    expect((await found).result).toBe('verified');
    expect(looks).toBe(3);
  });

  it('ends an attempt by a failure that is retried, soon or, where nobody can be asked, later: never by untested', async () => {
    await expect(heldWith(() => Promise.resolve([]))).rejects.toMatchObject({ code: 'WindowEnd', retryAfterMs: 1_000 });
    await expect(heldWith(() => Promise.resolve([]), { connects: false })).rejects.toMatchObject({
      code: 'WindowEnd',
      retryAfterMs: 30_000,
    });
  });
});
