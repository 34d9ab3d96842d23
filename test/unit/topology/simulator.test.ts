/** The simulator of the bench against what is known of queues: it must not share the planner's formula, so it needs its own proof. */
import { describe, expect, it } from '@jest/globals';
import { admit } from '../../../core/topology/admit.ts';
import { topologyModel, type TopologyInput } from '../../../core/topology/model.ts';
import { localFirstShares } from '../../../core/topology/policies.ts';
import { simulate, type Simulated } from '../../bench/simulation/simulate.ts';

const inputAt = (perSecond: number): TopologyInput => ({
  clusters: { a: { cloud: 'aws', region: 'x' }, b: { cloud: 'gcp', region: 'y' } },
  objective: 'latency',
  dollarsPerMillionMs: 1,
  utilisation: 0.95,
  warm: 0,
  roundTripMs: { a: { b: 40 } },
  dollarsPerGb: {},
  services: {
    web: { serviceMs: 10, ratePerReplica: 100, replicas: { a: 1 }, slower: {}, maxShare: {} },
    db: { serviceMs: 1, ratePerReplica: 10_000, replicas: { b: 1 }, slower: {}, maxShare: {} },
  },
  classes: {
    page: {
      ...{ tier: 1, root: 'web', requestBytes: 0, responseBytes: 0, demand: { a: perSecond } },
      calls: [{ from: 'web', to: 'db', times: 1.5, requestBytes: 1_000, responseBytes: 9_000 }],
    },
  },
});

const SECONDS = 120;

function simulatedAt(perSecond: number, seconds = SECONDS): Simulated {
  const model = topologyModel(inputAt(perSecond));
  const { demand } = admit(
    model,
    model.classes.map((one) => one.demand),
  );
  return simulate(model, { demand, shares: localFirstShares(model), seed: 7, seconds });
}

describe('simulator', () => {
  it.each([0.3, 0.6, 0.8])('waits at one server as Pollaczek and Khinchine say, at a load of %d', (load) => {
    const { siteMs, requests } = simulatedAt(load * 100);
    // Coefficient of variation 1: a wait of load / (1 - load) holds, beside the hold itself.
    const expected = 10 + (10 * load) / (1 - load);
    // web is the second service by name, a the first cluster. Seed 7, so: within 15 %.
    expect(siteMs[2]).toBeGreaterThan(expected * 0.85);
    expect(siteMs[2]).toBeLessThan(expected * 1.15);
    expect(requests).toBeGreaterThan(load * 100 * SECONDS * 0.97);
  });

  it('adds ways and calls up, and bills the bytes that leave', () => {
    const { meanMs, siteMs, egressDollarsPerMonth } = simulatedAt(30);
    const added = (siteMs[2] ?? NaN) + 1.5 * (40 + (siteMs[1] ?? NaN));
    expect(Math.abs(meanMs - added)).toBeLessThan(added * 0.02);
    // 45 calls a second, within 6 %: 1 000 bytes at 0.09 and 9 000 at 0.12 dollars per GB.
    const perMonth = (45 * 730 * 3_600 * (1_000 * 0.09 + 9_000 * 0.12)) / 1e9;
    expect(egressDollarsPerMonth / perMonth).toBeGreaterThan(0.94);
    expect(egressDollarsPerMonth / perMonth).toBeLessThan(1.06);
  });

  it('gives the same day for the same seed', () => {
    expect(simulatedAt(50, 10)).toEqual(simulatedAt(50, 10));
  });
});
