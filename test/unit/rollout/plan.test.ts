import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Change } from '../../../core/rollout/change.ts';
import { exposure, longestDurationMs } from '../../../core/rollout/plan/exposure.ts';
import { planRollout, topologies, type PlanInput } from '../../../core/rollout/plan/versions.ts';
import { TidegateError, type FailureCode } from '../../../core/values/error.ts';
import { formatShare, WHOLE } from '../../../core/values/share.ts';
import { clusterNames, facts, record, testConfig, testRead, unadopted, workload } from '../../support/facts.ts';
import { durationText } from '../../../core/values/duration.ts';

const deploy: Change = { kind: 'deploy', version: 'v2', image: 'registry/checkout:v2' };

function refused(input: PlanInput): { code: FailureCode; message: string } {
  try {
    planRollout(input);
  } catch (error) {
    if (error instanceof TidegateError) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error('the plan was not refused');
}

describe('the plan of a deploy', () => {
  it('moves each wave from weight 0 in rising shares to the whole', () => {
    const plan = planRollout({ config: testConfig(), read: testRead(), change: deploy });
    expect(plan.waves.map((wave) => wave.serving)).toEqual([['aws-us-east-1'], ['gcp-europe-west1', 'onprem-fra1']]);
    expect(plan.waves[0]?.enter).toEqual({ 'aws-us-east-1': { v1: WHOLE, v2: 0 } });
    expect(plan.waves[0]?.steps[0]?.versions).toEqual({ 'aws-us-east-1': { v1: 950_000, v2: 50_000 } });
    expect(plan.waves[1]?.steps[1]?.versions).toEqual({
      'gcp-europe-west1': { v1: 0, v2: WHOLE },
      'onprem-fra1': { v1: 0, v2: WHOLE },
    });
    expect(plan.sources['onprem-fra1']).toEqual({ deployment: 'checkout-v1', image: 'registry/checkout:v2' });
    expect(plan.replaces).toEqual({ 'aws-us-east-1': 'v1', 'gcp-europe-west1': 'v1', 'onprem-fra1': 'v1' });
  });

  it('writes every client cluster that routes to a serving cluster of the wave', () => {
    const split = { 'onprem-fra1': 800_000, 'aws-us-east-1': 200_000 };
    const both = { 'onprem-fra1': { v1: WHOLE }, 'aws-us-east-1': { v1: WHOLE } };
    const base = record('onprem-fra1', { v1: WHOLE });
    const onprem = {
      ...base,
      topology: { ...base.topology, proven: split, current: split },
      versions: { ...base.versions, proven: both, current: both },
    };
    const plan = planRollout({
      config: testConfig(),
      read: testRead({ 'onprem-fra1': { record: onprem } }),
      change: deploy,
    });
    expect(plan.waves[0]?.clients).toEqual(['aws-us-east-1', 'onprem-fra1']);
  });

  it('skips a serving cluster that nobody routes to, with the reason', () => {
    const away = { 'aws-us-east-1': WHOLE };
    const base = record('gcp-europe-west1', { v1: WHOLE });
    const gcp = {
      ...base,
      topology: { ...base.topology, proven: away, current: away },
      versions: {
        ...base.versions,
        proven: { 'aws-us-east-1': { v1: WHOLE } },
        current: { 'aws-us-east-1': { v1: WHOLE } },
      },
    };
    const plan = planRollout({
      config: testConfig(),
      read: testRead({ 'gcp-europe-west1': { record: gcp } }),
      change: deploy,
    });
    expect(plan.waves[1]?.serving).toEqual(['onprem-fra1']);
    expect(plan.waves[1]?.skipped).toEqual([{ cluster: 'gcp-europe-west1', reason: 'no client cluster routes to it' }]);
  });

  it('the shares of every step sum to the whole, whatever the steps', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: WHOLE }), { minLength: 1, maxLength: 8 }), (shares) => {
        const steps = shares.toSorted((a, b) => a - b).map((share) => ({ share, bakeMs: 1_000, approve: false }));
        const config = testConfig({ waves: [{ name: 'all', clusters: [...clusterNames], steps }] });
        const plan = planRollout({ config, read: testRead(), change: deploy });
        for (const step of plan.waves[0]?.steps ?? []) {
          for (const versions of Object.values(step.versions ?? {})) {
            expect(Object.values(versions).reduce((a, b) => a + b, 0)).toBe(WHOLE);
          }
        }
      }),
      { seed: 11, numRuns: 100 },
    );
  });
});

describe('a refusal names everything that is wrong, before anything is written', () => {
  const cases: [string, FailureCode, PlanInput, RegExp][] = [
    ['an unadopted service', 'Invalid', { config: testConfig(), read: unadopted(), change: deploy }, /is not adopted/],
    [
      'an unreachable cluster',
      'Invalid',
      {
        config: testConfig(),
        read: testRead({ 'onprem-fra1': { unreachable: 'connect ECONNREFUSED' } }),
        change: deploy,
      },
      /onprem-fra1 cannot be reached: connect ECONNREFUSED/,
    ],
    [
      'a foreign route',
      'Foreign',
      {
        config: testConfig(),
        read: testRead({ 'aws-us-east-1': { foreign: ['CiliumEnvoyConfig shop/x (manager kubectl)'] } }),
        change: deploy,
      },
      /CiliumEnvoyConfig shop\/x \(manager kubectl\)/,
    ],
    [
      'traffic that a terminated run left half moved',
      'HalfMoved',
      {
        config: testConfig(),
        read: testRead({
          'aws-us-east-1': {
            record: {
              ...record('aws-us-east-1', { v1: WHOLE }),
              versions: {
                ...record('aws-us-east-1', { v1: WHOLE }).versions,
                current: { 'aws-us-east-1': { v1: 500_000, v2: 500_000 } },
              },
            },
          },
        }),
        change: deploy,
      },
      /tidegate restore/,
    ],
    [
      'a version name that stands for another image',
      'VersionExists',
      {
        config: testConfig(),
        read: testRead({ 'aws-us-east-1': { workloads: [workload('v1'), workload('v2', { image: 'other' })] } }),
        change: deploy,
      },
      /with image other/,
    ],
    [
      'a running version that was edited by hand: the next one would be made from a build that has no name',
      'VersionExists',
      {
        config: testConfig(),
        read: testRead({ 'aws-us-east-1': { workloads: [workload('v1', { editedBy: 'kubectl-edit at noon' })] } }),
        change: deploy,
      },
      /aws-us-east-1\/shop\/Deployment\/checkout-v1: its pod template was changed by kubectl-edit at noon/,
    ],
    [
      'an undo to a version that was edited by hand: it is not what was proven',
      'VersionExists',
      {
        config: testConfig(),
        read: testRead({
          'aws-us-east-1': { workloads: [workload('v1'), workload('v0', { editedBy: 'kubectl-edit at noon' })] },
          'gcp-europe-west1': { workloads: [workload('v1'), workload('v0')] },
          'onprem-fra1': { workloads: [workload('v1'), workload('v0')] },
        }),
        change: { kind: 'undo', version: 'v0' },
      },
      /Deployment\/checkout-v0/,
    ],
    [
      'a port of gRPC that is judged as HTTP',
      'Invalid',
      {
        config: testConfig(),
        read: testRead({ 'aws-us-east-1': { frontend: { ...facts('aws-us-east-1').frontend!, appProtocol: 'grpc' } } }),
        change: deploy,
      },
      /speaks gRPC, as the Service says, and no SLO counts its status/,
    ],
    [
      'no metrics backend',
      'Invalid',
      { config: { ...testConfig(), mesh: { ...testConfig().mesh, metrics: null } }, read: testRead(), change: deploy },
      /no SLO can be evaluated/,
    ],
    ['no SLO', 'Invalid', { config: testConfig({ slos: [] }), read: testRead(), change: deploy }, /has no SLO/],
    [
      'a version that is proven everywhere',
      'Invalid',
      { config: testConfig(), read: testRead(), change: { kind: 'deploy', version: 'v1' } },
      /already serves v1/,
    ],
    [
      'a version that is no label',
      'Invalid',
      { config: testConfig(), read: testRead(), change: { kind: 'deploy', version: 'v 2' } },
      /label value/,
    ],
    [
      'an undo without an earlier version',
      'Invalid',
      { config: testConfig(), read: testRead(), change: { kind: 'undo' } },
      /no earlier proven version/,
    ],
    [
      'a missing frontend',
      'Invalid',
      { config: testConfig(), read: testRead({ 'onprem-fra1': { frontend: null } }), change: deploy },
      /onprem-fra1\/shop\/checkout: no such Service/,
    ],
  ];
  for (const [name, code, input, message] of cases) {
    it(name, () => {
      const error = refused(input);
      expect(error.code).toBe(code);
      expect(error.message).toMatch(message);
      expect(error.message).toContain('nothing was written');
    });
  }

  it('a deploy that nothing is made of, and a port that has two names', () => {
    const bare = { config: testConfig(), read: testRead(), change: { kind: 'deploy', version: 'v2' } } as const;
    expect(refused(bare).message).toMatch(/nothing says what checkout v2 is made of/);
    const topology = { 'onprem-fra1': { 'aws-us-east-1': WHOLE } };
    const read = unadopted();
    const clusters = read.clusters.map((one) =>
      one.cluster === 'onprem-fra1' ? { ...one, frontend: { ...one.frontend!, portName: 'web' } } : one,
    );
    const input = { config: testConfig({ topology }), read: { ...read, clusters }, change: { kind: 'adopt' } } as const;
    expect(refused(input).message).toMatch(/port web of checkout in onprem-fra1 is called http in aws-us-east-1/);
  });

  it('lists all offenders, not the first', () => {
    const { message } = refused({ config: testConfig(), read: unadopted(), change: deploy });
    for (const name of clusterNames) expect(message).toContain(name);
  });
});

describe('the plan of an adoption', () => {
  it('moves whole client clusters, wave by wave, and carries the rest of the new records', () => {
    const plan = planRollout({ config: testConfig(), read: unadopted(), change: { kind: 'adopt' } });
    expect(plan.version).toBe('v1');
    expect(plan.waves.map((wave) => [wave.clients, wave.steps.map((step) => step.share)])).toEqual([
      [['aws-us-east-1'], [WHOLE]],
      [['gcp-europe-west1', 'onprem-fra1'], [WHOLE]],
    ]);
    expect(plan.initial['aws-us-east-1']?.topology).toEqual({ 'aws-us-east-1': WHOLE });
    expect(plan.sources['aws-us-east-1']).toEqual({ deployment: 'checkout' });
  });

  it('refuses a global Service without an explicit topology, and two Deployments behind one frontend', () => {
    const frontend = { ...facts('aws-us-east-1').frontend!, global: true };
    expect(refused({ config: testConfig(), read: unadopted({ frontend }), change: { kind: 'adopt' } }).message).toMatch(
      /spec\.topology/,
    );
    const two = [
      workload('v1', { deployment: 'a', managed: false }),
      workload('v1', { deployment: 'b', managed: false }),
    ];
    expect(
      refused({ config: testConfig(), read: unadopted({ workloads: two }), change: { kind: 'adopt' } }).message,
    ).toMatch(/2 Deployments \(a, b\)/);
  });

  it('needs a version from the pods or from the person, and they must agree', () => {
    const unlabelled = [workload('', { deployment: 'checkout', managed: false })];
    expect(
      refused({ config: testConfig(), read: unadopted({ workloads: unlabelled }), change: { kind: 'adopt' } }).message,
    ).toMatch(/--version/);
    expect(
      planRollout({
        config: testConfig(),
        read: unadopted({ workloads: unlabelled }),
        change: { kind: 'adopt', version: 'v7' },
      }).version,
    ).toBe('v7');
    expect(
      refused({ config: testConfig(), read: unadopted(), change: { kind: 'adopt', version: 'v7' } }).message,
    ).toMatch(/labelled v1/);
  });
});

describe('a world that is only partly as wished', () => {
  it('a restore is planned past an unreachable cluster', () => {
    const read = testRead({ 'onprem-fra1': { unreachable: 'connect ECONNREFUSED', record: null, frontend: null } });
    const plan = planRollout({ config: testConfig(), read, change: { kind: 'restore' } });
    expect(plan.waves[0]?.clients).toEqual([...clusterNames]);
  });

  it('is watched as long as the Service document says, whatever the first step of the first wave is', () => {
    const bakes = (adoptBakeMs?: number): number[] => {
      const config = testConfig(adoptBakeMs === undefined ? {} : { adoptBakeMs });
      const plan = planRollout({ config, read: unadopted(), change: { kind: 'adopt' } });
      return plan.waves.flatMap((wave) => wave.steps.map(({ bakeMs }) => bakeMs));
    };
    expect(bakes(30_000)).toEqual([30_000, 30_000]);
    // The config of a worker from before this setting.
    expect(bakes()).toEqual([10_000, 10_000]);
  });

  it('a cluster that is adopted later keeps its own build, and the others their versions', () => {
    const onprem = { record: null, workloads: [workload('v1', { deployment: 'checkout', managed: false })] };
    const v2 = (cluster: string) => ({ record: record(cluster, { v2: WHOLE }), workloads: [workload('v2')] });
    const read = testRead({
      'aws-us-east-1': v2('aws-us-east-1'),
      'gcp-europe-west1': v2('gcp-europe-west1'),
      'onprem-fra1': onprem,
    });
    const plan = planRollout({ config: testConfig(), read, change: { kind: 'adopt' } });
    expect(plan.version).toBe('v1');
    expect(plan.waves.map((wave) => [wave.clients, wave.serving])).toEqual([[['onprem-fra1'], ['onprem-fra1']]]);
  });

  it('with the route lost, the version that the frontend is pinned to is adopted, whatever else still runs', () => {
    const frontend = { ...facts('aws-us-east-1').frontend!, pinned: 'v4' };
    const lost = { record: null, frontend, workloads: [workload('v5'), workload('v4')] };
    const v4 = (cluster: string) => ({ record: record(cluster, { v4: WHOLE }), workloads: [workload('v4')] });
    const read = testRead({
      'aws-us-east-1': lost,
      'gcp-europe-west1': v4('gcp-europe-west1'),
      'onprem-fra1': v4('onprem-fra1'),
    });
    const plan = planRollout({ config: testConfig(), read, change: { kind: 'adopt' } });
    expect([plan.version, plan.sources['aws-us-east-1']?.deployment]).toEqual(['v4', 'checkout-v4']);
  });

  it('a release that ended half way can be started again', () => {
    const read = testRead({ 'aws-us-east-1': { record: null } });
    expect(planRollout({ config: testConfig(), read, change: { kind: 'release' } }).waves[0]?.clients).toHaveLength(3);
  });

  it('clients that differ in what is proven in one cluster are refused', () => {
    const split = { 'onprem-fra1': 800_000, 'aws-us-east-1': 200_000 };
    const base = record('onprem-fra1', { v1: WHOLE });
    const shares = { 'onprem-fra1': { v1: WHOLE }, 'aws-us-east-1': { v2: WHOLE } };
    const onprem = {
      ...base,
      topology: { ...base.topology, proven: split, current: split },
      versions: { ...base.versions, proven: shares, current: shares },
    };
    const error = refused({
      config: testConfig(),
      read: testRead({ 'onprem-fra1': { record: onprem } }),
      change: deploy,
    });
    expect(error.code).toBe('HalfMoved');
    expect(error.message).toMatch(/differ in what is proven in aws-us-east-1/);
  });

  it('a cluster that only calls others is adopted with the last wave', () => {
    const topology = { 'onprem-fra1': { 'aws-us-east-1': WHOLE } };
    const waves = testConfig().service.waves.map((wave) => ({
      ...wave,
      clusters: wave.clusters.filter((name) => name !== 'onprem-fra1'),
    }));
    const read = unadopted();
    const clusters = read.clusters.map((one) => (one.cluster === 'onprem-fra1' ? { ...one, workloads: [] } : one));
    const plan = planRollout({
      config: testConfig({ topology, waves }),
      read: { ...read, clusters },
      change: { kind: 'adopt' },
    });
    expect(plan.waves[1]?.clients).toEqual(['gcp-europe-west1', 'onprem-fra1']);
    expect(plan.waves[1]?.serving).toEqual(['gcp-europe-west1', 'aws-us-east-1']);
  });
});

describe('the plan of an undo', () => {
  const warm = (ready: number) => {
    const base = record('aws-us-east-1', { v2: WHOLE, v1: 0 });
    const change = (cluster: string) => ({
      record: {
        ...record(cluster, { v2: WHOLE, v1: 0 }),
        versions: { ...record(cluster, { v2: WHOLE, v1: 0 }).versions, previous: { [cluster]: 'v1' } },
      },
      workloads: [workload('v2'), workload('v1', { ready })],
    });
    expect(base.versions.previous).toEqual({});
    return testRead(Object.fromEntries(clusterNames.map((name) => [name, change(name)])));
  };

  it('goes back to the previous proven version everywhere in one step', () => {
    const plan = planRollout({ config: testConfig(), read: warm(2), change: { kind: 'undo' } });
    expect(plan.version).toBe('v1');
    expect(plan.waves).toHaveLength(1);
    expect(plan.waves[0]?.steps).toMatchObject([{ share: WHOLE, bakeMs: 0 }]);
  });

  it('is refused when the version is no longer warm', () => {
    expect(refused({ config: testConfig(), read: warm(0), change: { kind: 'undo' } }).message).toMatch(
      /no longer warm/,
    );
  });
});

describe('describing', () => {
  it('names the largest share of users exposed at each step', () => {
    const read = testRead();
    const plan = planRollout({ config: testConfig(), read, change: deploy });
    const steps = exposure(plan, topologies(testConfig(), read.clusters));
    expect(steps.map((step) => step.largest)).toEqual([50_000, WHOLE, WHOLE, WHOLE]);
    expect(steps[0]?.byClient).toEqual({ 'aws-us-east-1': 50_000, 'gcp-europe-west1': 0, 'onprem-fra1': 0 });
    // Two steps and the pin of each wave.
    expect(longestDurationMs(plan)).toBe(2 * 60_000 + 6 * 70_000);
    expect(longestDurationMs({ ...plan, warmUpMs: 1_000 })).toBe(2 * 60_000 + 6 * 71_000);
  });

  it('writes shares and durations as people do', () => {
    expect([formatShare(1_000), formatShare(WHOLE), formatShare(333_333)]).toEqual(['0.1 %', '100 %', '33.3333 %']);
    expect([durationText(500), durationText(90_000), durationText(3_600_000)]).toEqual(['500ms', '1m 30s', '1h']);
  });
});
