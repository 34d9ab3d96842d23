/** Two clusters that can be planned by hand, and a solver for a file of tests. */
import { afterAll, beforeAll } from '@jest/globals';
import type { TopologyInput } from '../../../core/topology/model.ts';
import { planTopology, type TopologyPlan } from '../../../core/topology/plan.ts';
import type { LinearSolver } from '../../../core/topology/program.ts';
import { withHighs } from '../../../platform/solver/highs.ts';

/** Properties solve some hundred programs; a loaded machine takes its time, ms. */
export const LONG_MS = 60_000;

interface Planner {
  readonly plan: (input: TopologyInput) => Promise<TopologyPlan>;
  readonly solver: LinearSolver;
}

/** One thread for all tests of a file. */
export function usePlanner(): Planner {
  let given: LinearSolver | undefined;
  let ended: Promise<void>;
  const done = Promise.withResolvers<void>();
  beforeAll(async () => {
    const ready = Promise.withResolvers<void>();
    ended = withHighs((solver) => {
      given = solver;
      ready.resolve();
      return done.promise;
    });
    await Promise.race([ready.promise, ended]);
  }, LONG_MS);
  afterAll(() => {
    done.resolve();
    return ended;
  });
  const solver: LinearSolver = (rightSides) => {
    if (given === undefined) throw new Error('the solver is there in tests only');
    return given(rightSides);
  };
  return { plan: (input) => planTopology(input, solver), solver };
}

export const service = { serviceMs: 10, ratePerReplica: 100, slower: {}, maxShare: {} };
export const root = { tier: 1, root: 'web', requestBytes: 0, responseBytes: 0, calls: [] };
export const call = { requestBytes: 0, responseBytes: 0, times: 1 };

/** Two clusters 50 ms apart, with 2 replicas each of one service: 140/s each at 70 %. */
export const pair = (demand: Record<string, number>, change: Partial<TopologyInput> = {}): TopologyInput => ({
  clusters: { a: { cloud: 'onprem', region: 'a' }, b: { cloud: 'onprem', region: 'b' } },
  objective: 'latency',
  dollarsPerMillionMs: 0,
  utilisation: 0.7,
  warm: 0,
  roundTripMs: { a: { b: 50 } },
  dollarsPerGb: {},
  services: { web: { ...service, replicas: { a: 2, b: 2 } } },
  classes: { all: { ...root, demand } },
  ...change,
});
