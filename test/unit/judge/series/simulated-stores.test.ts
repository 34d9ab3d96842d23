import { describe, expect, it } from '@jest/globals';
import { serverErrorArm, sumCells } from '../../../../core/judge/arms/arms.ts';
import { originKey } from '../../../../core/judge/series/origin.ts';
import { countServed } from '../../../../core/judge/series/served.ts';
import { simulateStore } from '../../../support/simulated-store.ts';

const RUNS = 400;
const service = { namespace: 'shop', service: 'checkout' };

/** Texts of what is wrong with the counts of a world; unknown is no fault. */
const check = (seed: number): { wrong: string[]; unknown: string } => {
  const { story, series, before, startMs, truth } = simulateStore(seed);
  const known = new Set(before.map(originKey));
  const counted = countServed(series, { service, probeRoutes: undefined, startMs, known });
  const [problem = ''] = counted.problems;
  if (problem !== '') return { wrong: [], unknown: problem };
  const wrong = (['v1', 'v2'] as const).flatMap((version) => {
    const { cells } = serverErrorArm(counted, { cluster: 'aws', version });
    const sum = sumCells(cells, 0);
    return (['total', 'bad'] as const).flatMap((which) => {
      const [least, most] = truth[version][which];
      const fits = sum[which] >= least && sum[which] <= most;
      return fits ? [] : [`${version} ${which}: counted ${sum[which]}, sent ${least} to ${most} (${story})`];
    });
  });
  return { wrong, unknown: '' };
};

describe('counts of simulated stores', () => {
  it(`are those that were sent, or unknown with the reason: ${RUNS} stores, none is wrong`, () => {
    const all = Array.from({ length: RUNS }, (_, i) => check(i + 1));
    expect(all.flatMap(({ wrong }) => wrong)).toEqual([]);
    const unknown = all.filter((one) => one.unknown !== '');
    // Most is known: a count that refuses everything would be right, too.
    expect(unknown.length).toBeLessThan(RUNS / 5);
  }, 120_000);
});
