/** What a drill is expected to do, by what was counted before it. */
import { describe, expect, it } from '@jest/globals';
import { drillRows, type Drilled, type Flow } from '../../../core/topology/drilled.ts';
import { drillText } from '../../../core/view/drill-text.ts';
import { WHOLE } from '../../../core/values/share.ts';

const flow = (client: string, serving: string, perSecond: number, meanMs: number | null): Flow => ({
  ...{ client, serving, perSecond, meanMs },
});

const before = [flow('a', 'a', 60, 5), flow('a', 'g', 40, 20), flow('o', 'o', 50, 4), flow('g', 'g', 100, 5)];

const drilled: Drilled = {
  cluster: 'g',
  moves: [
    { client: 'a', from: { a: 600_000, g: 400_000 }, to: { a: WHOLE } },
    { client: 'g', from: { g: WHOLE }, to: { a: 500_000, o: 500_000 } },
  ],
  before,
  seen: [flow('a', 'a', 99, 6), flow('g', 'a', 50, 30), flow('g', 'o', 51, 40), flow('o', 'o', 50, 4)],
  pods: { a: 3, o: 2 },
  ratePerReplica: 50,
};

describe('a drill', () => {
  it('is expected to bring the calls of those who move to those who stay, and shows what was seen beside it', () => {
    const { survivors, clients } = drillRows(drilled);
    expect(survivors).toEqual([
      { cluster: 'a', before: 60, predicted: 150, seen: 149, capacity: 150, shed: 0 },
      { cluster: 'o', before: 50, predicted: 100, seen: 101, capacity: 100, shed: 0 },
    ]);
    expect(clients[0]).toEqual({ cluster: 'a', before: 11, predicted: 5, seen: 6 });
  });

  it('says by how much the others are too small, and guesses no latency of calls that nobody has made yet', () => {
    const { survivors, clients } = drillRows({ ...drilled, pods: { a: 2 } });
    expect(survivors.map(({ shed, capacity }) => [shed, capacity])).toEqual([
      [50, 100],
      [null, null],
    ]);
    expect(clients[1]).toMatchObject({ before: 5, predicted: null });
  });

  it('says that it is not known where nothing was counted or no rate is written', () => {
    const { survivors, clients } = drillRows({ ...drilled, before: [], seen: [], ratePerReplica: null });
    expect(survivors[0]).toEqual({
      ...{ cluster: 'a', before: null, predicted: null, seen: null, capacity: null, shed: null },
    });
    expect(clients[0]).toEqual({ cluster: 'a', before: null, predicted: null, seen: null });
  });

  it('is told with its figures', () => {
    const rows = drillRows({ ...drilled, pods: { a: 2, o: 2 } });
    const text = drillText({
      ...{ cluster: 'g', share: WHOLE, reason: 'quarterly' },
      services: [{ service: 'shop/catalog', phase: 'held', text: 'every step has held' }],
      report: {
        ...{ outcome: 'held', startedAtMs: 0, endedAtMs: 120_000, togetherMs: 30_000, problems: ['a reason'] },
        services: [{ service: 'shop/catalog', ...rows }],
      },
    });
    expect(text).toContain('drill of g, 100 % of what it answers (quarterly): every service has held without it\n');
    expect(text).toContain(
      '  load of a: 60.0/s before, 150.0/s expected, 149.0/s seen; its pods answer 100.0/s, of which 149 % are used; 50.0/s would have been shed\n',
    );
    expect(text).toContain('  mean latency of calls of a: 11.0 ms before, 5.0 ms expected, 6.0 ms seen\n');
    expect(text).toContain('not known: a reason\n');
  });
});
