/** Hours of waiting in seconds: what they cost, and that nobody is blind meanwhile. */
import { describe, expect, it } from '@jest/globals';
import { watchBeatMs, watchTerms, YOUNG_MS } from '../../../core/rollout/watch-terms.ts';
import { BEGUN_MS, waitFor, type Waited } from '../../support/waiting-watch.ts';

const HOUR = 3_600_000;
const billed = ({ scheduled, retries, heartbeats }: Waited): number => scheduled + retries + heartbeats;

describe('the terms of a watch', () => {
  const wait = { mode: 'bake', nowMs: 0, writtenAtMs: 0, bakedAtMs: 24 * HOUR } as const;

  it('notice a dead worker within 20 s while a share is young, and cost little when it is old', () => {
    expect(watchTerms(wait)).toMatchObject({ heartbeatTimeoutMs: 20_000, handOverAtMs: YOUNG_MS });
    expect(watchTerms({ ...wait, nowMs: YOUNG_MS })).toMatchObject({ heartbeatTimeoutMs: 600_000, handOverAtMs: null });
    expect(watchTerms({ ...wait, mode: 'hold', nowMs: YOUNG_MS })).toMatchObject({ heartbeatTimeoutMs: 1_800_000 });
  });

  it('do not change for a bake that is about to end, and do when it goes on without a verdict', () => {
    const terms = watchTerms({ ...wait, bakedAtMs: 2 * YOUNG_MS });
    expect(terms.handOverAtMs).toBe(3 * YOUNG_MS);
    expect(watchTerms({ ...wait, bakedAtMs: 2 * YOUNG_MS, nowMs: 3 * YOUNG_MS }).handOverAtMs).toBeNull();
  });

  it('leave ten seconds for a look that takes long, and end an attempt before its heartbeat is due', () => {
    for (const nowMs of [0, YOUNG_MS])
      for (const mode of ['bake', 'hold'] as const) {
        const { heartbeatTimeoutMs } = watchTerms({ ...wait, mode, nowMs });
        expect(heartbeatTimeoutMs - watchBeatMs(heartbeatTimeoutMs)).toBeGreaterThanOrEqual(10_000);
      }
  });
});

describe('a watch that waits', () => {
  /** Cheaper to play for a day than the sequential one. */
  const judge = {
    type: 'threshold',
    pollMs: 10_000,
    windowMs: 60_000,
    minRequests: 20,
    minBad: 3,
    alpha: 1e-4,
  } as const;

  it('at a gate finds a hard fault of hour 20 within 30 s, however rarely it beats', async () => {
    const badFromMs = BEGUN_MS + 20 * HOUR;
    const waited = await waitFor({ mode: 'hold', bakeMs: 0, ageMs: HOUR, badFromMs, judge });
    expect(waited.result).toMatchObject({ verdict: 'breach' });
    expect(waited.endedAtMs - badFromMs).toBeGreaterThan(0);
    expect(waited.endedAtMs - badFromMs).toBeLessThanOrEqual(30_000);
    expect(waited.longestBlindMs).toBeLessThanOrEqual(12_000);
    expect(billed(waited)).toBeLessThanOrEqual(100);
  }, 300_000);

  it('in a bake goes on with the counts of the watch that it takes the place of, and ends when the bake does', async () => {
    const waited = await waitFor({ mode: 'bake', bakeMs: HOUR, ageMs: 0 });
    expect(waited.scheduled).toBe(2);
    expect(waited.result).toMatchObject({ verdict: 'healthy' });
    expect(waited.endedAtMs - BEGUN_MS).toBeLessThan(HOUR + 30_000);
    // 5 requests a second for an hour, less what is younger than the last sample.
    const [reading] = waited.result?.readings ?? [];
    expect(reading?.newTotal).toBeGreaterThan(5 * 3_600 * 0.98);
    expect(reading?.newTotal).toBeLessThanOrEqual(5 * 3_600 + 150);
    expect(billed(waited)).toBeLessThanOrEqual(45);
  }, 120_000);
});
