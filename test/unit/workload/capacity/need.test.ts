/** How many pods traffic needs: what a run asks for, at night and at peak. */
import { describe, expect, it } from '@jest/globals';
import type { Autoscaler, AutoscalerMetric, Deployment } from '../../../../core/kube/objects.ts';
import { podsFor, podsNeeded, sizeOf } from '../../../../core/workload/capacity/need.ts';

const deployment = (version: string, ready: number, replicas = ready): Deployment => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: `checkout-${version}` },
  spec: { replicas, selector: {}, template: { spec: { containers: [] } } },
  status: { readyReplicas: ready },
});

const autoscaler = (
  version: string,
  replicas: number,
  metrics: [AutoscalerMetric, AutoscalerMetric][],
): Autoscaler => ({
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: version },
  spec: {
    maxReplicas: 500,
    scaleTargetRef: { kind: 'Deployment', name: `checkout-${version}` },
    metrics: metrics.map(([target]) => target),
  },
  status: { currentReplicas: replicas, currentMetrics: metrics.map(([, current]) => current) },
});

const cpu = (target: number, current: number): [AutoscalerMetric, AutoscalerMetric] => [
  { type: 'Resource', resource: { name: 'cpu', target: { averageUtilization: target } } },
  { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: current, averageValue: '90m' } } },
];

const queue = (target: string, current: string): [AutoscalerMetric, AutoscalerMetric] => [
  { type: 'External', external: { metric: { name: 'queue' }, target: { averageValue: target } } },
  { type: 'External', external: { metric: { name: 'queue' }, current: { averageValue: current } } },
];

describe('pods for a share', () => {
  it('is all of them in full, whatever the share', () => {
    expect([10_000, 500_000, 1_000_000].map((share) => podsFor(30, { mode: 'full', share }))).toEqual([30, 30, 30]);
  });

  it('is the share and a quarter more by share, at least 1, and never more than all', () => {
    const at = (share: number): number => podsFor(30, { mode: 'byShare', share });
    expect([1_000, 50_000, 200_000, 500_000, 1_000_000].map(at)).toEqual([1, 2, 8, 19, 30]);
  });
});

describe('the pods that all traffic needs', () => {
  it('is what is ready; a version without a ready pod tells of its own health only', () => {
    expect(sizeOf(deployment('v1', 12, 30))).toBe(12);
    expect(sizeOf(deployment('v1', 0, 30))).toBe(30);
  });

  it('follows the larger version: parity holds in both directions', () => {
    expect(podsNeeded([deployment('v1', 30), deployment('v2', 50)], [])).toBe(50);
    expect(podsNeeded([deployment('v1', 30), deployment('v2', 2)], [])).toBe(30);
  });

  it('adds the loads of both at a split: at peak either has half of what it would need alone', () => {
    // Each at 75 pods and at its target: 150 carry all.
    const both = [autoscaler('v1', 75, [cpu(80, 80)]), autoscaler('v2', 75, [cpu(80, 80)])];
    expect(podsNeeded([deployment('v1', 75), deployment('v2', 75)], both)).toBe(150);
  });

  it('is not raised by what it has raised: pods that were added carry less each', () => {
    const both = [autoscaler('v1', 150, [cpu(80, 40)]), autoscaler('v2', 150, [cpu(80, 40)])];
    expect(podsNeeded([deployment('v1', 150), deployment('v2', 150)], both)).toBe(150);
  });

  it('counts once what is measured elsewhere, since every autoscaler sees all of it', () => {
    const both = [autoscaler('v1', 10, [queue('5', '20')]), autoscaler('v2', 10, [queue('5', '20')])];
    expect(podsNeeded([deployment('v1', 10), deployment('v2', 10)], both)).toBe(40);
  });

  it('adds nothing for what cannot be read: unknown is no load', () => {
    const [target] = cpu(80, 0);
    const silent = autoscaler('v1', 30, [[target, { type: 'Resource', resource: { name: 'memory' } }]]);
    expect(podsNeeded([deployment('v1', 30)], [silent, { ...silent, status: {} }])).toBe(30);
  });
});
