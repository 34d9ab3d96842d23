import { describe, expect, it } from '@jest/globals';
import { planChange } from '../../../core/rollout/plan/plan-change.ts';
import { WHOLE } from '../../../core/values/share.ts';
import { clusterNames, record, testConfig, testRead, workload } from '../../support/facts.ts';

const [aws, gcp, onprem] = clusterNames;
const deploy = { kind: 'deploy', version: 'v2', image: 'registry/checkout:v2' } as const;

describe('a cluster that was away', () => {
  it('is skipped by its wave, with the reason, by the word of a person', () => {
    const plan = planChange({ config: testConfig(), read: testRead(), change: { ...deploy, without: [onprem] } });
    expect(plan.waves.map(({ serving }) => serving)).toEqual([[aws], [gcp]]);
    expect(plan.waves[1]?.skipped).toEqual([{ cluster: onprem, reason: 'left out by --without' }]);
  });

  it('catches up by the same deploy: the waves skip whoever has the version, so that only it moves', () => {
    const done = (cluster: string) => ({
      record: record(cluster, { v2: WHOLE }),
      workloads: [workload('v1'), workload('v2')],
    });
    const read = testRead({ [aws]: done(aws), [gcp]: done(gcp) });
    const plan = planChange({ config: testConfig(), read, change: deploy });
    expect(plan.waves.map(({ name, serving, clients }) => [name, serving, clients])).toEqual([
      ['rest', [onprem], [onprem]],
    ]);
  });
});
