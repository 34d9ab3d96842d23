/** Objects as people have them, and as nobody should, through facts and plan. More of it: npm run bench -- objects. */
import { describe, expect, it } from '@jest/globals';
import { planMutated, type Outcome } from '../../support/mutated-plans.ts';
import { basesOf } from './mutated-bases.ts';
import { START_MS, useApiServers } from './use-api-servers.ts';

const RUNS = 150;
const { clusters, servers } = useApiServers('aws', 'gcp');

const told = ({ world, why }: Outcome, seed: number): string => `seed ${seed}: ${world.changes.join('; ')} → ${why}`;

describe.each(['adopt', 'deploy'] as const)('%s of mutated objects', (kind) => {
  it(
    `ends in a plan or in a reason, never in a crash, and the API server takes what is planned (${RUNS} worlds)`,
    async () => {
      const base = await basesOf(kind, { servers: servers(), clusters });
      const bad: string[] = [];
      const ends: Record<Outcome['end'], number> = { impossible: 0, refused: 0, planned: 0, found: 0, crashed: 0 };
      for (let seed = 1; seed <= RUNS; seed++) {
        const outcome = await planMutated(base, seed);
        ends[outcome.end] += 1;
        if (outcome.end === 'crashed' || outcome.end === 'found') bad.push(told(outcome, seed));
      }
      expect(bad).toEqual([]);
      // Else nothing would be shown.
      expect(ends.planned).toBeGreaterThan(RUNS / 5);
      expect(ends.refused).toBeGreaterThan(0);
    },
    START_MS,
  );
});
