/** A cluster is drained and comes back, by plans on records as the activities write them. */
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { LoadedConfig } from '../../../core/config/types.ts';
import { catchUpOf } from '../../../core/rollout/catch-up.ts';
import type { Change } from '../../../core/rollout/change.ts';
import { planChange } from '../../../core/rollout/plan/plan-change.ts';
import { withoutLeaving, withShares } from '../../../core/routing/changes.ts';
import { committed } from '../../../core/routing/committed.ts';
import { parseRecord } from '../../../core/routing/parse-record.ts';
import type { RoutingRecord } from '../../../core/routing/record.ts';
import { WHOLE, sum, type Shares } from '../../../core/values/share.ts';
import type { ClusterFacts } from '../../../core/workload/facts.ts';
import { clusterNames, facts, record, testConfig, workload } from '../../support/facts.ts';

const [aws, gcp, onprem] = clusterNames;
const drain = (cluster: string): Change => ({ kind: 'topology', drains: cluster });
const back = (cluster: string): Change => ({ kind: 'topology', returns: cluster });

type Records = Readonly<Record<string, RoutingRecord>>;

function recordsOf(topology: Readonly<Record<string, Shares>>): Records {
  const of = (cluster: string): RoutingRecord => {
    const base = record(cluster, { v1: WHOLE }, { pin: 'v1' });
    const calls = topology[cluster] ?? { [cluster]: WHOLE };
    const serves = Object.fromEntries(Object.keys(calls).map((name) => [name, { v1: WHOLE }]));
    return {
      ...base,
      topology: { ...base.topology, proven: calls, current: calls },
      versions: { ...base.versions, proven: serves, current: serves },
    };
  };
  return Object.fromEntries(clusterNames.map((name) => [name, of(name)]));
}

const factsOf = (records: Records): ClusterFacts[] =>
  clusterNames.map((name) => facts(name, { record: records[name] ?? null }));

interface Played {
  readonly records: Records;
  readonly change: Change;
  readonly config?: LoadedConfig;
  readonly epoch?: number;
}

const planned = ({ records, change, config = testConfig(), epoch = 1_000 }: Played) =>
  planChange({ config, read: { epoch, clusters: factsOf(records) }, change, beside: {} });

/** The records after the change, as its run writes them, and once what has left has drained. */
function played(given: Played): Records {
  const plan = planned(given);
  const { records } = given;
  const patches = plan.waves[0]?.steps[0]?.topology ?? {};
  const moved = Object.entries(patches).map(([cluster, topology]): [string, RoutingRecord] => {
    const found = records[cluster] ?? null;
    const writer = {
      epoch: plan.epoch,
      run: `run-${String(plan.epoch)}`,
      turn: 1,
      replaces: plan.owners?.[cluster] ?? null,
    };
    const input = { service: plan.service, cluster: { name: cluster }, ...writer, topology };
    const entered = withShares(found, { ...input, entering: true });
    const shares = withShares(entered, input);
    const proven = committed(shares, {
      ...{ ...writer, serving: [], part: 'topology' as const, drained: topology.drained ?? null },
    });
    const left = withoutLeaving(proven);
    return [cluster, parseRecord(JSON.stringify(left), cluster)];
  });
  return { ...records, ...Object.fromEntries(moved) };
}

const provenIn = (records: Records): Record<string, Shares | null> =>
  Object.fromEntries(clusterNames.map((name) => [name, records[name]?.topology.proven ?? null]));

const spreadOut = {
  [aws]: { [aws]: 500_000, [gcp]: 300_000, [onprem]: 200_000 },
  [gcp]: { [gcp]: WHOLE },
  [onprem]: { [aws]: 400_000, [onprem]: 600_000 },
};

describe('a drain', () => {
  it('gives the cluster no share, and its share to those that answer already, in proportion', () => {
    const records = played({ records: recordsOf(spreadOut), change: drain(aws) });
    expect(provenIn(records)).toEqual({
      [aws]: { [gcp]: 600_000, [onprem]: 400_000 },
      [gcp]: { [gcp]: WHOLE },
      [onprem]: { [onprem]: WHOLE },
    });
    expect(records[aws]?.topology.drained).toEqual({ from: spreadOut[aws], clusters: { [aws]: { atMs: 1_000 } } });
    expect(records[gcp]?.topology.drained).toBeUndefined();
  });

  it('gives it all to the first of spec.failover that can take it', () => {
    const config = testConfig({ failover: [aws, onprem, gcp] });
    const records = played({ records: recordsOf(spreadOut), change: drain(aws), config });
    expect(records[aws]?.topology.proven).toEqual({ [gcp]: 300_000, [onprem]: 700_000 });
  });

  it('lets clients that only called it call all others, which come with what is proven there', () => {
    const plan = planned({ records: recordsOf({}), change: drain(aws) });
    expect(plan.waves[0]?.steps[0]?.topology).toEqual({
      [aws]: {
        shares: { [gcp]: 500_000, [onprem]: 500_000 },
        serves: { [gcp]: { v1: WHOLE }, [onprem]: { v1: WHOLE } },
        drained: { from: { [aws]: WHOLE }, clusters: { [aws]: { atMs: 1_000 } } },
      },
    });
    expect([plan.version, plan.part]).toEqual([`${aws} drained`, 'topology']);
  });

  it('of the last cluster that could answer is refused, and so is a second one of the same cluster', () => {
    let records = recordsOf({});
    for (const cluster of [aws, gcp]) records = played({ records, change: drain(cluster), epoch: 2_000 });
    expect(() => planned({ records, change: drain(onprem) })).toThrow('nobody else could answer them');
    expect(() => planned({ records, change: drain(aws) })).toThrow(`no calls go to ${aws} already`);
    expect(() => planned({ records, change: drain('mars') })).toThrow('the mesh has no cluster mars');
    expect(() => planned({ records, change: back(onprem) })).toThrow(`${onprem} is not drained`);
  });

  it('outlives a topology apply: the document is followed, but for the drained cluster', () => {
    const drained = played({ records: recordsOf(spreadOut), change: drain(aws) });
    const topology = { ...spreadOut, [gcp]: { [aws]: 500_000, [gcp]: 250_000, [onprem]: 250_000 } };
    const change: Change = { kind: 'topology' };
    const config = testConfig({ topology });
    const plan = planned({ records: drained, change, config, epoch: 2_000 });
    expect(plan.notes.join('\n')).toContain(`it gets no calls until tidegate cluster restore ${aws}`);
    const applied = played({ records: drained, change, config, epoch: 2_000 });
    expect(applied[gcp]?.topology.proven).toEqual({ [gcp]: 500_000, [onprem]: 500_000 });
    const returned = played({ records: applied, change: back(aws), epoch: 3_000 });
    expect(provenIn(returned)).toEqual(topology);
  });

  it('and returns in any order bring back exactly what was, and drained clusters never get a call meanwhile', () => {
    const parts = fc.tuple(fc.nat(10), fc.nat(10), fc.nat(10)).filter((all) => sum(all) > 0);
    const shares = parts.map((all): Shares => {
      const total = sum(all);
      const rounded = all.map((one) => Math.floor((one * WHOLE) / total));
      const first = all.findIndex((one) => one > 0);
      const filled = rounded.map((one, i) => (i === first ? one + WHOLE - sum(rounded) : one));
      return Object.fromEntries(clusterNames.flatMap((name, i) => (filled[i] === 0 ? [] : [[name, filled[i] ?? 0]])));
    });
    const steps = fc.array(fc.tuple(fc.boolean(), fc.constantFrom(...clusterNames)), { maxLength: 8 });
    fc.assert(
      fc.property(fc.tuple(shares, shares, shares), steps, fc.boolean(), ([a, b, c], moves, ordered) => {
        const base = { [aws]: a, [gcp]: b, [onprem]: c };
        const config = testConfig(ordered ? { failover: [gcp, aws] } : {});
        let records = recordsOf(base);
        const away = new Set<string>();
        const all = [...moves, ...clusterNames.map((name) => [false, name] as const)];
        for (const [i, [out, cluster]] of all.entries()) {
          if (out === away.has(cluster) || (out && away.size === 2)) continue;
          if (out && clusterNames.every((name) => (records[name]?.topology.proven?.[cluster] ?? 0) === 0)) continue;
          const called = (name: string): boolean => records[name]?.topology.drained?.clusters[cluster] !== undefined;
          if (!out && !clusterNames.some(called)) continue;
          records = played({ records, change: out ? drain(cluster) : back(cluster), config, epoch: 2_000 + i });
          if (out) away.add(cluster);
          else away.delete(cluster);
          for (const proven of Object.values(provenIn(records))) {
            expect(sum(Object.values(proven ?? {}))).toBe(WHOLE);
            expect(Object.keys(proven ?? {}).filter((name) => away.has(name))).toEqual([]);
          }
        }
        expect(provenIn(records)).toEqual(base);
        expect(clusterNames.map((name) => records[name]?.topology.drained)).toEqual([undefined, undefined, undefined]);
      }),
      { numRuns: 60 },
    );
  });
});

describe('a deploy beside a drained cluster', () => {
  const drained = played({ records: recordsOf({}), change: drain(aws) });
  const deploy: Change = { kind: 'deploy', version: 'v2', image: 'registry/checkout:v2' };

  it('leaves it out, and says so', () => {
    const plan = planned({ records: drained, change: deploy });
    expect(plan.waves.flatMap(({ serving }) => serving)).toEqual([gcp, onprem]);
    expect(plan.notes.join('\n')).toContain(`tidegate cluster restore ${aws}`);
  });

  it('is caught up with when it returns, by the same version and image', () => {
    const versions = (one: RoutingRecord): RoutingRecord['versions'] => {
      const serves = Object.fromEntries(Object.keys(one.versions.proven ?? {}).map((name) => [name, { v2: WHOLE }]));
      const commits = Object.fromEntries(Object.keys(serves).map((name) => [name, 5_000]));
      return { ...one.versions, proven: serves, current: serves, commits };
    };
    const later = Object.fromEntries(
      Object.entries(drained).map(([name, one]) => [name, { ...one, versions: versions(one) }]),
    );
    const returned = played({ records: later, change: back(aws), epoch: 6_000 });
    expect(returned[aws]?.versions.proven).toEqual({ [aws]: { v1: WHOLE } });
    const seen = factsOf(returned).map((one) =>
      one.cluster === aws ? one : { ...one, workloads: [workload('v1'), workload('v2')] },
    );
    const missed = catchUpOf(seen, { cluster: aws, sinceMs: 1_000 });
    expect(missed).toEqual({ change: deploy, serves: 'v1', others: [] });
    const plan = planChange({
      ...{ config: testConfig(), read: { epoch: 7_000, clusters: seen } },
      change: missed?.change ?? deploy,
    });
    expect(plan.waves.flatMap(({ serving }) => serving)).toEqual([aws]);
    // What was proven elsewhere before the drain is no news.
    expect(catchUpOf(seen, { cluster: aws, sinceMs: 5_000 })).toBeNull();
    expect(catchUpOf(factsOf(recordsOf({})), { cluster: aws, sinceMs: 0 })).toBeNull();
  });

  it('is not caught up with where the version has failed elsewhere: its deploy would go there again', () => {
    const at = (versions: Readonly<Record<string, string>>) =>
      clusterNames.map((name): ClusterFacts => {
        const base = record(name, { [versions[name] ?? 'v1']: WHOLE }, { pin: versions[name] ?? 'v1' });
        const commits = { [name]: name === gcp ? 5_000 : 100 };
        return facts(name, { record: { ...base, versions: { ...base.versions, commits } } });
      });
    const missed = catchUpOf(at({ [gcp]: 'v2' }), { cluster: aws, sinceMs: 1_000 });
    expect(missed).toMatchObject({ change: { version: 'v2' }, serves: 'v1', others: [onprem] });
  });

  it('that is back for one client is not taken away again by the old word of another, whatever moves next', () => {
    const records = recordsOf({ [gcp]: { [gcp]: 500_000, [aws]: 500_000 } });
    const out = played({ records, change: drain(aws) });
    const returned = played({ records: out, change: back(aws), epoch: 2_000 });
    // gcp could not be reached at the return: its word is as old as the drain.
    const half = { ...returned, [gcp]: out[gcp] ?? returned[gcp] } as Records;
    for (const change of [{ kind: 'topology' } as const, drain(onprem)]) {
      const then = played({ records: half, change, epoch: 3_000 });
      expect(then[aws]?.topology.proven?.[aws]).toBe(WHOLE);
    }
  });

  it('is not called by a client that is adopted meanwhile; itself it may be adopted anew', () => {
    const config = testConfig({ topology: { [gcp]: { [aws]: WHOLE } } });
    const adopt: Change = { kind: 'adopt' };
    const original = [workload('v1', { deployment: 'checkout', managed: false })];
    const without = (name: string) =>
      factsOf(played({ records: recordsOf({}), change: drain(aws) })).map((one) =>
        one.cluster === name ? facts(name, { record: null, workloads: original }) : one,
      );
    const planOf = (name: string) =>
      planChange({ config, read: { epoch: 2_000, clusters: without(name) }, change: adopt, beside: {} });
    expect(() => planOf(gcp)).toThrow(/would call aws-us-east-1: aws-us-east-1 is drained since/);
    expect(() => planOf(aws)).not.toThrow(/is drained since/);
  });
});
