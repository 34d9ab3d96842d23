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
    ['an unknown field', ['extra'], 1, 'record: Unrecognized key: "extra"'],
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

  it('refuses what is not JSON', () => {
    expect(() => parseRecord('{', 'x')).toThrow(
      'x: the annotation tidegate.dev/record is not a routing record: not JSON',
    );
  });
});
