/** What doctor says of series that would be counted wrongly: each kind of fault, and its query. */
import { describe, expect, it } from '@jest/globals';
import { countingFindings } from '../../../cli/doctor/counting-findings.ts';
import type { Labels, RawSeries } from '../../../core/judge/series/raw-series.ts';

const COUNT = 'http_server_request_duration_seconds_count';
const counted = `${COUNT}{service_name="checkout"}`;
const others = '{__name__=~"http_server_duration_milliseconds_count|…"}';

const series = (labels: Labels, valueAt = (i: number): number => 10 * i): RawSeries => ({
  labels: {
    ...{ __name__: COUNT, k8s_cluster_name: 'aws', instance: 'pod-1', k8s_namespace_name: 'shop' },
    ...{ service_name: 'checkout', service_version: 'v1', http_response_status_code: '200', ...labels },
  },
  samples: Array.from({ length: 20 }, (_, i) => ({ atMs: 5_000 * i, value: valueAt(i) })),
});

const findings = (found: readonly RawSeries[], other: readonly RawSeries[] = []) =>
  countingFindings({
    ...{ namespace: 'shop', service: 'checkout', protocol: 'http', queries: { counted, others } },
    series: found,
    others: other,
  });

describe('counting', () => {
  it('has nothing to say of pods that each have an instance and a namespace', () => {
    expect(findings([series({}), series({ instance: 'pod-2' })])).toEqual([]);
  });

  it('names an instance that several pods share, and the only label that tells them apart', () => {
    const shared = ['a', 'b'].map((id) => series({ instance: 'otel-collector:8889', service_instance_id: id }));
    expect(findings(shared)).toEqual([
      {
        severity: 'warning',
        text: `aws: instance="otel-collector:8889" is shared by 2 processes, only service_instance_id tells them apart; see count by (instance, service_instance_id) (${counted})`,
        fix: expect.stringContaining('honor_labels: true'),
      },
    ]);
  });

  it.each([
    ['prometheus_replica', 'replicas of the metrics store'],
    ['job', 'scrapes of one process'],
    ['otel_scope_name', 'instrumentations of one process'],
  ])('names the label %s by which requests are stored twice', (label, what) => {
    expect(findings(['a', 'b'].map((value) => series({ [label]: value })))).toEqual([
      {
        severity: 'warning',
        text: expect.stringMatching(`several ${what} \\(${label}\\); .*count by \\(${label}\\) \\(${COUNT}`),
        fix: expect.stringContaining('remove duplicates'),
      },
    ]);
  });

  it('names what carries no namespace, and what carries another one only', () => {
    const query = `count by (k8s_namespace_name, service_namespace, namespace, job) (${counted})`;
    const [silent] = findings([series({ k8s_namespace_name: '' })]);
    expect(silent).toMatchObject({ severity: 'warning', fix: expect.stringContaining('k8sattributes') });
    expect(silent?.text).toContain('no series of checkout carries a namespace');
    expect(silent?.text).toContain(query);
    const [foreign] = findings([series({ k8s_namespace_name: 'pr-417' })]);
    expect(foreign).toMatchObject({ severity: 'error', fix: `see ${query}` });
    expect(foreign?.text).toContain('namespace pr-417, not shop');
  });

  it('names old conventions: an error when nothing else is there, a warning when some pods follow them', () => {
    const old = series({ __name__: 'http_server_duration_milliseconds_count', instance: 'pod-2' });
    for (const [found, severity] of [
      [[], 'error'],
      [[series({})], 'warning'],
    ] as const)
      expect(findings(found, [old])).toEqual([
        { severity, text: expect.stringContaining('OTEL_SEMCONV_STABILITY_OPT_IN=http'), fix: `see ${others}` },
      ]);
    expect(findings([series({ instance: 'pod-2' })], [old])).toEqual([]);
  });

  it('names delta temporality, and instrumentations that overlap in part', () => {
    expect(findings([series({ __temporality__: 'delta' })])[0]).toMatchObject({
      severity: 'error',
      text: expect.stringContaining('deltatocumulative'),
      fix: `see ${counted}`,
    });
    const overlap = [series({ otel_scope_name: 'outer' }), series({ otel_scope_name: 'inner' }, (i) => 4 * i)];
    expect(findings(overlap)[0]).toMatchObject({ severity: 'error', text: expect.stringContaining('inner and outer') });
  });
});
