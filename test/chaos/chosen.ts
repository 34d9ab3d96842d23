/** A few cells of the chaos suite (`npm run chaos`) on the lab of the other tests: a fault of each kind, in phases that hurt. */
import { describe, expect, it } from '@jest/globals';
import { cells } from './cells.ts';
import { runBaseline, runCell } from './run-cell.ts';
import { limits } from '../support/limits.ts';
import type { Stage } from '../lab/stage.ts';

const SEED = 1;
const chosen = [
  'temporal-killed@commit',
  'rollout-terminated@pin',
  'canary-errors@gate',
  'worker-killed@between-clusters',
];

export function chaos(given: () => Stage): void {
  describe('chaos', () => {
    it.each(chosen)(
      '%s: ends by a name that its cell allows, the traffic is what it says, clients see no more than the fault itself',
      async (id) => {
        const cell = cells.find((one) => one.id === id);
        if (cell === undefined) throw new RangeError(`there is no cell ${id}`);
        const ground = { stage: given(), gateways: undefined };
        const baseline = await runBaseline(ground, cell.fault, SEED);
        const { wrong, end, toEndMs, tookMs } = await runCell(ground, { cell, seed: SEED, repeat: 1, baseline });
        process.stderr.write(`${id}: ${end} ${toEndMs} ms after the fault, ${tookMs} ms in all\n`);
        expect(wrong).toEqual([]);
      },
      limits.labTest,
    );
  });
}
