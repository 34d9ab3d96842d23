/** Each part of a record has its own owner: a run of one neither fences, restores nor commits another. */
import { describe, expect, it } from '@jest/globals';
import {
  pinOf,
  restored,
  isUnderWay,
  withoutLeaving,
  withShares,
  type ApplyRoutingInput,
  type TopologyPatch,
  type Writer,
} from '../../../core/routing/changes.ts';
import { committed } from '../../../core/routing/committed.ts';
import { leavingFrom } from '../../../core/routing/normal-form.ts';
import { halfMovedParts, type Part } from '../../../core/routing/part.ts';
import type { RoutingRecord } from '../../../core/routing/record.ts';
import { weightsOf } from '../../../core/routing/weights.ts';
import { WHOLE } from '../../../core/values/share.ts';
import { canary, codeOf, frozen, inputOf, recordOf } from './records.ts';

const [aws, gcp, onprem] = ['aws-us-east-1', 'gcp-europe-west1', 'onprem-fra1'];
const alone = frozen(recordOf({ topology: { [aws]: WHOLE }, current: { [aws]: { v1: WHOLE } } }));

/** The run of a part, as its plan read the record. */
const runOf = (record: RoutingRecord, part: Part, turn = 1): Writer => ({
  ...{ epoch: 50, run: `run-${part}`, turn },
  replaces: { epoch: record[part].epoch, run: record[part].run },
});

const moveTo = (record: RoutingRecord, topology: TopologyPatch, more: { entering?: true } = {}): ApplyRoutingInput => {
  const { versions: _, ...rest } = inputOf({}, runOf(record, 'topology'));
  return { ...rest, topology, ...more };
};

const shared: TopologyPatch = {
  shares: { [aws]: 800_000, [gcp]: 200_000 },
  serves: { [gcp]: { v1: WHOLE } },
};

const weights = (record: RoutingRecord, which: 'current' | 'proven' = 'current'): Record<string, number> =>
  Object.fromEntries(weightsOf(record, which).map(({ version, cluster, weight }) => [`${version}@${cluster}`, weight]));

describe('two runs, each of a part', () => {
  it('both write one record, and neither fences the other or takes its word back', () => {
    const versions = runOf(alone, 'versions');
    const entered = withShares(alone, moveTo(alone, shared));
    const both = withShares(entered, inputOf({ [aws]: { v1: 500_000, v2: 500_000 } }, versions));
    const again = withShares(both, moveTo(alone, shared));
    expect(weights(again)).toEqual({ [`v1@${aws}`]: 400_000, [`v2@${aws}`]: 400_000, [`v1@${gcp}`]: 200_000 });
    expect([again.topology.run, again.versions.run]).toEqual(['run-topology', 'run-versions']);
    expect(halfMovedParts(again)).toEqual(['topology', 'versions']);

    const back = restored(again, { ...runOf(alone, 'topology', 2), part: 'topology', serving: [] });
    expect([back.topology.closed, back.versions]).toEqual([true, again.versions]);
    expect(halfMovedParts(back)).toEqual(['versions']);
    const proven = committed(back, { ...versions, turn: 2, serving: [aws] });
    expect([proven.topology, halfMovedParts(proven)]).toEqual([back.topology, []]);
  });

  it('a part that another run has taken is refused by its name, and that part only', () => {
    const taken = withShares(alone, moveTo(alone, shared));
    const late = { epoch: 99, run: 'run-late', turn: 1, replaces: { epoch: 1, run: 'run-0' } };
    const { versions: _, ...rest } = inputOf({}, late);
    expect(() => withShares(taken, { ...rest, topology: shared })).toThrow('the topology belongs to run run-topology');
    expect(codeOf(() => restored(taken, { ...late, part: 'topology', serving: [] }))).toBe('FencedOut');
    expect(codeOf(() => committed(taken, { ...late, part: 'topology', serving: [] }))).toBe('FencedOut');
    expect(codeOf(() => withShares(taken, inputOf({}, runOf(alone, 'versions'))))).toBe('accepted');
  });

  it('a policy that is half moved goes back by itself, too', () => {
    const policy = { ...alone.policy, current: { requestTimeoutMs: 9, upstreamIdleMs: 9, connectTimeoutMs: 9 } };
    const half = { ...alone, policy };
    expect(halfMovedParts(half)).toEqual(['policy']);
    const back = restored(half, { ...runOf(half, 'policy'), part: 'policy', serving: [] });
    expect([halfMovedParts(back), back.versions]).toEqual([[], alone.versions]);
  });
});

describe('a serving cluster that is new to a client', () => {
  it('enters with a share of 0 and what is proven there, and gets its share by the second write', () => {
    const entered = withShares(alone, moveTo(alone, shared, { entering: true }));
    expect(weights(entered)).toEqual({ [`v1@${aws}`]: WHOLE, [`v1@${gcp}`]: 0 });
    expect(entered.versions.proven).toEqual({ [aws]: { v1: WHOLE }, [gcp]: { v1: WHOLE } });
    // Nothing of the versions has moved: its owner stays.
    expect([entered.versions.epoch, entered.versions.run]).toEqual([alone.versions.epoch, alone.versions.run]);
    const moved = withShares(entered, moveTo(alone, shared));
    expect(weights(moved)).toEqual({ [`v1@${aws}`]: 800_000, [`v1@${gcp}`]: 200_000 });
  });

  it('brings what is warm there, too: an undo finds it in the routes, and it is not proven by that', () => {
    const warm = { ...shared, serves: { [gcp]: { v1: 0, v2: WHOLE } } };
    const entered = withShares(alone, moveTo(alone, warm, { entering: true }));
    expect(entered.versions.current?.[gcp]).toEqual({ v1: 0, v2: WHOLE });
    expect(entered.versions.proven?.[gcp]).toEqual({ v2: WHOLE });
  });

  it('leaves what a client knows of a cluster that it calls already to the run of the versions', () => {
    const stale = { shares: { [aws]: 100_000, [gcp]: 900_000 }, serves: { [gcp]: { v7: WHOLE } } };
    const moved = withShares(canary, moveTo(canary, stale));
    expect(moved.versions).toEqual(canary.versions);
  });

  it('brings what is proven now, and not what an earlier, taken back, move has left', () => {
    const tried = withShares(alone, moveTo(alone, shared));
    const back = restored(tried, { ...runOf(alone, 'topology', 2), part: 'topology', serving: [] });
    const anew = { ...shared, serves: { [gcp]: { v2: WHOLE } } };
    const by = { ...moveTo(back, anew), run: 'run-anew' };
    expect(withShares(back, by).versions.proven?.[gcp]).toEqual({ v2: WHOLE });
  });

  it('is refused where nothing is adopted: there would be a proven version without an adoption', () => {
    const fresh = { ...alone, versions: { ...alone.versions, proven: null, current: null } };
    expect(codeOf(() => withShares(fresh, moveTo(fresh, shared)))).toBe('Invalid');
  });
});

describe('a serving cluster that a client calls no more', () => {
  const away: TopologyPatch = { shares: { [aws]: WHOLE }, serves: {} };
  const moved = withShares(canary, moveTo(canary, away));

  it('keeps the pin of a record that never said it, when its own cluster is what leaves', () => {
    const away: TopologyPatch = { shares: { [gcp]: WHOLE }, serves: { [gcp]: { v2: WHOLE } } };
    const { pin: _, ...unsaid } = alone;
    const old: RoutingRecord = { ...unsaid, versions: { ...alone.versions, proven: { [aws]: { v1: WHOLE } } } };
    const proven = committed(withShares(old, moveTo(old, away)), {
      ...{ ...runOf(old, 'topology', 2), part: 'topology' as const, serving: [] },
    });
    const left = withoutLeaving(proven);
    expect(Object.keys(left.versions.proven ?? {})).toEqual([gcp]);
    expect(pinOf(left)).toBe('v1');
  });

  it('drains with weight 0, is proven away by the commit, and then leaves record and routes in normal form', () => {
    const proven = committed(moved, { ...runOf(canary, 'topology', 2), part: 'topology', serving: [] });
    expect(weights(proven)).toMatchObject({ [`v1@${gcp}`]: 0 });
    expect([proven.topology.proven, leavingFrom(proven)]).toEqual([{ [aws]: WHOLE }, [gcp]]);
    const left = withoutLeaving(proven);
    expect([left.topology.current, Object.keys(left.versions.proven ?? {})]).toEqual([{ [aws]: WHOLE }, [aws]]);
    expect([left.topology.epoch, leavingFrom(left)]).toEqual([proven.topology.epoch, []]);
    expect(withoutLeaving(left)).toBe(left);
    // A run that is reset to after its entry must not go on without it.
    expect(isUnderWay(left.topology)).toBe(false);
  });

  it('is called again after a restore, in the version that is proven by then', () => {
    const upgraded = { ...moved.versions, proven: { ...moved.versions.proven, [gcp]: { v2: WHOLE } } };
    const deployed = { ...moved, versions: { ...upgraded, current: upgraded.proven } };
    const back = restored(deployed, { ...runOf(canary, 'topology', 2), part: 'topology', serving: [] });
    expect(weights(back)).toEqual({ [`v1@${aws}`]: 700_000, [`v2@${gcp}`]: 300_000 });
    expect(leavingFrom(back)).toEqual([]);
  });

  it('a cluster that never was in the topology leaves nothing', () => {
    expect(Object.keys(moved.topology.current ?? {})).not.toContain(onprem);
  });
});
