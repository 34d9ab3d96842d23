/** Whose a record is, and what stays in it for ever. */
import { describe, expect, it } from '@jest/globals';
import {
  assertEpoch,
  type Claim,
  claimOf,
  pinOf,
  restored,
  serves,
  withoutVersion,
  withShares,
  type Writer,
} from '../../../core/routing/changes.ts';
import { committed } from '../../../core/routing/committed.ts';
import type { RoutingRecord } from '../../../core/routing/record.ts';
import { sameTraffic } from '../../../core/routing/weights.ts';
import { WHOLE } from '../../../core/values/share.ts';
import { canary, codeOf, inputOf, ownerOf, refusalOf } from './records.ts';

describe('claimOf: taking is compare-and-set', () => {
  const owner = { epoch: 5, run: 'run-5' };
  const part = { proven: {}, current: {}, ...owner };
  const by = { epoch: 9, run: 'run-9', turn: 0 };

  it.each<[string, Partial<Writer>, Claim]>([
    ['the owner that the plan read', { replaces: owner }, 'takes'],
    ['another run came between, with a lower epoch', { replaces: { epoch: 4, run: 'run-4' } }, 'overtaken'],
    ['the same run wrote meanwhile under another epoch', { replaces: { epoch: 4, run: 'run-5' } }, 'overtaken'],
    ['a record that was not there when the plan was made', { replaces: null }, 'overtaken'],
    ['its own record', { run: 'run-5', epoch: 5, replaces: null }, 'own'],
    ['its own record, taken with a higher epoch than it planned (a reset)', { run: 'run-5', epoch: 1 }, 'own'],
  ])('%s: %s is %s', (_, writer, expected) => {
    expect(claimOf(part, { ...by, ...writer })).toBe(expected);
  });

  it('refuses the late forward write of a run that goes back already, whatever its epoch', () => {
    const back = { ...part, run: 'run-9', turn: 1 };
    expect(claimOf(back, { ...by, epoch: 99, replaces: owner })).toBe('overtaken');
    expect(claimOf(back, { ...by, turn: 1, replaces: owner })).toBe('own');
    expect(claimOf(back, { ...by, turn: 2, replaces: owner })).toBe('own');
  });

  it('never lowers an epoch, and gives a taken part one of its own', () => {
    const record = { ...canary, versions: { ...canary.versions, ...owner } };
    const reset = { epoch: 3, run: 'run-3b', turn: 0, replaces: owner };
    const after = restored(record, { ...reset, serving: [] }).versions;
    expect([after.epoch, after.run]).toEqual([6, 'run-3b']);
    // … and goes on as its own, though its plan's epoch is lower.
    expect(claimOf(after, { ...reset, replaces: { epoch: 1, run: 'run-1' } })).toBe('own');
  });

  it('leaves a record that only a newer Tidegate understands to a worker of it', () => {
    const record = { ...canary, needs: ['policy-arms'] };
    expect(refusalOf(() => assertEpoch(record, 'versions', ownerOf(record)))).toMatch(
      /^Unavailable: .*newer Tidegate \(policy-arms\)/,
    );
    expect(refusalOf(() => withoutVersion(record, 'v9'))).toMatch(/^Unavailable: .*newer Tidegate \(policy-arms\)/);
  });
});

describe('a record in normal form', () => {
  it('takes no entry for serving clusters outside of its topology, whatever a wave writes', () => {
    const owner = ownerOf(canary);
    const moved = withShares(canary, inputOf({ 'onprem-fra1': { v2: WHOLE }, 'aws-us-east-1': { v2: WHOLE } }, owner));
    expect(Object.keys(moved.versions.current ?? {})).toEqual(['aws-us-east-1', 'gcp-europe-west1']);
    expect(serves(committed(moved, { serving: ['onprem-fra1'], ...owner }), 'v2')).toBe(true);
    const back = restored(moved, { serving: [], ...owner });
    expect(sameTraffic(back.versions.current, back.versions.proven)).toBe(true);
    expect(serves(back, 'v2')).toBe(false);
  });
});

describe('builds', () => {
  const enter = (record: RoutingRecord, version: string, digest: string, atMs: number): RoutingRecord =>
    withShares(record, inputOf({}, ownerOf(record), { build: { version, digest, atMs } }));

  it('keeps one pod template per version name for ever, also when the version is long gone', () => {
    const first = enter(canary, 'v2', 'aa', 1);
    expect(withoutVersion(first, 'v2').builds).toEqual({ v2: { digest: 'aa', atMs: 1 } });
    expect(enter(first, 'v2', 'aa', 2)).toEqual(first);
    expect(codeOf(() => enter(first, 'v2', 'bb', 2))).toBe('VersionExists');
  });

  it('forgets the oldest beyond a hundred: an annotation has a size', () => {
    let record = canary;
    for (let n = 0; n < 101; n++) record = enter(record, `b${String(n)}`, 'aa', n);
    expect(Object.keys(record.builds ?? {})).toHaveLength(100);
    expect([record.builds?.['b0'], record.builds?.['b100']]).toEqual([undefined, { digest: 'aa', atMs: 100 }]);
  });
});

describe('pinOf', () => {
  it('is what the last commit pinned; older records say it by what is proven in their own cluster', () => {
    const owner = ownerOf(canary);
    expect(pinOf(canary)).toBe('v1');
    const record = committed(canary, { serving: [], pin: 'v7', ...owner });
    expect(pinOf(record)).toBe('v7');
    expect(pinOf(committed(record, { serving: [], pin: '', ...owner }))).toBe('v7');
  });
});
