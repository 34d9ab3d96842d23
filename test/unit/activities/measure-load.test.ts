/** Load as the Envoys of clients have counted it, over records in API servers that answer from memory. */
import { describe, expect, it } from '@jest/globals';
import { measureLoad } from '../../../activities/verify/measure-load.ts';
import type { MeasureLoadResult } from '../../../core/contract/drill.ts';
import type { RawSeries } from '../../../core/judge/series/raw-series.ts';
import type { CountSource } from '../../../core/judge/series/source.ts';
import { annotations, labels } from '../../../core/kube/labels.ts';
import { statName } from '../../../core/routing/names.ts';
import { TidegateError } from '../../../core/values/error.ts';
import { WHOLE } from '../../../core/values/share.ts';
import type { KubeCluster } from '../../../platform/kube/clusters.ts';
import { clusterNames, record } from '../../support/facts.ts';

const [aws, gcp, onprem] = clusterNames;
const service = { installation: 'default', mesh: 'shop', namespace: 'shop', service: 'checkout' };
const statOf = (cluster: string): string =>
  statName({ namespace: 'shop', service: 'checkout', version: 'v1', cluster });

const toMs = 1_700_000_000_000;
const window = { fromMs: toMs - 60_000, toMs };
const BEGAN_MS = toMs - 600_000;

/** A counter that grows by so much a second, scraped every five. */
function counter(client: string, serving: string, name: string, perSecond: number): RawSeries {
  const samples = Array.from({ length: 25 }, (_, i) => {
    const atMs = toMs - (24 - i) * 5_000;
    return { atMs, value: ((atMs - BEGAN_MS) / 1_000) * perSecond };
  });
  const labelled = { envoy_cluster_name: statOf(serving), k8s_cluster_name: client, instance: 'node-1' };
  return { labels: { __name__: `envoy_cluster_${name}`, ...labelled }, samples };
}

const stored = [
  counter(aws, gcp, 'upstream_rq_total', 40),
  counter(aws, gcp, 'upstream_rq_pending_failure_eject', 10),
  counter(aws, gcp, 'upstream_rq_time_sum', 800.01),
  counter(aws, gcp, 'upstream_rq_time_count', 40),
  counter(gcp, gcp, 'upstream_rq_total', 7),
  // As a source has it that keeps no sums.
  counter(gcp, gcp, 'upstream_rq_time_count', 7),
];

function measured(given: {
  readonly metrics: CountSource | null;
  readonly silent?: string;
}): Promise<MeasureLoadResult> {
  const at = (name: string): KubeCluster =>
    ({
      name,
      list: async () => {
        if (name === given.silent) throw new TidegateError('Unavailable', 'no answer');
        const base = record(name, { v1: WHOLE });
        const serves = { [name]: { v1: WHOLE }, [gcp]: { v1: WHOLE } };
        const own = { ...base, versions: { ...base.versions, current: serves, proven: serves } };
        const metadata = {
          ...{ name: 'tidegate-checkout', namespace: 'shop', labels: { [labels.owner]: 'default' } },
          annotations: { [annotations.record]: JSON.stringify(own) },
        };
        return [{ metadata }];
      },
    }) as unknown as KubeCluster;
  return measureLoad(
    {
      clusters: { connect: async ({ cluster: { name } }) => at(name) },
      connectMetrics: async () => given.metrics,
    },
    { mesh: 'shop', services: [service], clusters: [aws, gcp, onprem].map((name) => ({ name })), ...window },
    new AbortController().signal,
  );
}

const metrics: CountSource = {
  clockOffsetMs: async () => 0,
  range: async ({ series }) => stored.filter(({ labels: own }) => series.names.includes(own['__name__'] ?? '')),
};

describe('the load of a service', () => {
  it('is told per client and serving cluster: every call that was sent or could not be, and how long answers took', async () => {
    const { services, problem } = await measured({ metrics });
    expect(problem).toBe('');
    expect(services).toEqual([
      {
        service: 'shop/checkout',
        flows: [
          { client: aws, serving: gcp, perSecond: 50, meanMs: expect.closeTo(20, 1) },
          { client: gcp, serving: gcp, perSecond: 7, meanMs: null },
        ],
      },
    ]);
  });

  it('names a cluster whose records could not be read, and says why there are no numbers at all', async () => {
    expect((await measured({ metrics, silent: onprem })).problem).toBe(`${onprem}: no answer`);
    expect(await measured({ metrics: null })).toEqual({ services: [], problem: 'the mesh has no metrics' });
    const range = (): never => {
      throw new TidegateError('Unavailable', 'Prometheus does not answer');
    };
    expect(await measured({ metrics: { ...metrics, range } })).toEqual({
      ...{ services: [], problem: 'Prometheus does not answer' },
    });
  });
});
