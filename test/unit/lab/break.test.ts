import { describe, expect, it } from '@jest/globals';
import { parseBreak } from '../../../infra/lab/faults.ts';
import { createFaultBook } from '../../../infra/lab/pods/faults.ts';

describe('the words after `lab break`', () => {
  it('name a fault of the pods of a version, everywhere unless a cluster is given', () => {
    expect(parseBreak(['errors', 'checkout', 'v3', '--ratio', '0.08', '--cluster', 'onprem-fra1'])).toEqual({
      verb: 'pods',
      fault: { service: 'checkout', version: 'v3', cluster: 'onprem-fra1', errorRatio: 0.08 },
    });
    expect(parseBreak(['hang', 'checkout', 'v3'])).toEqual({
      verb: 'pods',
      fault: { service: 'checkout', version: 'v3', cluster: '*', hang: true },
    });
  });

  it('name a server and what becomes of it', () => {
    expect(parseBreak(['api-server', 'aws-us-east-1', 'hung'])).toEqual({
      verb: 'api-server',
      cluster: 'aws-us-east-1',
      state: 'hung',
    });
    expect(parseBreak(['prometheus', 'dead'])).toEqual({ verb: 'prometheus', state: 'dead' });
    expect(parseBreak(['process', 'temporal', 'hung'])).toEqual({ verb: 'process', name: 'temporal', state: 'hung' });
  });

  it.each([
    [[]],
    [['errors', 'checkout', 'v3']],
    [['errors', 'checkout', 'v3', '--ratio', '8']],
    [['prometheus', 'gone']],
    [['process', 'temporal']],
    [['smash']],
  ])('are refused with the whole usage when they make no sense: %j', (words) => {
    expect(() => parseBreak(words)).toThrow(expect.objectContaining({ fix: expect.stringContaining('freeze-envoy') }));
  });
});

describe('the fault book', () => {
  const pod = { cluster: 'a', service: 'checkout', version: 'v3' };

  it('lets a later rule win where it says something, so that base errors and a bad version go together', () => {
    const book = createFaultBook(1);
    book.add({ service: '*', version: '*', cluster: '*', errorRatio: 0.005 });
    book.add({ service: 'checkout', version: 'v3', cluster: '*', latencyMs: 50 });
    expect(book.of(pod)).toMatchObject({ errorRatio: 0.005, latencyMs: 50 });
    book.add({ service: 'checkout', version: 'v3', cluster: 'a', errorRatio: 0.08 });
    expect(book.of(pod).errorRatio).toBe(0.08);
    expect(book.of({ ...pod, version: 'v2' }).errorRatio).toBe(0.005);
    book.clear();
    expect(book.of(pod).errorRatio).toBe(0);
  });

  it('draws the same stream for the same seed, so that a run can be repeated', () => {
    const draws = (seed: number, version: string): number[] => {
      const book = createFaultBook(seed);
      return Array.from({ length: 2_000 }, () => book.draw({ ...pod, version }));
    };
    expect(draws(7, 'v3')).toEqual(draws(7, 'v3'));
    expect(draws(7, 'v3')).not.toEqual(draws(8, 'v3'));
    expect(draws(7, 'v3')).not.toEqual(draws(7, 'v2'));
    const below = draws(7, 'v3').filter((draw) => draw < 0.2).length;
    expect(below).toBeGreaterThan(330);
    expect(below).toBeLessThan(470);
  });
});
