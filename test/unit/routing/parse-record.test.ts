import { describe, expect, it } from '@jest/globals';
import { parseRecord } from '../../../core/routing/parse-record.ts';
import { edited, type Path } from './edits.ts';
import { canary } from './records.ts';

const parse = (record: unknown): unknown =>
  parseRecord(JSON.stringify(record), 'aws/shop/CiliumEnvoyConfig/tidegate-checkout');

describe('parseRecord', () => {
  it('takes a record that is not adopted yet: parts may be null', () => {
    const record = { ...canary, versions: { ...canary.versions, proven: null, current: null } };
    expect(parse(record)).toEqual(record);
  });

  it.each<[string, Path, unknown, string]>([
    ['a newer schema', ['schema'], 2, 'schema: '],
    ['a pin that is no text', ['pin'], 1, 'pin: '],
    [
      'shares that do not sum',
      ['topology', 'current', 'aws-us-east-1'],
      1,
      'topology.current: shares do not sum to 1000000',
    ],
    [
      'a fraction of a part per million',
      ['versions', 'proven', 'aws-us-east-1', 'v1'],
      0.5,
      'versions.proven.aws-us-east-1.v1: ',
    ],
    ['an epoch that is no number', ['versions', 'epoch'], '1', 'versions.epoch: '],
  ])('refuses %s, naming object and field', (_, path, value, expected) => {
    expect(() => parse(edited(canary, path, () => value))).toThrow(expected);
    expect(() => parse(edited(canary, path, () => value))).toThrow('aws/shop/CiliumEnvoyConfig/tidegate-checkout: ');
  });

  it('keeps what a newer Tidegate says beside it: one more field must not take the way back from older workers', () => {
    const newer = {
      ...edited(canary, ['extra'], () => 1),
      needs: ['policy-arms'],
      versions: { ...canary.versions, more: { a: 1 } },
    };
    expect(parse(newer)).toEqual(newer);
  });

  it('drops entries of serving clusters outside of the topology: leftovers of regrouped waves', () => {
    const left = { ...canary.versions.current, 'onprem-fra1': { v1: 500_000, v2: 500_000 } };
    const record = { ...canary, versions: { ...canary.versions, current: left, previous: { 'onprem-fra1': 'v0' } } };
    expect(parse(record)).toEqual(canary);
  });

  it('refuses what is not JSON', () => {
    expect(() => parseRecord('{', 'x')).toThrow(
      'x: the annotation tidegate.dev/record is not a routing record: not JSON',
    );
  });
});
