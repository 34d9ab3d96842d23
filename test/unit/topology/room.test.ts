/** Whoever has room takes the calls of a lost cluster. */
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { roomWithout } from '../../../core/rollout/failing-over.ts';
import { elsewhere } from '../../../core/routing/failed-over.ts';
import { roomFor, type Homeless } from '../../../core/topology/room.ts';
import { WHOLE, sum } from '../../../core/values/share.ts';
import { clusterNames, facts, record, workload } from '../../support/facts.ts';

const [aws, gcp, onprem] = clusterNames;

describe('calls that a lost cluster has answered', () => {
  it('go to those that have room, the preferred ones first, and what is above all room is told', () => {
    const survivors = { a: { capacity: 100, load: 80 }, b: { capacity: 100, load: 20 }, c: { capacity: 50, load: 50 } };
    const tiers = [['a'], ['b', 'c']];
    expect(roomFor([{ client: 'x', perSecond: 50, tiers }], survivors)).toEqual({
      taken: { x: { a: 20, b: 30 } },
      shortBy: 0,
    });
    const { taken, shortBy } = roomFor([{ client: 'x', perSecond: 125, tiers }], survivors);
    expect(shortBy).toBe(25);
    expect(taken).toEqual({ x: { a: 30, b: 90, c: 5 } });
  });

  it('are all given to somebody, and to nobody above its room while another one has some', () => {
    const amount = fc.nat(1_000);
    const one = fc.record({ capacity: amount, load: amount });
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('a', 'b', 'c'), one, { minKeys: 1 }), amount, amount, (of, x, y) => {
        const names = Object.keys(of);
        const homeless = (client: string, perSecond: number): Homeless => ({
          client,
          perSecond,
          tiers: [names.slice(0, 1), names.slice(1)],
        });
        const { taken, shortBy } = roomFor([homeless('x', x), homeless('y', y)], of);
        const all = Object.values(taken).flatMap((given) => Object.values(given));
        expect(sum(all)).toBeCloseTo(x + y, 6);
        const room = sum(names.map((name) => Math.max(0, (of[name]?.capacity ?? 0) - (of[name]?.load ?? 0))));
        expect(shortBy).toBeCloseTo(Math.max(0, x + y - room), 6);
      }),
    );
  });
});

/** aws: 60 % itself, 40 % gcp, which is lost. aws has 2 pods, onprem 4. */
const calls = { [aws]: 600_000, [gcp]: 400_000 };
const own = record(aws, { v1: WHOLE });
const known = [
  facts(aws, { record: { ...own, topology: { ...own.topology, proven: calls, current: calls } } }),
  facts(onprem, { workloads: [workload('v1', { ready: 4 })] }),
];
const flows = [
  { client: aws, serving: aws, perSecond: 90, meanMs: 5 },
  { client: aws, serving: gcp, perSecond: 60, meanMs: 9 },
  { client: onprem, serving: onprem, perSecond: 40, meanMs: 5 },
];
const sharing = { lost: gcp, failover: [], ratePerReplica: 50, flows };

const movedTo = (room: Readonly<Record<string, number>> | undefined) =>
  elsewhere(known[0]?.record ?? own, {
    ...{ service: { installation: 'default', mesh: 'shop', namespace: 'shop', service: 'checkout' } },
    ...{ cluster: { name: aws }, epoch: 2, run: 'w', lost: gcp, atMs: 1, failover: [] },
    serves: { [aws]: { v1: WHOLE }, [onprem]: { v1: WHOLE } },
    ...(room !== undefined && { room }),
  })?.shares;

describe('a failover that knows the load', () => {
  it('fills whoever answers the client already up to what its pods answer, and gives the rest to who has room', () => {
    const room = roomWithout(known, sharing);
    expect(room).toMatchObject({ perSecond: 60, shortBy: 0, taken: { [aws]: { [aws]: 10, [onprem]: 50 } } });
    expect(movedTo(room?.taken[aws])).toEqual({ [aws]: 666_800, [onprem]: 333_200 });
    // By the old ratios alone all of it would go to aws: half as much again as its pods answer.
    expect(movedTo(undefined)).toEqual({ [aws]: WHOLE });
  });

  it('says by how much the others are too small, and moves all the same', () => {
    const room = roomWithout(known, { ...sharing, ratePerReplica: 30 });
    expect(room?.shortBy).toBe(0);
    const small = roomWithout(known, { ...sharing, ratePerReplica: 20 });
    expect(small?.shortBy).toBe(20);
    expect(sum(Object.values(movedTo(small?.taken[aws]) ?? {}))).toBe(WHOLE);
  });

  it('knows nothing where nothing was counted, and counts a client whose calls went elsewhere out', () => {
    expect(roomWithout(known, { ...sharing, flows: [] })).toBeNull();
    const without = flows.filter(({ serving }) => serving !== gcp);
    expect(roomWithout(known, { ...sharing, flows: without })).toMatchObject({ perSecond: 0, taken: {} });
  });
});
