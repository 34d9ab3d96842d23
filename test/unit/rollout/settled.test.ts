import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { delayMs, isSpent, restoreDelayMs } from '../../../core/rollout/settle-pace.ts';
import { isDue, needsOf, type Need, type ServiceState } from '../../../core/rollout/settled.ts';
import { withoutLeaving, withoutVersion } from '../../../core/routing/changes.ts';
import { inNormalForm } from '../../../core/routing/normal-form.ts';
import type { RoutingRecord } from '../../../core/routing/record.ts';
import { WHOLE, type Shares } from '../../../core/values/share.ts';
import { unreachableState, type ClusterState, type VersionHere } from '../../../core/workload/cluster-state.ts';
import { record } from '../../support/facts.ts';

const nowMs = 1_000_000;
const warmMs = 60_000;
const [aws, gcp] = ['aws', 'gcp'];
const of = { service: 'checkout', drift: 'repair' } as const;

const version = (name: string, change: Partial<VersionHere> = {}): VersionHere => ({
  ...{ version: name, objects: [`Deployment/checkout-${name}`], serving: true, due: null },
  ...change,
});

interface Versions {
  readonly proven: Shares | null;
  readonly current?: Shares | null;
  readonly previous?: string;
}

function recordIn(cluster: string, { proven, current = proven, previous }: Versions): RoutingRecord {
  const own = (shares: Shares | null) => (shares === null ? null : { [cluster]: shares });
  const base = record(cluster, proven);
  return {
    ...base,
    versions: {
      ...base.versions,
      ...{ proven: own(proven), current: own(current) },
      previous: previous === undefined ? {} : { [cluster]: previous },
    },
  };
}

const state = (cluster: string, change: Partial<ClusterState> = {}): ClusterState => ({
  ...{ cluster, unreachable: '', record: recordIn(cluster, { proven: { v1: WHOLE } }), broken: '' },
  ...{ pinned: 'v1', versions: [version('v1')], holds: [] },
  ...change,
});

const needs = (...clusters: ClusterState[]): Need[] => needsOf({ ...of, clusters, nowMs, warmMs });
const kindsOf = (found: readonly Need[]): string[] => found.map(({ kind }) => kind);

describe('a service that no run owns', () => {
  it('is settled when every part is proven, and only the proven version is there', () => {
    expect(needs(state(aws), state(gcp))).toEqual([]);
  });

  it('has its siblings pinned whether or not its frontend is there, one without a mark under every policy', () => {
    const sibling = { name: 'admin', pinned: 'v2', by: 'kubectl', repairs: {} };
    expect(kindsOf(needs(state(aws, { pinned: null, siblings: [sibling] })))).toEqual(['person', 'pin']);
    const asked = { ...of, drift: 'ask' as const, nowMs, warmMs };
    const seen = (change: object) => [state(aws, { siblings: [{ ...sibling, ...change }] })];
    expect(kindsOf(needsOf({ ...asked, clusters: seen({}) }))).toEqual(['person']);
    expect(kindsOf(needsOf({ ...asked, clusters: seen({ pinned: '', unmarked: true }) }))).toEqual(['pin']);
  });

  it('is settled without any record: it was never adopted, or was released and is pinned', () => {
    expect(needs(state(aws, { record: null }))).toEqual([]);
    expect(needs(state(aws, { record: null, pinned: '', versions: [] }))).toEqual([]);
  });

  it('is put back first where it is half moved: what may be taken away depends on what serves', () => {
    const half = state(aws, {
      record: recordIn(aws, { proven: { v1: WHOLE }, current: { v1: 950_000, v2: 50_000 } }),
      versions: [version('v1'), version('v2')],
      holds: [{ autoscaler: 'a', version: 'v2', on: 'v1', replicas: 2 }],
    });
    expect(needs(half, state(gcp))).toMatchObject([{ kind: 'restore', clusters: [aws] }]);
  });

  it('is mended beside a restore where traffic is as proven: one cluster may wait for a person, and no other for that', () => {
    const half = state(aws, {
      record: recordIn(aws, { proven: { v1: WHOLE }, current: { v1: 950_000, v2: 50_000 } }),
      pinned: '',
      holds: [{ autoscaler: 'a', version: 'v2', on: 'v1', replicas: 2 }],
    });
    const left = state(gcp, { ...half, cluster: gcp, record: recordIn(gcp, { proven: { v1: WHOLE } }) });
    const warm = state('onprem', { record: recordIn('onprem', { proven: { v1: WHOLE } }), versions: [version('v0')] });
    const mended = ['pin gcp', 'free gcp'];
    const found = (state: Partial<ServiceState>): string[] =>
      needsOf({ ...of, clusters: [half, left, warm], nowMs, warmMs, ...state }).map((need) =>
        'cluster' in need ? `${need.kind} ${need.cluster}` : need.kind,
      );
    expect(found({})).toEqual(['restore', ...mended]);
    expect(found({ returning: ['versions'] })).toEqual(mended);
    // A run that goes forward may be in the use of all of it.
    expect(found({ owned: ['versions'] })).toEqual([]);
    expect(found({ owned: ['topology'], returning: ['versions'] })).toEqual([]);
  });

  it('is left alone beside a restore in a cluster that half-moved clients of another one send to', () => {
    const sends = (which: 'versions' | 'topology'): RoutingRecord => {
      const base = recordIn(aws, { proven: { v1: WHOLE } });
      const shares = { [aws]: 500_000, [gcp]: 500_000 };
      const topology = { ...base.topology, proven: shares, current: shares };
      const proven = { [aws]: { v1: WHOLE }, [gcp]: { v1: WHOLE } };
      return which === 'versions'
        ? { ...base, topology, versions: { ...base.versions, proven, current: { ...proven, [gcp]: { v2: WHOLE } } } }
        : {
            ...base,
            topology: { ...topology, current: { [gcp]: WHOLE } },
            versions: { ...base.versions, proven, current: proven },
          };
    };
    const left = state(gcp, { pinned: '', record: recordIn(gcp, { proven: { v1: WHOLE } }) });
    for (const which of ['versions', 'topology'] as const)
      expect(kindsOf(needs(state(aws, { record: sends(which) }), left))).toEqual(['restore']);
  });

  it('has a need of its own for each part that is half moved, and none for a part that a run owns', () => {
    const whole = recordIn(aws, { proven: { v1: WHOLE }, current: { v1: 950_000, v2: 50_000 } });
    const current = { [aws]: 500_000, [gcp]: 500_000 };
    const both = state(aws, {
      record: { ...whole, topology: { ...whole.topology, current } },
      holds: [{ autoscaler: 'a', version: 'v2', on: 'v1', replicas: 2 }],
    });
    const partsOf = (owned: ServiceState['owned'] = []): unknown[] =>
      needsOf({ service: 'checkout', drift: 'repair', clusters: [both], nowMs, warmMs, owned }).map((need) => [
        need.kind,
        'part' in need ? need.part : '',
      ]);
    expect(partsOf()).toEqual([
      ['restore', 'topology'],
      ['restore', ''],
    ]);
    expect(partsOf(['versions'])).toEqual([['restore', 'topology']]);
    // Nothing else is touched beside a run: it may be in its use.
    expect(partsOf(['versions', 'topology'])).toEqual([]);
  });

  it('lets go of a serving cluster that a client calls no more', () => {
    const whole = recordIn(aws, { proven: { v1: WHOLE } });
    const left = { ...whole, topology: { ...whole.topology, current: { [aws]: WHOLE, [gcp]: 0 } } };
    expect(needs(state(aws, { record: left }), state(gcp))).toMatchObject([
      { kind: 'leave', cluster: aws, serving: [gcp] },
    ]);
    expect(needs(state(aws, { record: withoutLeaving(left) }), state(gcp))).toEqual([]);
  });

  it('is half moved by an adoption that nobody finished', () => {
    const begun = state(aws, { record: recordIn(aws, { proven: null, current: { v1: WHOLE } }) });
    expect(kindsOf(needs(begun))).toEqual(['restore']);
  });

  it('is not half moved by what a record says of clusters that its clients do not call', () => {
    const own = recordIn(aws, { proven: { v1: WHOLE } });
    const stray = { ...own.versions, current: { ...own.versions.current, elsewhere: { v9: WHOLE } } };
    expect(kindsOf(needs(state(aws, { record: { ...own, versions: stray } })))).not.toContain('restore');
  });

  it('waits for a cluster that cannot be read, and settles the others meanwhile', () => {
    const half = state(gcp, { record: recordIn(gcp, { proven: { v1: WHOLE }, current: { v2: WHOLE } }) });
    expect(kindsOf(needs(unreachableState(aws, 'timeout'), half))).toEqual(['restore', 'reach']);
    const held = state(gcp, { holds: [{ autoscaler: 'a', version: 'v2', on: 'v1', replicas: 2 }] });
    expect(kindsOf(needs(unreachableState(aws, 'timeout'), held))).toEqual(['reach', 'free']);
  });

  it('asks a person about a record that somebody has broken by hand, and about a frontend that is gone', () => {
    expect(needs(state(aws, { record: null, broken: 'not JSON' }))).toMatchObject([{ kind: 'person' }]);
    expect(needs(state(aws, { pinned: null }))).toMatchObject([{ kind: 'person' }]);
  });

  it('gets its pin back: else callers past Envoy meet a version before its first share', () => {
    expect(needs(state(aws, { pinned: '' }))).toMatchObject([{ kind: 'pin', cluster: aws, version: 'v1' }]);
  });
});

describe('a commit that ended half way', () => {
  const called = (cluster: string, proven: string, epoch: number): ClusterState => {
    const own = recordIn(cluster, { proven: { v1: WHOLE } });
    const topology = { ...own.topology, current: { [aws]: WHOLE }, proven: { [aws]: WHOLE } };
    const shares = { [aws]: { [proven]: WHOLE } };
    const versions = { ...own.versions, proven: shares, current: shares, commits: { [aws]: epoch } };
    const pinned = { pinned: proven, versions: [version(proven)] };
    return state(cluster, { record: { ...own, topology, versions, pin: proven }, ...pinned });
  };

  it('is finished by a restore: other clients have proven more than the record says', () => {
    expect(needs(called(aws, 'v2', 20), called(gcp, 'v1', 10))).toMatchObject([{ kind: 'restore', clusters: [gcp] }]);
    expect(kindsOf(needs(called(aws, 'v2', 20), called(gcp, 'v2', 20)))).toEqual([]);
  });

  it('waits while the cluster that serves cannot be seen: what is proven there may be gone', () => {
    const [lost, other] = [unreachableState(aws, 'timeout'), called('third', 'v2', 20)];
    expect(kindsOf(needs(lost, other, called(gcp, 'v1', 10)))).toEqual(['reach']);
  });
});

describe('a version that answers callers without a pin and without a record', () => {
  const bare = { record: null, pinned: '', versions: [version('v1'), version('v2')] };

  it('stays where it is all that runs: nobody can tell which one is meant', () => {
    expect(needs(state(aws, { ...bare, answering: ['v1', 'v2'] }))).toEqual([]);
  });

  it('goes where another one runs that other clusters serve', () => {
    const found = needs(state(aws, { ...bare, answering: ['v1', 'v2'] }), state(gcp));
    expect(found).toMatchObject([{ kind: 'retire', version: 'v2', keptIn: [] }]);
  });

  it('goes beside a Deployment that Tidegate did not make', () => {
    expect(kindsOf(needs(state(aws, { ...bare, answering: [] })))).toEqual(['retire', 'retire']);
  });

  it('stays there when it leaves other clusters', () => {
    const left = state(gcp, { versions: [version('v1'), version('v2')] });
    const only = state(aws, { record: null, pinned: 'v2', versions: [version('v2')] });
    expect(needs(only, left)).toMatchObject([{ kind: 'retire', version: 'v2', keptIn: [aws] }]);
  });
});

describe('a version without traffic', () => {
  const left = version('v2');

  it('goes at once when it never was proven', () => {
    expect(needs(state(aws, { versions: [version('v1'), left] }))).toMatchObject([
      { kind: 'retire', version: 'v2', dueMs: 0 },
    ]);
  });

  it('goes when its warm time is over, which was written down when it was replaced', () => {
    const [need] = needs(state(aws, { versions: [version('v1'), version('v0', { due: nowMs + 5 })] }));
    expect(need).toMatchObject({ kind: 'retire', version: 'v0', dueMs: nowMs + 5 });
    expect([isDue(need as Need, nowMs), isDue(need as Need, nowMs + 5)]).toEqual([false, true]);
  });

  it('has its warm time from now on where nobody wrote it down: records of 0.1.0, and versions that were warm before their run', () => {
    const old = state(aws, {
      record: recordIn(aws, { proven: { v1: WHOLE }, previous: 'v0' }),
      versions: [version('v0'), version('v1')],
    });
    expect(needs(old)).toMatchObject([{ kind: 'keep', version: 'v0', dueMs: nowMs + warmMs }]);
    const again = state(aws, { versions: [version('v1'), version('v0', { due: 'anew' })] });
    expect(needs(again)).toMatchObject([{ kind: 'keep', version: 'v0', dueMs: nowMs + warmMs }]);
  });

  it('stays while a cluster cannot be seen: it may still send to it', () => {
    const seen = state(aws, { versions: [version('v1'), left] });
    expect(kindsOf(needs(seen, unreachableState(gcp, 'timeout')))).toEqual(['reach']);
    expect(kindsOf(needs(seen, state(gcp, { record: null, broken: 'not JSON' })))).toEqual(['person']);
  });

  it('stays while another cluster serves it', () => {
    const other = state(gcp, { record: recordIn(gcp, { proven: { v2: WHOLE } }), pinned: 'v2' });
    expect(needs(state(aws, { versions: [version('v1'), left] }), other)).toEqual([]);
  });

  it('stays where callers past Envoy get it, and goes where it is only named or only a stub', () => {
    expect(needs(state(aws, { record: null, pinned: 'v2', versions: [left] }))).toEqual([]);
    const named = state(aws, { record: recordIn(aws, { proven: { v1: WHOLE }, current: { v1: WHOLE, v2: 0 } }) });
    expect(needs(named)).toMatchObject([{ kind: 'retire', version: 'v2', objects: [] }]);
    const stub = version('v2', { serving: false, objects: ['Service/x'] });
    expect(needs(state(aws, { versions: [version('v1'), stub] }))).toMatchObject([{ kind: 'retire', version: 'v2' }]);
  });
});

describe('a hold on an autoscaler', () => {
  const hold = { autoscaler: 'a', version: 'v2', on: 'v1', replicas: 2 };
  const promoted = recordIn(aws, { proven: { v2: WHOLE } });
  const warm = [version('v1', { due: nowMs + 5 }), version('v2')];

  it('keeps the replaced version at its size while that is warm', () => {
    const one = state(aws, { record: promoted, pinned: 'v2', versions: warm, holds: [hold] });
    expect(kindsOf(needs(one))).toEqual(['retire']);
  });

  it('is freed when its version is not proven, when the held one serves, or is the version itself', () => {
    expect(kindsOf(needs(state(aws, { holds: [hold] })))).toEqual(['free']);
    const own = state(aws, { record: promoted, pinned: 'v2', versions: warm, holds: [{ ...hold, on: 'v2' }] });
    expect(kindsOf(needs(own))).toEqual(['free', 'retire']);
    const failed = [version('v1'), version('v2', { due: 0 })];
    // One that failed leaves with what it came with: it is not freed first.
    expect(kindsOf(needs(state(aws, { versions: failed, holds: [{ ...hold, on: 'v2' }] })))).toEqual(['retire']);
    const both = state(aws, {
      record: recordIn(aws, { proven: { v1: 500_000, v2: 500_000 } }),
      versions: [version('v1'), version('v2')],
      holds: [hold],
    });
    expect(kindsOf(needs(both))).toEqual(['free']);
  });

  it('stays on the original of an adoption until that has no pods', () => {
    const original = { autoscaler: 'a', version: 'v1', on: '', replicas: 2 };
    expect(needs(state(aws, { holds: [original] }))).toEqual([]);
    // One that no adoption marks: it served where the version's own Deployment was deleted, and is nobody's to hold.
    expect(kindsOf(needs(state(aws, { holds: [original], originals: [] })))).toEqual(['free']);
    expect(kindsOf(needs(state(aws, { holds: [{ ...original, replicas: 0 }] })))).toEqual(['free']);
  });
});

describe('the pace', () => {
  it('is quick at first, and every half hour for as long as it takes; three restores, then a person', () => {
    expect([1, 2, 3, 99].map(delayMs)).toEqual([15_000, 30_000, 60_000, 1_800_000]);
    expect([1, 2].map(restoreDelayMs)).toEqual([10_000, 300_000]);
    expect([0, 2, 3].map(isSpent)).toEqual([false, false, true]);
  });
});

/** What each need leads to, when it is done. */
function after(world: ServiceState, need: Need): ServiceState {
  const all = (change: (one: ClusterState) => ClusterState): ServiceState => ({
    ...world,
    clusters: world.clusters.map((one) => (one.unreachable === '' ? change(one) : one)),
  });
  const inCluster = (name: string, change: (one: ClusterState) => Partial<ClusterState>): ServiceState =>
    all((one) => (one.cluster === name ? { ...one, ...change(one) } : one));
  const onRecord = (one: ClusterState, change: (found: RoutingRecord) => RoutingRecord): ClusterState =>
    one.record === null ? one : { ...one, record: change(one.record) };
  switch (need.kind) {
    case 'restore':
      return all((one) =>
        need.clusters.includes(one.cluster)
          ? onRecord(one, (found) => ({ ...found, versions: { ...found.versions, current: found.versions.proven } }))
          : one,
      );
    case 'pin':
      return inCluster(need.cluster, () => ({ pinned: need.version }));
    case 'free':
      return inCluster(need.cluster, ({ holds }) => ({ holds: holds.filter((one) => one.version !== need.version) }));
    case 'keep':
      return inCluster(need.cluster, ({ versions }) => ({
        versions: versions.map((one) => (one.version === need.version ? { ...one, due: need.dueMs } : one)),
      }));
    case 'retire':
      return all((one) => ({
        ...onRecord(one, (found) => withoutVersion(found, need.version)),
        versions: one.versions.filter((here) => here.version !== need.version || one.pinned === need.version),
      }));
    default:
      return world;
  }
}

const names = ['v0', 'v1', 'v2'];
const shares = fc.constantFrom<Shares>({ v1: WHOLE }, { v2: WHOLE }, { v1: 950_000, v2: 50_000 }, { v1: WHOLE, v2: 0 });
const anyCluster = (cluster: string): fc.Arbitrary<ClusterState> =>
  fc
    .record({
      cluster: fc.constant(cluster),
      unreachable: fc.constantFrom('', '', '', 'timeout'),
      broken: fc.constant(''),
      record: fc.option(
        fc
          .record({
            proven: fc.option(shares, { nil: null }),
            current: fc.option(shares, { nil: null }),
            previous: fc.option(fc.constantFrom(...names), { nil: undefined }),
          })
          .map(({ previous, ...rest }) =>
            inNormalForm(recordIn(cluster, { ...rest, ...(previous === undefined ? {} : { previous }) })),
          ),
        { nil: null },
      ),
      pinned: fc.constantFrom('', ...names),
      versions: fc.uniqueArray(
        fc.record({
          version: fc.constantFrom(...names),
          objects: fc.constant(['Deployment/x']),
          serving: fc.boolean(),
          due: fc.constantFrom(null, 'anew' as const, nowMs - 1, nowMs + 1_000),
        }),
        { selector: (one) => one.version },
      ),
      holds: fc.array(
        fc.record({
          autoscaler: fc.constant('a'),
          version: fc.constantFrom(...names),
          on: fc.constantFrom('', ...names),
          replicas: fc.constantFrom(0, 2),
        }),
        { maxLength: 2 },
      ),
    })
    .map((one) => (one.unreachable === '' ? one : unreachableState(cluster, one.unreachable)));

describe('doing what is needed', () => {
  const world = fc
    .tuple(anyCluster(aws), anyCluster(gcp))
    .map((clusters): ServiceState => ({ ...of, clusters, nowMs, warmMs }));

  it('ends, whatever was left behind: with nothing to do but to wait for clusters that cannot be seen', () => {
    fc.assert(
      fc.property(world, (start) => {
        let now = start;
        for (let round = 0; round < 12; round += 1) {
          const due = needsOf(now).filter((need) => isDue(need, now.nowMs));
          const doable = due.filter(({ kind }) => kind !== 'reach' && kind !== 'person');
          if (doable.length === 0) now = { ...now, nowMs: now.nowMs + warmMs };
          for (const need of doable) now = after(now, need);
        }
        const blind = now.clusters.some(({ unreachable }) => unreachable !== '');
        expect(kindsOf(needsOf(now))).toEqual(
          blind ? now.clusters.flatMap((one) => (one.unreachable === '' ? [] : ['reach'])) : [],
        );
      }),
      { numRuns: 2_000 },
    );
  });

  it('never takes away what a record that is seen sends to, nor what is pinned', () => {
    fc.assert(
      fc.property(world, (start) => {
        for (const need of needsOf(start)) {
          if (need.kind !== 'retire') continue;
          const sent = start.clusters.flatMap(({ record: found }) =>
            [found?.versions.current, found?.versions.proven].flatMap((part) =>
              Object.values(part ?? {}).flatMap((one) => Object.entries(one).filter(([, share]) => share > 0)),
            ),
          );
          expect(sent.map(([name]) => name)).not.toContain(need.version);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
