import { describe, expect, it } from '@jest/globals';
import {
  proveWeights,
  type InstanceTraffic,
  type WeightProofInput,
} from '../../../../core/judge/proof/weight-proof.ts';

const WRITE_S = 30;

interface Scenario {
  /** Requests per second. */
  readonly rate: number;
  /** Share of v2 before the write, and from `arrivesAtS` on. */
  readonly before: number;
  readonly after: number;
  readonly arrivesAtS?: number;
  readonly untilS: number;
}

/** Scraped once a second, at .5; counts rounded by carrying the remainder, as an ideal Envoy would. */
const envoy = ({ rate, before, after, arrivesAtS = WRITE_S, untilS }: Scenario): InstanceTraffic => {
  const scrapes = Array.from({ length: untilS }, (_, i) => (i + 0.5) * 1000);
  let owed = 0;
  const intervals = scrapes.slice(1).map((atMs, i) => {
    owed += rate * (atMs > arrivesAtS * 1000 ? after : before);
    const v2 = Math.floor(owed + 1e-9);
    owed -= v2;
    return { fromMs: scrapes[i] ?? 0, atMs, sent: { v1: rate - v2, v2 } };
  });
  return { cluster: 'aws', instance: 'node-a', intervals, scrapes };
};

const asked = (share: number, more: Partial<WeightProofInput> & { nowS: number }): WeightProofInput => ({
  mode: 'forward',
  weights: { v1: Math.round(1e6 * (1 - share)), v2: Math.round(1e6 * share) },
  withdrawn: [],
  writtenAtMs: WRITE_S * 1000,
  nowMs: more.nowS * 1000,
  staleMs: 10_000,
  ...more,
});

/** Result at every second after the write. */
const course = (scenario: Omit<Scenario, 'untilS'>, input: (nowS: number) => WeightProofInput): string[] =>
  Array.from(
    { length: 20 },
    (_, i) => proveWeights(envoy({ ...scenario, untilS: WRITE_S + i + 1 }), input(WRITE_S + i + 1)).result,
  );

describe('proveWeights', () => {
  it('verifies a step from 0 to 5 % at 100 requests/s within 6 s', () => {
    const results = course({ rate: 100, before: 0, after: 0.05 }, (nowS) => asked(0.05, { nowS }));
    expect(results.indexOf('verified')).toBeLessThanOrEqual(6);
    expect(results).not.toContain('contradicted');
  });

  it.each([
    [0, 0.05],
    [0.05, 0.25],
    [0.25, 0.5],
    [0.5, 1],
  ])('never verifies an Envoy that is frozen at %p when %p is asked, and contradicts it', (before, share) => {
    const results = course({ rate: 100, before, after: before }, (nowS) => asked(share, { nowS }));
    expect(results).not.toContain('verified');
    expect(results.at(-1)).toBe('contradicted');
  });

  it('names the instance and its numbers in a contradiction', () => {
    const proof = proveWeights(envoy({ rate: 100, before: 0, after: 0, untilS: 45 }), asked(0.25, { nowS: 45 }));
    expect(proof).toMatchObject({ result: 'contradicted', cluster: 'aws', instance: 'node-a' });
    expect(proof.reason).toMatch(/^Envoy node-a in aws sent .*0 to v2 of \d+: v[12] should get (25|75) %/);
  });

  it('forgives requests under the old weights for a moment after the write', () => {
    const results = course({ rate: 100, before: 0, after: 0.05, arrivesAtS: WRITE_S + 2 }, (nowS) =>
      asked(0.05, { nowS }),
    );
    expect(results.at(-1)).toBe('verified');
  });

  it('is untested without traffic, with the reason', () => {
    const proof = proveWeights(envoy({ rate: 0, before: 0, after: 0, untilS: 45 }), asked(0.25, { nowS: 45 }));
    expect(proof).toMatchObject({
      result: 'untested',
      requests: 0,
      reason: expect.stringContaining('sent no request'),
    });
  });

  it('is untested with too few requests to see a frozen Envoy', () => {
    const proof = proveWeights(envoy({ rate: 2, before: 0, after: 0.05, untilS: 45 }), asked(0.05, { nowS: 45 }));
    expect(proof).toMatchObject({ result: 'untested', reason: expect.stringContaining('too few') });
  });

  it('is untested when the scrapes stopped, and names the Envoy', () => {
    const proof = proveWeights(envoy({ rate: 100, before: 0, after: 0.05, untilS: 32 }), asked(0.05, { nowS: 60 }));
    expect(proof).toMatchObject({
      result: 'untested',
      reason: expect.stringContaining('scrapes of Envoy node-a in aws stopped'),
    });
  });

  it('needs two scrapes newer than the write', () => {
    const proof = proveWeights(envoy({ rate: 1000, before: 0, after: 0.05, untilS: 31 }), asked(0.05, { nowS: 31 }));
    expect(proof).toMatchObject({ result: 'untested', reason: expect.stringContaining('2 are needed') });
  });

  it('after a restore one request to the withdrawn subset contradicts', () => {
    const restored = (nowS: number): WeightProofInput =>
      asked(0, { nowS, mode: 'restored', weights: { v1: 1e6 }, withdrawn: ['v2'] });
    const good = course({ rate: 100, before: 0.05, after: 0 }, restored);
    expect(good.indexOf('verified')).toBeGreaterThanOrEqual(2);
    expect(good.indexOf('verified')).toBeLessThanOrEqual(5);
    const frozen = course({ rate: 100, before: 0.05, after: 0.05 }, restored);
    expect(frozen).not.toContain('verified');
    expect(frozen.at(-1)).toBe('contradicted');
  });

  describe('after a breach in the first seconds of a step', () => {
    /** The step to 20 % is written 2 s before the restore: scrapes show 4 requests to v2 by then. */
    const stepAtMs = (WRITE_S - 2) * 1000;
    const traffic = (untilS: number, after: number): InstanceTraffic => {
      const { intervals, ...rest } = envoy({ rate: 20, before: 0.2, after, untilS });
      const early = intervals.map((one) => (one.fromMs < stepAtMs ? { ...one, sent: { v1: 20, v2: 0 } } : one));
      return { ...rest, intervals: early };
    };
    const back = (nowS: number, more: Partial<WeightProofInput> = {}): WeightProofInput =>
      asked(0, { nowS, mode: 'restored', weights: { v1: 1e6 }, withdrawn: ['v2'], ...more });
    const before = { weights: { v1: 800_000, v2: 200_000 }, writtenAtMs: stepAtMs };
    const results = (after: number, more: Partial<WeightProofInput> = {}): string[] =>
      Array.from({ length: 30 }, (_, i) => WRITE_S + i + 1).map(
        (nowS) => proveWeights(traffic(nowS, after), back(nowS, more)).result,
      );

    it('shows the hazard: counted over 500 requests, a frozen Envoy seems to send v2 hardly any, and 30 s prove nothing', () => {
      expect(results(0)).not.toContain('verified');
    });

    it('verifies the way back within 5 s, since requests from before the step say nothing of its weights', () => {
      expect(results(0, { before }).indexOf('verified')).toBeLessThanOrEqual(5);
    });

    it('never verifies an Envoy that is frozen at the step, and contradicts it', () => {
      const frozen = results(0.2, { before });
      expect(frozen).not.toContain('verified');
      expect(frozen.at(-1)).toBe('contradicted');
    });
  });

  it('never verifies an Envoy frozen at a step whose few requests before the write happened to look like less', () => {
    const before = { weights: { v1: 750_000, v2: 250_000 }, writtenAtMs: (WRITE_S - 2) * 1000 };
    const results = course({ rate: 20, before: 0.05, after: 0.25 }, (nowS) => asked(0.5, { nowS, before }));
    expect(results).not.toContain('verified');
  });

  it('after a restore a handful of requests proves nothing: the withdrawn subset would have got none of them anyway', () => {
    const before = { weights: { v1: 950_000, v2: 50_000 }, writtenAtMs: 0 };
    const input = asked(0, { nowS: 45, mode: 'restored', weights: { v1: 1e6 }, withdrawn: ['v2'], before });
    const proof = proveWeights(envoy({ rate: 1, before: 0, after: 0, untilS: 45 }), input);
    expect(proof).toMatchObject({ result: 'untested', reason: expect.stringContaining('look alike') });
  });

  it('after a release nothing may go through Envoy', () => {
    const input = (nowS: number): WeightProofInput =>
      asked(0, { nowS, mode: 'restored', weights: {}, withdrawn: ['v1', 'v2'] });
    expect(proveWeights(envoy({ rate: 0, before: 0, after: 0, untilS: 40 }), input(40)).result).toBe('verified');
    expect(proveWeights(envoy({ rate: 10, before: 0, after: 0, untilS: 40 }), input(40)).result).toBe('contradicted');
  });
});
