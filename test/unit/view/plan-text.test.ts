import { describe, expect, it } from '@jest/globals';
import { planRollout, topologies } from '../../../core/rollout/plan/versions.ts';
import { planText } from '../../../core/view/plan-text.ts';
import { testConfig, unadopted } from '../../support/facts.ts';

describe('the text of a plan', () => {
  const config = testConfig({ adoptBakeMs: 30_000, warmUpMs: 60_000 });
  const read = unadopted();
  const plan = planRollout({ config, read, change: { kind: 'adopt' } });
  const text = planText({ plan, topology: topologies(config, read.clusters) });

  it('shows how long an adoption is watched', () => {
    expect(text).toContain('step 1: 100 %, watched 30s');
  });

  it('shows the warm-up before a bake, and counts it: a step takes longer than its bake', () => {
    expect(text).toContain('Before each watched time: 1m of warm-up, in which only hard stops count');
    expect(planText({ plan: { ...plan, warmUpMs: 0 }, topology: {} })).not.toContain('warm-up');
  });
});
