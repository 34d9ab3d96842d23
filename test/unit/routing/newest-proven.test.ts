/** Clients that disagree on what is proven: the commit that came last is finished, and never one that nobody can tell. */
import { describe, expect, it } from '@jest/globals';
import { restored } from '../../../core/routing/changes.ts';
import { isBehindIn, newestProven, withNewest } from '../../../core/routing/newest-proven.ts';
import { inNormalForm } from '../../../core/routing/normal-form.ts';
import type { RoutingRecord } from '../../../core/routing/record.ts';
import { WHOLE } from '../../../core/values/share.ts';
import { record } from '../../support/facts.ts';

const topology = { a: 500_000, b: 500_000 };

/** Calls a and b; what is proven in both, by the commit of that epoch. */
function client(cluster: string, version: string, epoch?: number): RoutingRecord {
  const base = record(cluster, { [version]: WHOLE });
  const proven = { a: { [version]: WHOLE }, b: { [version]: WHOLE } };
  const commits = epoch === undefined ? {} : { commits: { a: epoch, b: epoch } };
  return {
    ...base,
    pin: version,
    topology: { ...base.topology, proven: topology, current: topology },
    versions: { ...base.versions, proven, current: proven, ...commits },
  };
}

const always = (): boolean => true;
const behind = client('b', 'v1', 10);
const ahead = client('a', 'v2', 20);

describe('clients that differ in what is proven', () => {
  it('go on to the commit with the highest epoch: every step before it was proven', () => {
    expect(newestProven([behind, ahead], always)).toEqual({
      a: { epoch: 20, shares: { v2: WHOLE } },
      b: { epoch: 20, shares: { v2: WHOLE } },
    });
  });

  it('are left to a person where two commits of one epoch differ: somebody has edited a record', () => {
    expect(newestProven([client('b', 'v1', 20), ahead], always)).toEqual({});
    expect(newestProven([client('b', 'v1'), client('a', 'v2')], always)).toEqual({});
  });

  it('are left to a person where what was committed last cannot serve', () => {
    expect(Object.keys(newestProven([behind, ahead], (_, name) => name === 'a'))).toEqual(['a']);
  });

  it('agree: there is nothing to finish, whatever their epochs are', () => {
    expect(newestProven([client('b', 'v2', 10), ahead], always)).toEqual({});
  });

  it('take the word of an older release for the oldest', () => {
    expect(newestProven([client('b', 'v1'), ahead], always)).toMatchObject({ a: { epoch: 20 } });
  });

  it('listen to no client that does not call the cluster', () => {
    const elsewhere = { ...ahead, topology: { ...ahead.topology, current: { a: WHOLE } } };
    expect(Object.keys(newestProven([behind, elsewhere], always))).toEqual(['a']);
  });
});

describe('a restore that finishes a commit', () => {
  const newest = newestProven([behind, ahead], always);
  const { epoch, run } = behind.versions;

  it('proves, serves and pins what was committed elsewhere, and remembers what it replaced', () => {
    const half = { ...behind, versions: { ...behind.versions, current: { a: { v2: WHOLE }, b: { v2: WHOLE } } } };
    const after = restored(half, { serving: [], newest, epoch, run });
    expect(after.pin).toBe('v2');
    expect(after.versions).toMatchObject({
      proven: ahead.versions.proven,
      current: ahead.versions.proven,
      previous: { a: 'v1', b: 'v1' },
      commits: { a: 20, b: 20 },
    });
    expect(isBehindIn(after, newest)).toEqual([]);
  });

  it('takes nothing back from a record that has heard of a later commit since', () => {
    const later = client('b', 'v3', 30);
    expect(withNewest(later, newest)).toBe(later);
  });

  it('leaves a record alone that says the same', () => {
    expect(withNewest(ahead, newest)).toBe(ahead);
  });
});

describe('the epochs of commits', () => {
  it('leave a record in normal form with their clusters', () => {
    const own = inNormalForm({ ...ahead, topology: record('a', null, {}).topology });
    expect(own.versions.commits).toEqual({ a: 20 });
  });
});
