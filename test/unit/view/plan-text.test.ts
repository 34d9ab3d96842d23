import { describe, expect, it } from '@jest/globals';
import { planRollout, topologies } from '../../../core/rollout/plan/versions.ts';
import { planText } from '../../../core/view/plan-text.ts';
import { fannedOut } from '../../../core/rollout/plan/fan-out.ts';
import { WHOLE } from '../../../core/values/share.ts';
import { testConfig, testRead, unadopted } from '../../support/facts.ts';
import { fleetNames, fleetPlan } from '../../support/fleet-plan.ts';

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

describe('the text of a plan with Jobs before the first share', () => {
  const before = [
    { name: 'migrate', timeoutMs: 1_200_000, command: ['migrate'] },
    { name: 'smoke', timeoutMs: 300_000, image: 'smoke:1' },
  ];
  const deploy = { kind: 'deploy', version: 'v2', image: 'registry/checkout:v2' } as const;
  const plan = planRollout({ config: testConfig({ before }), read: testRead(), change: deploy });

  it('shows them with their longest time, and who reaches the version meanwhile', () => {
    const lines = planText({ plan, topology: {} }).split('\n');
    expect(lines).toContain(
      'Before the first share in each wave, in every serving cluster: Job migrate (20m at most), then Job smoke (5m at most)',
    );
    expect(lines).toContain('  meanwhile calls with the header x-tidegate-version: v2 reach v2');
  });
});

describe('the text of a plan over many clusters', () => {
  const names = fleetNames(200);
  const plan = fannedOut(fleetPlan(200));
  const topology = Object.fromEntries(names.map((name) => [name, { [name]: WHOLE }]));
  const lines = planText({ plan, topology }).split('\n');

  it('shows which clusters are in which wave, how many they are, and how many are written at a time', () => {
    const [canary = '', rest = ''] = lines.filter((line) => line.startsWith('Wave '));
    expect(canary).toBe(`Wave 1 canary: ${names.slice(0, 20).join(', ')} (20 clusters)`);
    expect(rest.endsWith(`${names.at(-1) ?? ''} (180 clusters, 50 at a time)`)).toBe(true);
  });

  it('counts the clusters that a step reaches, in the place of a column for each', () => {
    expect(lines.map((line) => line.replaceAll(/ +/g, ' '))).toContain(' canary 5 % 20 of 200 5 %');
    expect(lines.map((line) => line.replaceAll(/ +/g, ' '))).toContain(' rest 10 % 200 of 200 100 %');
  });
});
