/** Pods that a plan asks for, and how it tells them. */
import { describe, expect, it } from '@jest/globals';
import { billedActions, gateActions } from '../../../core/rollout/plan/billed.ts';
import type { Plan } from '../../../core/rollout/plan/plan.ts';
import { planRollout, topologies } from '../../../core/rollout/plan/versions.ts';
import { planText } from '../../../core/view/plan-text.ts';
import { plannedWrites } from '../../../workflows/rollout/planned-writes.ts';
import { clusterNames, testConfig, testRead, unadopted, workload } from '../../support/facts.ts';
import { testPlan } from '../../support/plans.ts';

const [aws, gcp, onprem] = clusterNames;

const read = testRead({ [aws]: { workloads: [workload('v1', { replicas: 30, ready: 30 })] } });
const change = { kind: 'deploy', version: 'v2', image: 'registry/checkout:v2' } as const;

const planIn = (capacity: 'full' | 'byShare', more: object = {}): Plan =>
  planRollout({ config: testConfig({ capacity, ...more }), read, change });

const lines = (plan: Plan): string[] =>
  planText({ plan, topology: topologies(testConfig(), read.clusters) })
    .split('\n')
    .filter((line) => line.includes('pods of'));

const firstShares = (plan: Plan) =>
  Object.fromEntries(plannedWrites(plan).map(({ cluster, prepare }) => [cluster.name, prepare?.forShare]));

describe('the pods of a plan', () => {
  it('are those that the replaced version has ready, before the first share', () => {
    const plan = planIn('full');
    expect(plan.capacity).toEqual({ mode: 'full', pods: { [aws]: 30, [gcp]: 2, [onprem]: 2 } });
    expect(firstShares(plan)).toEqual({ [aws]: undefined, [gcp]: undefined, [onprem]: undefined });
    expect(lines(plan)).toEqual([
      `  pods of v2: ${aws} 30, beside those that carry all traffic (${aws} 30)`,
      `  pods of v2: ${gcp} 2, ${onprem} 2, beside those that carry all traffic (${gcp} 2, ${onprem} 2)`,
    ]);
  });

  it('by share are those of each step: the first with the version, the last for all traffic', () => {
    const plan = planIn('byShare');
    expect(firstShares(plan)).toEqual({
      [aws]: { mode: 'byShare', share: 50_000 },
      [gcp]: { mode: 'byShare', share: 250_000 },
      [onprem]: { mode: 'byShare', share: 250_000 },
    });
    expect(lines(plan)[0]).toBe(
      `  pods of v2: step 1 ${aws} 2; step 2 ${aws} 30, beside those that carry all traffic (${aws} 30)`,
    );
  });

  it('that others make are told as that', () => {
    expect(lines(planIn('full', { workload: 'external' }))[0]).toContain(
      'made by others and asked for before each share',
    );
  });

  it('of an adoption are those of the original; a restore asks for none', () => {
    const adopt = planRollout({ config: testConfig(), read: unadopted(), change: { kind: 'adopt' } });
    expect(adopt.capacity).toEqual({ mode: 'full', pods: { [aws]: 2, [gcp]: 2, [onprem]: 2 } });
    expect(planRollout({ config: testConfig(), read, change: { kind: 'restore' } }).capacity).toBeUndefined();
  });

  it('cost Temporal an action per step after the first, one per wave, and a second wait at a gate', () => {
    const older = testPlan();
    const plan: Plan = { ...older, capacity: { mode: 'full', pods: {} } };
    expect(billedActions(plan) - billedActions(older)).toBe(2 + 2 + 2);
    // Two waves, each with two attempts of four beats.
    expect(gateActions(plan)).toBe(gateActions(older) + 20);
    expect(gateActions(plan)).toBeLessThanOrEqual(100);
  });
});
