/** What the threshold judge promises, measured on simulated traffic. Seeded: one try, no retries. */
import { describe, expect, it } from '@jest/globals';
import type { JudgeSettings } from '../../../../core/judge/settings.ts';
import { simulateFaults, simulateHealthyBakes } from '../../../support/simulated-bakes.ts';

const settings: JudgeSettings = { pollMs: 1_000, windowMs: 30_000, minRequests: 20, minBad: 3, alpha: 1e-4 };
const bakes = { settings, sampleMs: 1_000, perSecond: 10 };

describe('threshold judge on simulated bakes', () => {
  it('breaches in at most 1 % of 1 000 healthy bakes of 60 s over three clusters, although it looks every second', () => {
    const simulation = { ...bakes, seed: 20_260_301 };
    const { breaches } = simulateHealthyBakes(simulation, { bakes: 1_000, seconds: 60, errors: 0.005 });
    expect(breaches).toBeLessThanOrEqual(10);
  });

  it.each([
    ['from the first request', 0],
    ['that begin in mid-bake, behind 30 s of good requests', 30],
  ])('sees 20 %% errors at 10 requests/s %s within 5 s of counts', (_, startsAt) => {
    const delays = simulateFaults({ ...bakes, seed: 7 }, { runs: 500, startsAt, errors: 0.2 });
    expect(delays[250]).toBeLessThanOrEqual(5_000);
  });
});
