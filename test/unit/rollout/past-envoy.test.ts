import { describe, expect, it } from '@jest/globals';
import { pastEnvoyNotes } from '../../../core/rollout/plan/past-envoy.ts';
import type { MeasuredTraffic } from '../../../core/judge/look/watch.ts';
import { testPlan } from '../../support/plans.ts';

const counted = (source: MeasuredTraffic['source'], cluster: string, perSecond: number): MeasuredTraffic => ({
  ...{ slo: `${source}-errors`, source, cluster, perSecond, total: perSecond * 300, bad: 0 },
});

describe('callers past Envoy, in a plan', () => {
  it('are the difference of what pods answered and what Envoys sent, cluster by cluster', () => {
    const traffic = [
      ...[counted('server', 'aws-us-east-1', 120), counted('envoy', 'aws-us-east-1', 96)],
      ...[counted('server', 'gcp-europe-west1', 120), counted('envoy', 'gcp-europe-west1', 118)],
      ...[counted('server', 'onprem-fra1', 50), counted('envoy', 'onprem-fra1', 0)],
    ];
    expect(pastEnvoyNotes(testPlan(), traffic)).toEqual([
      'callers past Envoy: about 100 % in onprem-fra1, 20 % in aws-us-east-1, of what the pods answer (or by Envoys that are not scraped)',
    ]);
  });

  it('are not known where one side was not asked or has counted too little, and never said to be none there', () => {
    const plan = testPlan();
    expect(pastEnvoyNotes(plan, [counted('server', 'aws-us-east-1', 120)])).toEqual([
      expect.stringMatching(/^callers past Envoy: not known/),
    ]);
    const some = [counted('server', 'aws-us-east-1', 120), counted('envoy', 'aws-us-east-1', 120)];
    const few = [counted('server', 'onprem-fra1', 0.5), counted('envoy', 'onprem-fra1', 0)];
    expect(pastEnvoyNotes(plan, [...some, ...few])).toEqual([
      'callers past Envoy: none seen in the last minutes; not known in 2 of 3 clusters',
    ]);
  });

  it('are no word of a plan that moves no pin', () => {
    expect(pastEnvoyNotes(testPlan({ kind: 'restore' }), [])).toEqual([]);
  });
});
