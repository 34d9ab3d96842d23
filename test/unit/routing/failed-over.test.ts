/** Calls leave a lost cluster in one write that is proven at once: no way back leads there, and what was is remembered. */
import { describe, expect, it } from '@jest/globals';
import { elsewhere, failedOver, newcomersOf, type FailingOver } from '../../../core/routing/failed-over.ts';
import { halfMovedParts } from '../../../core/routing/part.ts';
import { parseRecord } from '../../../core/routing/parse-record.ts';
import type { RoutingRecord } from '../../../core/routing/record.ts';
import { WHOLE, type Shares } from '../../../core/values/share.ts';
import { servesWithout } from '../../../core/rollout/failing-over.ts';
import { clusterNames, facts, record, workload } from '../../support/facts.ts';

const [aws, gcp, onprem] = clusterNames;
const calls = { [aws]: 600_000, [gcp]: 400_000 };

function client(proven: Shares = calls, current: Shares = proven): RoutingRecord {
  const base = record(aws, { v1: WHOLE });
  const serves = Object.fromEntries(Object.keys({ ...proven, ...current }).map((name) => [name, { v1: WHOLE }]));
  return {
    ...base,
    topology: { ...base.topology, proven, current, epoch: 7, run: 'before' },
    versions: { ...base.versions, proven: serves, current: serves },
  };
}

const asked = (change: Partial<FailingOver> = {}): FailingOver => ({
  service: { installation: 'default', mesh: 'shop', namespace: 'shop', service: 'checkout' },
  ...{ cluster: { name: aws }, lost: gcp, atMs: 5_000, failover: [], epoch: 6, run: 'watch' },
  replaces: { epoch: 7, run: 'before' },
  serves: { [aws]: { v1: WHOLE }, [onprem]: { v2: WHOLE } },
  ...change,
});

describe('a failover', () => {
  it('moves and proves at once, takes the epoch, and remembers what was, as a record that is read back', () => {
    const next = failedOver(client(), asked());
    expect(next.topology).toMatchObject({
      proven: { [aws]: WHOLE },
      current: { [aws]: WHOLE, [gcp]: 0 },
      drained: { from: calls, clusters: { [gcp]: { atMs: 5_000, lost: true } } },
      ...{ epoch: 8, run: 'watch' },
    });
    expect(halfMovedParts(next)).toEqual([]);
    expect(parseRecord(JSON.stringify(next), 'here')).toEqual(next);
  });

  it('is done once: what is there already is the record itself', () => {
    const next = failedOver(client(), asked());
    expect(failedOver(next, asked())).toBe(next);
  });

  it('in mid-move of another run goes by what is proven, and fences that run out', () => {
    const next = failedOver(client(calls, { [aws]: 300_000, [gcp]: 700_000 }), asked());
    expect(next.topology).toMatchObject({ proven: { [aws]: WHOLE }, run: 'watch', drained: { from: calls } });
    expect(() => failedOver(client(), asked({ replaces: { epoch: 6, run: 'other' } }))).toThrow(
      /belongs to run before/,
    );
  });

  it('goes to the first of spec.failover that can, which enters before it gets a share', () => {
    const input = asked({ failover: [gcp, onprem] });
    const to = elsewhere(client(), input);
    expect(to?.shares).toEqual({ [aws]: 600_000, [onprem]: 400_000 });
    expect(to === null ? [] : newcomersOf(client(), to)).toEqual([onprem]);
    const entering = failedOver(client(), { ...input, entering: true });
    expect(entering.topology).toMatchObject({ current: { ...calls, [onprem]: 0 }, proven: calls });
    const next = failedOver(entering, input);
    expect(next.topology.proven).toEqual({ [aws]: 600_000, [onprem]: 400_000 });
    expect(next.versions.proven?.[onprem]).toEqual({ v2: WHOLE });
  });

  it('gives more only to clusters that can take it, whoever has a share already; those keep what they have', () => {
    const three = { [aws]: 500_000, [gcp]: 300_000, [onprem]: 200_000 };
    const to = (failover: string[], serves: FailingOver['serves']) =>
      elsewhere(client(three), asked({ failover, serves }))?.shares;
    expect(to([onprem], { [aws]: { v1: WHOLE } })).toEqual({ [aws]: 800_000, [onprem]: 200_000 });
    expect(to([onprem, aws], { [aws]: { v1: WHOLE } })).toEqual({ [aws]: 800_000, [onprem]: 200_000 });
    const other = { azure: { v1: WHOLE } };
    expect(to([], other)).toEqual({ [aws]: 500_000, [onprem]: 200_000, azure: 300_000 });
    // Nobody can say that anybody can: better they than the lost one.
    expect(to([onprem], {})).toEqual({ [aws]: 500_000, [onprem]: 500_000 });
  });

  it('keeps what was drained before, and leaves alone who never calls the lost one', () => {
    const drained = {
      from: { [aws]: 500_000, [gcp]: 300_000, [onprem]: 200_000 },
      clusters: { [onprem]: { atMs: 1 } },
    };
    const base = client();
    const next = failedOver({ ...base, topology: { ...base.topology, drained } }, asked());
    expect(next.topology).toMatchObject({
      proven: { [aws]: WHOLE },
      drained: { from: drained.from, clusters: { [onprem]: { atMs: 1 }, [gcp]: { lost: true } } },
    });
    const own = client({ [aws]: WHOLE });
    expect(failedOver(own, asked())).toBe(own);
  });

  it('is refused where nobody else could answer', () => {
    expect(() => failedOver(client({ [gcp]: WHOLE }), asked({ serves: {} }))).toThrow(/nobody else could answer/);
  });

  it('gives nothing to a cluster that is drained, does not answer, or has no ready pod', () => {
    const ready = (name: string, pods: number, change = {}) =>
      facts(name, { record: record(name, { v1: WHOLE }), workloads: [workload('v1', { ready: pods })], ...change });
    expect(Object.keys(servesWithout([ready(aws, 2), ready(gcp, 2), ready(onprem, 0)], gcp))).toEqual([aws]);
    expect(servesWithout([ready(aws, 2, { unreachable: 'no answer' }), ready(gcp, 2)], gcp)).toEqual({});
  });
});
