import { describe, expect, it } from '@jest/globals';
import { packed, unpacked } from '../../../core/values/packed.ts';

describe('packed objects', () => {
  const objects = [
    { service: { name: 'a' }, cluster: 'x', source: { template: 't' } },
    { service: { name: 'a' }, cluster: 'y', source: { template: 't' }, more: 1 },
  ];

  it('say once what all have in common, and are the same when they are unpacked', () => {
    const small = packed<object>(objects);
    expect(small.common).toEqual({ service: { name: 'a' }, source: { template: 't' } });
    expect(small.each).toEqual([{ cluster: 'x' }, { cluster: 'y', more: 1 }]);
    expect(unpacked(small)).toEqual(objects);
  });

  it('keep what only the first has with the first', () => {
    const all = [{ cluster: 'x', more: 1 }, { cluster: 'y' }];
    expect(unpacked(packed<object>(all))).toEqual(all);
    expect(unpacked(packed([]))).toEqual([]);
  });
});
