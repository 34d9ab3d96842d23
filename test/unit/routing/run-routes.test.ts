/** Testers and kept users in a record: every write of their run keeps their routes, every end of it closes them. */
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { restored, withoutVersion, withShares, type ApplyRoutingInput } from '../../../core/routing/changes.ts';
import { committed } from '../../../core/routing/committed.ts';
import { keptArms } from '../../../core/routing/kept-arms.ts';
import { halfMovedParts } from '../../../core/routing/part.ts';
import { parseRecord } from '../../../core/routing/parse-record.ts';
import type { RoutingRecord, RunRoutes, StickyRoute } from '../../../core/routing/record.ts';
import { runRoutesOf } from '../../../core/routing/run-routes.ts';
import { weightsOf } from '../../../core/routing/weights.ts';
import { openRoutes } from '../../../core/rollout/plan/open-routes.ts';
import { WHOLE } from '../../../core/values/share.ts';
import { testPlan } from '../../support/plans.ts';
import { arbitraryRecord, recordOf } from './records.ts';

const [aws, gcp] = ['aws-us-east-1', 'gcp-europe-west1'] as const;
const settled = recordOf({
  topology: { [aws]: 700_000, [gcp]: 300_000 },
  current: { [aws]: { v1: WHOLE }, [gcp]: { v1: WHOLE } },
});
const by = { epoch: 9, run: 'run-9' };
const sticky: StickyRoute = { version: 'v2', cookie: 'arm', ttlMs: 60_000, token: 't1' };
const routes: RunRoutes = { testers: { version: 'v2', mark: { header: 'x-canary' } }, sticky };

const apply = (record: RoutingRecord, rest: Partial<ApplyRoutingInput>): RoutingRecord =>
  withShares(record, {
    ...{ service: { mesh: 'shop', namespace: 'shop', service: 'checkout', installation: 'main' } },
    ...{ cluster: { name: aws }, ...by },
    ...rest,
  });

const stepped = (share: number): RoutingRecord =>
  apply(settled, { versions: { [aws]: { v1: WHOLE - share, v2: share } }, ...routes });
const moving = stepped(50_000);
const openIn = ({ versions }: RoutingRecord): RunRoutes => runRoutesOf(versions);

describe('routes beside the split', () => {
  it('are opened by a write of the run that names them, at weight 0 and in a step, and read back as written', () => {
    for (const share of [0, 50_000, WHOLE]) expect(openIn(stepped(share))).toEqual(routes);
    expect(openIn(parseRecord(JSON.stringify(moving), 'here'))).toEqual(routes);
  });

  it('are kept by another part’s write: no run of the topology loses them', () => {
    const topology = { shares: { [aws]: 500_000, [gcp]: 500_000 }, serves: {} };
    const other = { epoch: 11, run: 'run-11' };
    const moved = withShares(moving, {
      ...{ service: { mesh: 'shop', namespace: 'shop', service: 'checkout', installation: 'main' } },
      ...{ cluster: { name: aws }, ...other, topology },
    });
    expect(openIn(moved)).toEqual(routes);
    expect(openIn(restored(moved, { ...other, part: 'topology', serving: [] }))).toEqual(routes);
  });

  it('are closed by the commit, the way back, also of one serving cluster, and the retirement of the version', () => {
    const ends = [
      committed(moving, { ...by, serving: [aws] }),
      restored(moving, { ...by, serving: [] }),
      restored(moving, { ...by, serving: [aws] }),
      withoutVersion(moving, 'v2'),
      apply(moving, { versions: { [aws]: { v1: WHOLE, v2: 0 } } }),
    ];
    expect(ends.map(openIn)).toEqual([{}, {}, {}, {}, {}]);
    expect(openIn(withoutVersion(moving, 'v0'))).toEqual(routes);
  });

  it('that no run closes make the versions half moved, so that the settler takes them away', () => {
    for (const one of [{ testers: routes.testers }, { sticky }] as RunRoutes[]) {
      const left = { ...settled, versions: { ...settled.versions, ...one } };
      expect(halfMovedParts(left)).toEqual(['versions']);
      expect(halfMovedParts(restored(left, { ...by, serving: [] }))).toEqual([]);
    }
  });

  it('in an annotation that somebody has edited are believed only where they can be a header and a cookie', () => {
    const edited = (versions: object): string =>
      JSON.stringify({ ...moving, versions: { ...moving.versions, ...versions } });
    const bad = [
      { testers: { version: 'v2', mark: { header: 'x-a\r\nx-b' } } },
      { testers: { version: 'v2', mark: { cookie: 'a' } } },
      { sticky: { ...sticky, cookie: 'a=b; c' } },
      { sticky: { ...sticky, ttlMs: 0 } },
      { sticky: { ...sticky, keeps: 'old' } },
    ];
    for (const versions of bad) expect(() => parseRecord(edited(versions), 'here')).toThrow('not a routing record');
  });

  it('are asked for by each write of a deploy whose plan has them, the route of Jobs only by the one that enters', () => {
    const { testers, sticky: asked } = {
      testers: { header: 'x-canary' },
      sticky: { cookie: 'arm', ttlMs: 60_000, token: 't1' },
    };
    const plan = { ...testPlan(), before: [], testers, sticky: asked };
    expect(openRoutes(plan, 'v2')).toEqual({ headerRoute: 'v2', ...routes });
    expect(openRoutes(plan, '')).toEqual(routes);
    expect(openRoutes(testPlan(), '')).toEqual({});
  });
});

describe('kept arms', () => {
  const kept = (record: RoutingRecord, rule: StickyRoute | undefined): string[] =>
    keptArms(rule, weightsOf(record, 'current')).map(({ version, cluster }) => `${version} in ${cluster}`);

  it('are those with a share, while two versions have one: at 0 and at 100 nobody is kept', () => {
    expect(kept(moving, sticky)).toEqual([`v1 in ${aws}`, `v2 in ${aws}`, `v1 in ${gcp}`]);
    expect(kept(moving, { ...sticky, keeps: 'new' })).toEqual([`v2 in ${aws}`]);
    const whole = apply(stepped(WHOLE), { versions: { [gcp]: { v1: 0, v2: WHOLE } }, ...routes });
    expect([stepped(0), whole, restored(moving, { ...by, serving: [] })].map((one) => kept(one, sticky))).toEqual([
      [],
      [],
      [],
    ]);
    expect(kept(moving, undefined)).toEqual([]);
  });

  it('never are without weight, and each has a cookie of its own, which another run does not know', () => {
    fc.assert(
      fc.property(arbitraryRecord, (record) => {
        const weights = weightsOf(record, 'current');
        const arms = keptArms(sticky, weights);
        expect(arms.filter(({ weight }) => weight === 0)).toEqual([]);
        const others = keptArms({ ...sticky, token: 't2' }, weights);
        const values = [...arms, ...others].map(({ cookieValue }) => cookieValue);
        expect(new Set(values).size).toBe(values.length);
      }),
    );
  });
});
