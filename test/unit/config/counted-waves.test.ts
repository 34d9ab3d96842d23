import { describe, expect, it } from '@jest/globals';
import { selectWaves } from '../../../core/config/waves.ts';
import type { ClusterSelector } from '../../../core/config/service-schema.ts';

const named = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `c${String(i + 1).padStart(3, '0')}`);
const meshOf = (names: readonly string[]) => ({
  name: 'shop',
  clusters: names.map((name) => ({ name, locality: { cloud: 'aws', region: 'r', zones: [] }, labels: {} })),
});
const select = (selectors: readonly ClusterSelector[], names: readonly string[] = named(200)) =>
  selectWaves(meshOf(names), selectors, names);

describe('a wave of a number or a percentage of the clusters', () => {
  it('takes the first that the Mesh lists, and each wave goes on where the one before ended', () => {
    const { selected, faults } = select([{ count: 1 }, { count: '10%' }, 'rest']);
    expect(faults).toEqual([]);
    expect(selected.map((wave) => wave.length)).toEqual([1, 20, 179]);
    expect(selected[1]?.slice(0, 2)).toEqual(['c002', 'c003']);
  });

  it('rounds a percentage up, so that no wave is empty for a small mesh', () => {
    expect(select([{ count: '10%' }, 'rest'], named(3)).selected).toEqual([['c001'], ['c002', 'c003']]);
  });

  it('leaves alone what another wave names or matches, wherever that wave stands', () => {
    const { selected, faults } = select([{ count: 2 }, { names: ['c001'] }, 'rest'], named(5));
    expect(faults).toEqual([]);
    expect(selected).toEqual([['c002', 'c003'], ['c001'], ['c004', 'c005']]);
  });

  it('mixes by a seed: the same in every plan, another for another seed', () => {
    const shuffled = (seed: number) => select([{ count: '10%', order: 'shuffled', seed }, 'rest']).selected[0];
    expect(shuffled(7)).toEqual(shuffled(7));
    expect(shuffled(7)).not.toEqual(shuffled(8));
    expect(shuffled(7)).not.toEqual(named(20));
    expect(shuffled(7)).toHaveLength(20);
  });

  it('keeps everybody else in place when a cluster joins the mesh: at most one is pushed out of the wave', () => {
    const wave = (names: readonly string[]) =>
      select([{ count: 20, order: 'shuffled', seed: 7 }, 'rest'], names).selected[0] ?? [];
    const [before, after] = [wave(named(200)), wave([...named(200), 'd001'])];
    expect(before.filter((name) => !after.includes(name)).length).toBeLessThanOrEqual(1);
  });

  it('is a fault where no cluster is left for it', () => {
    const { faults } = select([{ names: ['c001', 'c002'] }, { count: '50%' }], named(2));
    expect(faults.map(({ path, reason }) => [path.join('.'), reason])).toEqual([
      ['rollout.waves.1.clusters.count', 'no serving cluster is left to be counted'],
    ]);
  });
});
