import { describe, expect, it } from '@jest/globals';
import { readVersions } from '../../../activities/verify/read-versions.ts';
import type { RawSeries } from '../../../core/judge/series/raw-series.ts';
import type { CountSource } from '../../../core/judge/series/source.ts';
import { TidegateError } from '../../../core/values/error.ts';

const { signal } = new AbortController();
const service = { mesh: 'shop', namespace: 'shop', service: 'checkout', installation: 'default' };
const input = {
  ...{ service, protocol: 'http' as const, clusters: ['aws', 'gcp', 'onprem'] },
};

const one = (cluster: string, version?: string): RawSeries => ({
  labels: { k8s_cluster_name: cluster, ...(version !== undefined && { service_version: version }) },
  samples: [{ atMs: 1, value: 1 }],
});

const ask = (range: CountSource['range']) =>
  readVersions(
    { connectMetrics: async () => ({ clockOffsetMs: () => Promise.resolve(0), range }), now: () => 1_000 },
    input,
    signal,
  );

describe('readVersions', () => {
  it('names the versions of each cluster once, and series without the label as such', async () => {
    const found = [one('aws', 'v2'), one('aws', 'v1'), one('aws', 'v1'), one('gcp')];
    expect(await ask(() => Promise.resolve(found))).toEqual([
      { cluster: 'aws', versions: ['v1', 'v2'] },
      { cluster: 'gcp', versions: [''] },
      { cluster: 'onprem', versions: [] },
    ]);
  });

  it('knows nothing when the backend does not answer: that is told, and decides, elsewhere', async () => {
    expect(await ask(() => Promise.reject(new TidegateError('Unavailable', 'down')))).toEqual([]);
  });
});
