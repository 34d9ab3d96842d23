/** What a suite plays, what it leaves out, and what it tells of runs that were red. */
import { describe, expect, it } from '@jest/globals';
import { tables } from '../../chaos/report.ts';
import type { Run } from '../../chaos/results.ts';
import { notGreen, turnsOf } from '../../chaos/turns.ts';

const run = (given: Partial<Run>): Run => ({
  ...{ cell: 'api-killed@bake', seed: 1, repeat: 1, at: '2026-11-28T15:00:00.000Z', wrong: [], end: 'promoted' },
  ...{ reason: '', requests: 10, failures: 0, allowed: 0, newVersion: { requests: 0, failures: 0 } },
  ...{ toPhaseMs: 0, toEndMs: 0, tookMs: 0, serves: {} },
  ...given,
});
const red = run({ wrong: ['it ended none'], end: 'none' });

describe('the runs of a suite', () => {
  const turns = turnsOf({ cells: 'api-killed@bake', seed: 1, repeats: 2 });

  it('are those of every glob; a glob that names no cell is refused, also beside one that does', () => {
    expect(turns.map(({ cell, repeat }) => [cell.id, repeat])).toEqual([
      ['api-killed@bake', 1],
      ['api-killed@bake', 2],
    ]);
    expect(() => turnsOf({ cells: 'api-killed@bake,api-kiled@*', seed: 1, repeats: 1 })).toThrow('api-kiled@*');
  });

  it('that are resumed leave out what was green last: red ones are played again', () => {
    const left = (...runs: Run[]): number[] => notGreen(turns, runs).map(({ repeat }) => repeat);
    expect(left(run({}))).toEqual([2]);
    expect(left(red)).toEqual([1, 2]);
    expect(left(red, run({}), run({ repeat: 2, seed: 2 }))).toEqual([2]);
    expect(left(run({}), red)).toEqual([1, 2]);
  });

  it('that were red are told although the cell was green later', () => {
    const text = tables({ runs: [red, run({})], baselines: new Map() });
    expect(text).toContain('2 runs of 1 cells (the list has');
    expect(text).toContain('1 green, 1 red');
    expect(text).toContain('**1 red** none, promoted ×2');
    expect(text).toContain('it ended none');
  });
});
