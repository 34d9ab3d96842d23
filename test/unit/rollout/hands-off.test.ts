import { describe, expect, it } from '@jest/globals';
import { preflight } from '../../../core/rollout/preflight/preflight.ts';
import { isDue, needsOf, type Need, type ServiceState } from '../../../core/rollout/settled.ts';
import type { RoutingRecord } from '../../../core/routing/record.ts';
import { WHOLE } from '../../../core/values/share.ts';
import type { ClusterState } from '../../../core/workload/cluster-state.ts';
import { fightOver, withRepair, type Repairs } from '../../../core/workload/frontend/fights.ts';
import { pausesOf, type Pause } from '../../../core/workload/frontend/pauses.ts';
import { record, testConfig, testRead } from '../../support/facts.ts';

const [aws, gcp] = ['aws-us-east-1', 'gcp-europe-west1'];
const frontend = { portName: 'http', port: 8080, targetPort: 8080, selector: { app: 'checkout' } };
const fits = { targetPort: true, selector: true };

const state = (cluster: string, change: Partial<ClusterState> = {}): ClusterState => ({
  ...{ cluster, unreachable: '', record: record(cluster, { v1: WHOLE }), broken: '', pinned: 'v1' },
  ...{ versions: [{ version: 'v1', objects: ['Deployment/checkout-v1'], serving: true, due: null }], holds: [] },
  ...{ frontend: { ...frontend, selectorBy: 'tidegate', portsBy: 'helm', fits } },
  ...change,
});

const needs = (clusters: ClusterState[], drift: ServiceState['drift'] = 'repair'): Need[] =>
  needsOf({ service: 'checkout', clusters, nowMs: 1_000, warmMs: 60_000, drift });

const pause = (of: Pause['of']): Pause => ({ of, reason: 'the bank moves', by: 'ann', atMs: 1_000 });

const half = (cluster: string): RoutingRecord => {
  const whole = record(cluster, { v1: WHOLE });
  return { ...whole, versions: { ...whole.versions, current: { [cluster]: { v2: WHOLE } }, epoch: 5_000 } };
};

const changed = (change: Partial<NonNullable<ClusterState['frontend']>>): ClusterState =>
  state(aws, { frontend: { ...frontend, selectorBy: 'helm', portsBy: 'helm', fits, ...change } });

describe('a pause', () => {
  it('of a service leaves it as it is, also half moved, and tells since when, who and why', () => {
    const found = needs([state(aws, { pauses: [pause('service')], record: half(aws) }), state(gcp, { pinned: '' })]);
    expect(found).toEqual([
      {
        ...{ kind: 'paused', cluster: aws, of: 'service' },
        reason: `${aws}: paused since 1970-01-01T00:00:01Z by ann: the bank moves; half moved since 1970-01-01T00:00:05Z; tidegate unpause checkout`,
      },
    ]);
    expect(found.some((need) => isDue(need, Infinity))).toBe(false);
  });

  it('of a cluster keeps the settler off that cluster alone; the others are restored without it', () => {
    const still = state(aws, { pauses: [pause('cluster')], pinned: '' });
    expect(needs([still, state(gcp, { pinned: '' })])).toMatchObject([
      { kind: 'pin', cluster: gcp },
      { kind: 'paused', cluster: aws },
    ]);
    expect(needs([still, state(gcp, { record: half(gcp) })])).toMatchObject([
      { kind: 'restore', clusters: [gcp], without: [aws] },
      { kind: 'paused', cluster: aws },
    ]);
  });

  it('of a cluster keeps versions that nobody else serves: what is paused may send to them', () => {
    const versions = ['v1', 'v0'].map((version) => ({ version, objects: ['x'], serving: true, due: 1 }));
    expect(needs([state(aws, { pauses: [pause('cluster')] }), state(gcp, { versions })])).toMatchObject([
      { kind: 'paused' },
    ]);
    expect(needs([state(aws), state(gcp, { versions })])).toMatchObject([{ kind: 'retire', version: 'v0' }]);
  });

  it('is read from any text, and from any Service of the namespace where the cluster is paused', () => {
    const service = (name: string, annotations: Record<string, string>) => ({
      ...{ apiVersion: 'v1', kind: 'Service', metadata: { name, annotations }, spec: {} },
    });
    expect(pausesOf('checkout', [service('checkout', { 'tidegate.dev/paused': 'yes' })])).toMatchObject([
      { of: 'service', reason: 'yes', atMs: 0 },
    ]);
    const word = JSON.stringify({ reason: 'r', by: 'ann', atMs: 7 });
    const others = [service('cart', { 'tidegate.dev/cluster-paused': word, 'tidegate.dev/paused': word })];
    expect(pausesOf('checkout', others)).toEqual([{ of: 'cluster', reason: 'r', by: 'ann', atMs: 7 }]);
  });

  it('refuses what goes forward by name, and no way back', () => {
    const read = testRead({ [aws]: { pauses: [pause('service')] } });
    const refused = (change: Parameters<typeof preflight>[0]['change']) =>
      preflight({ config: testConfig(), facts: read.clusters, change });
    expect(refused({ kind: 'deploy', version: 'v2', image: 'registry/checkout:v2' })).toEqual([
      {
        code: 'Conflict',
        text: `${aws}: checkout is paused since 1970-01-01T00:00:01Z by ann: the bank moves`,
        fix: 'wait, or: tidegate unpause checkout',
      },
    ]);
    expect(refused({ kind: 'restore' })).toEqual([]);
    expect(refused({ kind: 'undo' })).toEqual([]);
    expect(refused({ kind: 'release' })).toEqual([]);
  });
});

describe('a frontend that somebody has changed', () => {
  it('whose only port had no name and got one, since it has several now, is asked: a repair would write for ever', () => {
    const whole = record(aws, { v1: WHOLE });
    const unnamed = { ...whole, frontend: { ...whole.frontend, portName: '' } };
    const [found] = needs([{ ...changed({}), record: unnamed }]);
    expect(found).toMatchObject({ kind: 'person', cluster: aws });
    expect(found?.reason).toContain("port's name");
  });

  it('is put back by default', () => {
    expect(needs([changed({ port: 80 })])).toMatchObject([{ kind: 'frontend', cluster: aws, does: 'repair' }]);
    expect(needs([{ ...changed({}), pinned: '' }])).toMatchObject([{ kind: 'pin', version: 'v1' }]);
  });

  it('is asked about under ask, with who changed it; what a commit of ours left half done is not', () => {
    const [need] = needs([changed({ targetPort: 9090 })], 'ask');
    expect(need).toMatchObject({ kind: 'person' });
    expect(need?.reason).toContain('changed by helm: targetPort is 9090, and was 8080');
    expect(needs([{ ...changed({}), pinned: '' }], 'ask')).toMatchObject([{ kind: 'person' }]);
    expect(needs([state(aws, { pinned: 'v0' })], 'ask')).toMatchObject([{ kind: 'pin' }]);
  });

  it.each([
    ['a port', { port: 80 }, 'frontend'],
    ['a targetPort that all pods declare', { targetPort: 'web' }, 'frontend'],
    ['a targetPort that some pod lacks', { targetPort: 1, fits: { ...fits, targetPort: false } }, 'person'],
    ['an addition to the selector', { selector: { app: 'checkout', tier: 'web' } }, 'frontend'],
    [
      'a selector that leaves pods out',
      { selector: { app: 'checkout', x: 'y' }, fits: { ...fits, selector: false } },
      'person',
    ],
    ['a selector that lacks a label', { selector: { tier: 'web' } }, 'person'],
    ['another name of the port', { portName: 'web' }, 'person'],
  ] as const)('is taken into the record under adopt where that is safe: %s', (_, change, kind) => {
    expect(needs([changed(change)], 'adopt')).toMatchObject([{ kind }]);
  });

  it('never has a pin adopted: callers past Envoy would get what was not proven', () => {
    const [need] = needs([{ ...changed({}), pinned: 'v9' }], 'adopt');
    expect(need).toMatchObject({ kind: 'person' });
    expect(need?.reason).toContain('a pin is never adopted');
  });

  it('refuses a deploy where a person is asked, also for the pin alone', () => {
    const facts = testRead({ [aws]: { frontend: { ...changed({}).frontend, ...shape, pinned: '' } as never } });
    const change = { kind: 'deploy', version: 'v2', image: 'registry/checkout:v2' } as const;
    expect(preflight({ config: testConfig(), facts: facts.clusters, change })).toEqual([]);
    const asking = testConfig({ drift: 'ask' });
    const own = facts.clusters.filter(({ cluster }) => cluster === aws);
    expect(preflight({ config: asking, facts: own, change }).map(({ text }) => text)).toEqual([
      `${aws}: the frontend is pinned to no version by helm, the record says v1`,
    ]);
  });
});

const shape = { global: false, affinity: '', sessionAffinity: false, ports: 1, appProtocol: '' };

describe('a fight', () => {
  const hour = 3_600_000;
  const taken = (...atMs: number[]): Repairs =>
    atMs.reduce((found: Repairs, nowMs) => withRepair(found, { field: 'pin', manager: 'argocd', nowMs }), {});

  it('is what the same manager takes back three times, each within an hour of the repair', () => {
    expect(fightOver('pin', 'argocd', taken(0, hour))).toBeNull();
    expect(fightOver('pin', 'argocd', taken(0, hour, 2 * hour))).toMatchObject({ sinceMs: 0 });
    expect(fightOver('pin', 'argocd', taken(0, hour, 2 * hour + 1))).toBeNull();
    expect(fightOver('pin', 'flux', taken(0, 1, 2))).toBeNull();
    expect(fightOver('frontend', 'argocd', taken(0, 1, 2))).toBeNull();
  });

  it.each([
    [
      'argocd-controller',
      'spec.ignoreDifferences: [{kind: Service, name: checkout, jsonPointers: [/spec/selector/app.kubernetes.io~1version]}], and spec.syncPolicy.syncOptions: [RespectIgnoreDifferences=true]',
    ],
    [
      'kustomize-controller',
      'spec.ignore: [{paths: [/spec/selector], target: {kind: Service, name: checkout}}]; before kustomize-controller 1.9, on the Service in Git: annotation kustomize.toolkit.fluxcd.io/ssa: IfNotPresent',
    ],
    [
      'helm-controller',
      'spec.driftDetection.ignore: [{paths: [/spec/selector], target: {kind: Service, name: checkout}}]',
    ],
    ['kubectl', 'let kubectl leave /spec/selector'],
  ])('is left alone and named, with the rule for %s', (manager, rule) => {
    const repairs: Repairs = { pin: { by: manager, atMs: [1, 2, 3] } };
    const fought = state(aws, { pinned: '', repairs, frontend: { ...frontend, selectorBy: manager } });
    const [need] = needs([fought]);
    expect(need).toMatchObject({ kind: 'person' });
    expect(need?.reason).toContain(`by ${manager}`);
    expect(need?.reason).toContain(rule);
    expect(need?.reason).toContain('tidegate unpause checkout');
  });

  it('refuses a deploy', () => {
    const repairs: Repairs = { pin: { by: 'argocd', atMs: [1, 2, 3] } };
    const lost = { ...frontend, ...shape, selectorBy: 'argocd', pinned: '' };
    const { clusters } = testRead({ [aws]: { repairs, frontend: lost } });
    const found = preflight({
      config: testConfig(),
      facts: clusters,
      change: { kind: 'deploy', version: 'v2', image: 'x' },
    });
    expect(found.map(({ text }) => text).join()).toContain('argocd took the pin of the frontend back 3 times');
  });
});

describe('the original of an adoption', () => {
  const originals = [{ deployment: 'checkout', version: 'v1' }];

  it('goes once the frontend is pinned to what was proven, whoever wrote that', () => {
    expect(needs([state(aws, { originals })])).toMatchObject([
      { kind: 'original', cluster: aws, deployment: 'checkout' },
    ]);
    expect(needs([state(aws, { originals, pinned: '' })])).toMatchObject([{ kind: 'pin' }]);
  });

  it('is let go where the adoption is over without a proven version; its autoscaler with it', () => {
    const none = { record: record(aws, null), pinned: '', versions: [] };
    expect(needs([state(aws, { ...none, originals })])).toMatchObject([{ kind: 'unmark', version: 'v1' }]);
    const holds = [{ autoscaler: 'a', version: 'v1', on: '', replicas: 2 }];
    expect(needs([state(aws, { ...none, originals, holds })])).toMatchObject([{ kind: 'free', version: 'v1' }]);
  });

  it('goes in the clusters that kept the version, and stays in those that went back, when an adoption ended as partial', () => {
    const back = state(gcp, { record: record(gcp, null), pinned: '', versions: [], originals });
    expect(needs([state(aws, { originals }), back])).toMatchObject([
      { kind: 'original', cluster: aws },
      { kind: 'unmark', cluster: gcp },
    ]);
  });
});

describe('a cluster that was given up', () => {
  it('keeps what its Envoys may call, also when the mesh names it no more, until it is forgotten', () => {
    const versions = ['v1', 'v0'].map((version) => ({ version, objects: ['x'], serving: true, due: 1 }));
    const absent = { onprem: { atMs: 1_000, reason: 'flooded' } };
    const [need] = needs([state(aws, { record: { ...record(aws, { v1: WHOLE }), absent }, versions })]);
    expect(need).toMatchObject({ kind: 'person', cluster: 'onprem' });
    expect(need?.reason).toContain('tidegate cluster forget onprem');
    expect(needs([state(aws, { record: { ...record(aws, { v1: WHOLE }), absent } })])).toEqual([]);
  });
});
