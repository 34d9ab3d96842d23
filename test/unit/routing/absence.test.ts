import { describe, expect, it } from '@jest/globals';
import { withAbsent } from '../../../core/routing/absence.ts';
import { parseRecord } from '../../../core/routing/parse-record.ts';
import { canary } from './records.ts';

const gone = { atMs: 1, reason: 'its cloud is down' };

describe('the clusters that a record names as absent', () => {
  it('are those of the last run, without its own cluster', () => {
    const named = withAbsent(canary, { 'gcp-europe-west1': gone, [canary.cluster]: gone });
    expect(named.absent).toEqual({ 'gcp-europe-west1': gone });
    expect(parseRecord(JSON.stringify(named), 'here').absent).toEqual({ 'gcp-europe-west1': gone });
  });

  it('are none after a run in which all answered, and stay where the run says nothing of them', () => {
    const named = withAbsent(canary, { 'gcp-europe-west1': gone });
    expect(withAbsent(named, {})).toEqual(canary);
    expect(withAbsent(named, undefined)).toBe(named);
    // A move of the topology has not asked whether the versions are whole there.
    expect(withAbsent(named, {}, 'topology')).toEqual(named);
  });
});
