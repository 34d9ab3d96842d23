import { describe, expect, it } from '@jest/globals';
import { probeSlos } from '../../../activities/verify/probe-slos.ts';
import { defaultSlos } from '../../../core/config/defaults.ts';
import type { RawSeries } from '../../../core/judge/series/raw-series.ts';

const service = { mesh: 'shop', namespace: 'shop', service: 'checkout', installation: 'default' };

/** Default SLOs in a cluster whose store has these series and no others. */
const refusals = (names: readonly string[], more: { received?: true } = {}): Promise<readonly string[]> => {
  const stored = names.map((name): RawSeries => ({
    labels: { __name__: name, k8s_cluster_name: 'aws', service_name: 'checkout' },
    samples: [{ atMs: 1, value: 1 }],
  }));
  const deps = {
    now: () => 1_000,
    connectMetrics: async () => ({
      clockOffsetMs: () => Promise.resolve(0),
      range: ({ series }: { series: { names: readonly string[] } }) =>
        Promise.resolve(stored.filter(({ labels }) => series.names.includes(labels['__name__'] ?? ''))),
    }),
  };
  return probeSlos(deps, { service, slos: defaultSlos, clusters: ['aws'], ...more }, new AbortController().signal);
};

const SERVER = 'http_server_request_duration_seconds_count';

describe('SLOs that cannot be counted', () => {
  it("name the remedy for Envoy's metrics: how Cilium shows them, who scrapes them, or how to do without", async () => {
    const [missing, remedy, ...more] = await refusals([SERVER]);
    expect(missing).toContain("SLO envoy-errors: no Envoy's metrics from aws");
    expect(remedy).toMatch(/envoy\.prometheus\.enabled=true.*port 9964.*k8s_cluster_name and instance/);
    expect(remedy).toMatch(/or write spec\.slos without metricSource type envoy-cluster/);
    expect(more).toEqual([]);
  });

  it('name the one for the pods, too, each once', async () => {
    const text = (await refusals([])).join('\n');
    expect(text.match(/remedy for/g)).toHaveLength(2);
    expect(text).toContain('otlp.promote_resource_attributes');
  });

  it('send to a collector where the worker receives the metrics itself', async () => {
    expect((await refusals([SERVER], { received: true })).join('\n')).toContain('a collector in each cluster scrapes');
  });

  it('are none when both report', async () => {
    expect(await refusals([SERVER, 'envoy_server_live'])).toEqual([]);
  });
});
