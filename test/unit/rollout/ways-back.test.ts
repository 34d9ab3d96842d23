/** Ways back are refused only for reasons of their own: each forward refusal × each way back. */
import { describe, expect, it } from '@jest/globals';
import type { LoadedConfig } from '../../../core/config/types.ts';
import type { Change } from '../../../core/rollout/change.ts';
import { planRollout, type PlanInput } from '../../../core/rollout/plan/versions.ts';
import { TidegateError } from '../../../core/values/error.ts';
import { WHOLE } from '../../../core/values/share.ts';
import type { ClusterFacts } from '../../../core/workload/facts.ts';
import { clusterNames, facts, record, testConfig, workload } from '../../support/facts.ts';

const [aws, gcp, onprem] = clusterNames;

/** v2 is proven everywhere, v1 is warm: an undo may go there, and a release or restore stays. */
const promoted = (cluster: string): ClusterFacts => {
  const one = record(cluster, { v2: WHOLE, v1: 0 });
  return facts(cluster, {
    record: { ...one, versions: { ...one.versions, previous: { [cluster]: 'v1' } } },
    workloads: [workload('v2'), workload('v1')],
  });
};

const read = (change: Readonly<Record<string, Partial<ClusterFacts>>> = {}) => ({
  epoch: 1_000,
  clusters: clusterNames.map((name) => ({ ...promoted(name), ...change[name] })),
});

const refusalOf = (input: PlanInput): string => {
  try {
    planRollout(input);
  } catch (error) {
    if (error instanceof TidegateError) return error.message;
    throw error;
  }
  return '';
};

const deploy: Change = { kind: 'deploy', version: 'v3', image: 'registry/checkout:v3' };
const waysBack: readonly Change[] = [{ kind: 'restore' }, { kind: 'undo' }, { kind: 'release' }];
const frontend = { ...facts(aws).frontend! };
const dead: Partial<ClusterFacts> = {
  ...{ unreachable: 'connect ECONNREFUSED', record: null, frontend: null, workloads: [] },
};
const noMetrics = { ...testConfig(), mesh: { ...testConfig().mesh, metrics: null } };
const shape = { refused: ['it is headless'], notes: [] };
const second = { name: 'checkout-admin', pinned: '', serving: true };

const forward: readonly [string, LoadedConfig, Readonly<Record<string, Partial<ClusterFacts>>>, RegExp][] = [
  ['one API server is down', testConfig(), { [gcp]: dead }, /gcp-europe-west1 cannot be reached/],
  [
    'the port of the route is gone',
    testConfig(),
    { [aws]: { frontend: { ...frontend, port: 0, portName: '', otherPorts: ['web (81)'] } } },
    /port http \(8080\) of the route is gone: it has web \(81\)/,
  ],
  [
    'the port has another name there',
    testConfig({ topology: null }),
    { [aws]: { frontend: { ...frontend, portName: 'grpc-web' } } },
    /grpc-web/,
  ],
  ['an HTTPRoute appeared', testConfig(), { [aws]: { foreign: ['HTTPRoute shop/new'] } }, /HTTPRoute shop\/new/],
  [
    'the Service has a shape that is not supported',
    testConfig(),
    { [aws]: { frontend: { ...frontend, shape } } },
    /headless/,
  ],
  ['its port is gRPC', testConfig(), { [aws]: { frontend: { ...frontend, appProtocol: 'grpc' } } }, /grpc/],
  [
    'session affinity was switched on',
    testConfig(),
    { [aws]: { frontend: { ...frontend, sessionAffinity: true } } },
    /affinity/,
  ],
  ['its selector is gone', testConfig(), { [aws]: { frontend: { ...frontend, selector: {} } } }, /no selector/],
  [
    'its selector says a version',
    testConfig(),
    { [aws]: { frontend: { ...frontend, selector: { app: 'checkout', version: 'v2' } } } },
    /version=v2/,
  ],
  ['another Service selects the pods', testConfig(), { [aws]: { secondServices: [second] } }, /checkout-admin/],
  [
    'Cilium runs an older Envoy',
    testConfig(),
    { [aws]: { envoyImage: 'quay.io/cilium/cilium-envoy:v1.29.1' } },
    /Envoy 1\.29/,
  ],
  ['the mesh names no metrics', noMetrics, {}, /no SLO can be evaluated/],
  ['the service has no SLO', testConfig({ slos: [] }), {}, /has no SLO/],
  ['a cluster joined and is not adopted yet', testConfig(), { [onprem]: { record: null } }, /is not adopted/],
  [
    'the running version was edited by hand',
    testConfig(),
    { [aws]: { workloads: [workload('v2', { editedBy: 'kubectl' }), workload('v1')] } },
    /changed by kubectl/,
  ],
  [
    'clients differ in what is proven in a cluster: a commit ended half way',
    testConfig(),
    { [onprem]: { record: split() } },
    /client clusters differ/,
  ],
];

function split() {
  const one = record(onprem, { v2: WHOLE, v1: 0 });
  const topology = { [onprem]: 800_000, [aws]: 200_000 };
  const shares = { [onprem]: { v2: WHOLE, v1: 0 }, [aws]: { v1: WHOLE } };
  return {
    ...one,
    topology: { ...one.topology, proven: topology, current: topology },
    versions: { ...one.versions, proven: shares, current: shares, previous: { [onprem]: 'v1' } },
  };
}

describe('what refuses a deploy is in the way of no way back', () => {
  for (const [name, config, change, refusal] of forward) {
    it(name, () => {
      expect(refusalOf({ config, read: read(change), change: deploy })).toMatch(refusal);
      for (const back of waysBack) {
        const said = refusalOf({ config, read: read(change), change: back });
        expect({ back: back.kind, said }).toEqual({ back: back.kind, said: '' });
      }
    });
  }

  it('is told beside the plan: the next deploy will meet it', () => {
    const change = { [aws]: { foreign: ['HTTPRoute shop/new'] }, [gcp]: dead };
    for (const kind of ['undo', 'release'] as const) {
      const { notes } = planRollout({ config: testConfig(), read: read(change), change: { kind } });
      expect(notes.join('\n')).toMatch(/gcp-europe-west1 cannot be reached: connect ECONNREFUSED/);
      expect(notes.join('\n')).toMatch(/HTTPRoute shop\/new already routes this Service: not in the way/);
    }
  });
});

describe('what an undo needs', () => {
  it('is that the version is known and warm where somebody answers; the others are left out, by name', () => {
    const plan = planRollout({ config: testConfig(), read: read({ [gcp]: dead }), change: { kind: 'undo' } });
    expect(plan.version).toBe('v1');
    expect(plan.waves[0]).toMatchObject({ serving: [aws, onprem], clients: [aws, onprem] });
    expect(plan.absent).toEqual({ [gcp]: 'it could not be reached: connect ECONNREFUSED' });
    expect(plan.unreached).toEqual([gcp]);
    expect(Object.keys(plan.clusters)).toContain(gcp);
  });

  it('is no wave of today’s Service document: a cluster that is in none goes back all the same', () => {
    const [first] = testConfig().service.waves;
    const config = testConfig({ waves: first === undefined ? [] : [first] });
    const plan = planRollout({ config, read: read(), change: { kind: 'undo' } });
    expect(plan.waves[0]?.serving).toEqual([...clusterNames]);
  });

  it('is no pod where nothing goes back: a cluster that serves the version already', () => {
    const there = { record: record(onprem, { v1: WHOLE }), workloads: [workload('v1', { ready: 0 })] };
    const plan = planRollout({ config: testConfig(), read: read({ [onprem]: there }), change: { kind: 'undo' } });
    expect(plan.waves[0]?.serving).toEqual([aws, gcp]);
  });
});

describe('reasons of its own refuse a way back', () => {
  const half = () => {
    const one = promoted(aws).record!;
    return { ...one, versions: { ...one.versions, current: { [aws]: { v2: 500_000, v3: 500_000 } } } };
  };
  const own: readonly [string, Readonly<Record<string, Partial<ClusterFacts>>>, RegExp, readonly string[]][] = [
    ['traffic that lies half way', { [aws]: { record: half() } }, /tidegate restore/, ['undo', 'release']],
    [
      'a record that somebody broke: it says where traffic goes back to',
      {
        [aws]: {
          record: null,
          foreign: ['CiliumEnvoyConfig shop/x: broken'],
          broken: ['CiliumEnvoyConfig shop/x: broken'],
        },
      },
      /shop\/x: broken/,
      ['undo', 'release'],
    ],
    [
      'a frontend that is gone: both end by pinning it',
      { [aws]: { frontend: null } },
      /no such Service/,
      ['undo', 'release'],
    ],
    [
      'no cluster that is adopted',
      Object.fromEntries(clusterNames.map((name) => [name, { record: null }])),
      /is not adopted/,
      ['undo', 'release'],
    ],
    ['a version that is no longer warm', { [aws]: { workloads: [workload('v2')] } }, /no longer warm in aws/, ['undo']],
    [
      'a version that was edited by hand: it is not what was proven',
      { [aws]: { workloads: [workload('v2'), workload('v1', { editedBy: 'kubectl' })] } },
      /changed by kubectl/,
      ['undo'],
    ],
  ];
  for (const [name, change, refusal, kinds] of own) {
    it(`${name} (${kinds.join(', ')}); a restore is planned all the same`, () => {
      for (const back of waysBack) {
        const said = refusalOf({ config: testConfig(), read: read(change), change: back });
        if (kinds.includes(back.kind)) expect(said).toMatch(refusal);
        else expect({ back: back.kind, said }).toEqual({ back: back.kind, said: '' });
      }
    });
  }
});

describe('--without', () => {
  const others = () => ({ ...read(), clusters: read().clusters.filter(({ cluster }) => cluster !== gcp) });
  const without = [gcp];

  it.each([
    { kind: 'restore', without },
    { kind: 'undo', without },
    { ...deploy, without },
  ] satisfies Change[])('$kind goes on without a cluster that is not even asked, and keeps it in sight', (change) => {
    const plan = planRollout({ config: testConfig(), read: others(), change });
    expect(plan.waves.flatMap((wave) => wave.clients)).toEqual([aws, onprem]);
    expect(plan.absent).toEqual({ [gcp]: 'left out by --without' });
    expect(plan.unreached).toBeUndefined();
    expect(plan.notes.join('\n')).toMatch(/gcp-europe-west1 is left out/);
    // What its Envoys may still send to is looked for there before it is retired.
    expect(Object.keys(plan.clusters)).toEqual([...clusterNames]);
  });

  it('does not touch the pods of a cluster that others send calls to', () => {
    const one = record(onprem, { v2: WHOLE, v1: 0 });
    const topology = { [onprem]: 500_000, [gcp]: 500_000 };
    const shares = { [onprem]: { v2: WHOLE, v1: 0 }, [gcp]: { v2: WHOLE, v1: 0 } };
    const routing = {
      ...one,
      topology: { ...one.topology, proven: topology, current: topology },
      versions: { ...one.versions, proven: shares, current: shares, previous: { [onprem]: 'v1', [gcp]: 'v1' } },
    };
    const clusters = others().clusters.map((fact) => (fact.cluster === onprem ? { ...fact, record: routing } : fact));
    const plan = planRollout({
      ...{ config: testConfig(), read: { epoch: 1_000, clusters } },
      change: { kind: 'undo', without },
    });
    expect(plan.waves[0]?.serving).toEqual([aws, onprem]);
    expect(Object.keys(plan.waves[0]?.steps[0]?.versions ?? {})).toEqual([aws, onprem]);
  });

  it('refuses a name that is no cluster, and to leave out all', () => {
    const say = (names: readonly string[]) =>
      refusalOf({ config: testConfig(), read: read(), change: { kind: 'restore', without: names } });
    expect(say(['gcp'])).toMatch(/the mesh has no cluster gcp/);
    expect(say([...clusterNames])).toMatch(/every cluster of the mesh is left out/);
  });
});
