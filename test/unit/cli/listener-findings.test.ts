import { describe, expect, it } from '@jest/globals';
import { lookAtListener } from '../../../cli/doctor/listener-findings.ts';
import type { Observed, ServiceFacts } from '../../../cli/doctor/service-findings.ts';
import { planRollout } from '../../../core/rollout/plan/versions.ts';
import { WHOLE } from '../../../core/values/share.ts';
import { facts, testConfig, unadopted } from '../../support/facts.ts';

type RawSeries = Observed['series'][number];

const NOW = 1_000_000;

const service: ServiceFacts = {
  namespace: 'shop',
  service: 'checkout',
  clusters: [facts('aws-us-east-1')],
  topology: { 'aws-us-east-1': { 'aws-us-east-1': WHOLE } },
  protocol: 'http',
};

/** From 0 to `value` in 60 s. */
const counter = (name: string, value: number, labels: Record<string, string> = {}): RawSeries => ({
  labels: { __name__: `envoy_http_${name}`, k8s_cluster_name: 'aws-us-east-1', instance: 'node-1', ...labels },
  samples: [
    { atMs: NOW - 60_000, value: 0 },
    { atMs: NOW - 30_000, value: value / 2 },
    { atMs: NOW, value },
  ],
});

const counters = (taken: number, routed: number): RawSeries[] => [
  counter('downstream_rq_total', taken),
  counter('rq_total', routed),
  counter('downstream_rq_xx', taken - routed, { envoy_response_code_class: '4' }),
];

const look = (series: readonly RawSeries[]) => lookAtListener(service, { series, nowMs: NOW });

describe('doctor', () => {
  it('says when nothing counts what the listener refuses: a breach there would be seen by nobody', () => {
    expect(look([]).findings).toEqual([
      expect.objectContaining({
        severity: 'warning',
        text: expect.stringContaining('envoy_http_conn_manager_prefix="shop_checkout"') as unknown,
      }),
    ]);
    expect(look(counters(100, 100).slice(0, 1)).findings).toHaveLength(1);
  });

  it('shows what the listener refuses, and warns from the share on that would stop an adoption', () => {
    expect(look(counters(1_000, 998))).toEqual({ note: 'aws-us-east-1 2 of 1000 (0.2 %)', findings: [] });
    expect(look(counters(1_000, 900)).findings[0]?.text).toContain('refused 100 of 1000 (10 %) requests');
  });
});

describe('a plan', () => {
  it('of an adoption tells what the listener does not carry, in one note that names the list', () => {
    const { notes } = planRollout({ config: testConfig(), read: unadopted(), change: { kind: 'adopt' } });
    expect(notes.filter((note) => note.includes('docs/reference/listener.md'))).toHaveLength(1);
  });
});
