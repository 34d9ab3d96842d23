/** One alpha for a rollout, whatever its SLOs. */
import { describe, expect, it } from '@jest/globals';
import { alphaPart } from '../../../../core/judge/sequential/alpha.ts';
import type { Slo } from '../../../../core/judge/settings.ts';

const slo = (source: Slo['source'], kind: Slo['indicator']['kind'] = 'errors'): Slo => ({
  name: `${source}-${kind}`,
  source,
  indicator: kind === 'errors' ? { kind } : { kind, thresholdS: 0.25 },
  target: 0.99,
});

describe('the part of alpha of an SLO', () => {
  it('is 1 for all together, and twice as much where the Envoys count errors', () => {
    const slos = [slo('server'), slo('envoy'), slo('server', 'latency'), slo('envoy', 'latency')];
    const parts = slos.map((one) => alphaPart(one, slos));
    expect(parts).toEqual([1 / 5, 2 / 5, 1 / 5, 1 / 5]);
    expect(alphaPart(slos[1] as Slo, slos.slice(0, 2))).toBeCloseTo(2 / 3, 12);
  });

  it('is all of it for the only one, and for one that only reports', () => {
    expect(alphaPart(slo('server'), [])).toBe(1);
    const only = slo('envoy');
    expect(alphaPart(only, [only])).toBe(1);
  });
});
