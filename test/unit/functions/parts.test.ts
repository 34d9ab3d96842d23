import { describe, expect, it } from '@jest/globals';
import { createLog } from '../../../functions/log.ts';
import { createRegistry } from '../../../functions/metrics/exposition.ts';
import { createPatience, MAX_WAIT_MS, preferredWaitMs } from '../../../functions/receive/prefer.ts';
import { createRateLimit } from '../../../functions/receive/rate-limit.ts';

describe('the rate of a sender', () => {
  it('is a bucket: the burst at once, then one by one, and never more than the burst after a pause', () => {
    let nowMs = 0;
    const limit = createRateLimit(() => nowMs);
    const sender = { name: 'ci', perMinute: 60, burst: 3 };
    const takes = (count: number): number[] => Array.from({ length: count }, () => limit.take(sender));
    expect(takes(4)).toEqual([0, 0, 0, 1]);
    nowMs += 1_000;
    expect(takes(2)).toEqual([0, 1]);
    nowMs += 3_600_000;
    expect(takes(4)).toEqual([0, 0, 0, 1]);
    nowMs -= 3_600_000;
    expect(limit.take(sender)).toBe(1);
    expect(limit.take({ ...sender, name: 'other' })).toBe(0);
  });
});

describe('Prefer: wait', () => {
  it('is read among other preferences, and capped at 30 s', () => {
    expect(preferredWaitMs('wait=10')).toBe(10_000);
    expect(preferredWaitMs('respond-async, Wait="5"; x=1')).toBe(5_000);
    expect(preferredWaitMs('wait=999999')).toBe(MAX_WAIT_MS);
    for (const other of [null, '', 'respond-async', 'wait=-1', 'wait=x', 'await=5'])
      expect(preferredWaitMs(other)).toBe(0);
  });

  it('is granted to 64 at a time: those who wait hold up nobody', async () => {
    const patience = createPatience();
    let end = (): void => undefined;
    const held = new Promise<void>((resolve) => (end = resolve));
    const waits = Array.from({ length: 64 }, async () => patience.during(() => held));
    expect(patience.during(() => held)).toBeUndefined();
    end();
    await Promise.all(waits);
    expect(patience.during(() => held)).toBeDefined();
  });
});

describe("metrics in Prometheus' text format", () => {
  it('escape what labels hold, and buckets add up', () => {
    const registry = createRegistry();
    registry.counter('c_total', 'Counts.').add({ a: 'x"\\\n' }, 2);
    const histogram = registry.histogram('h', 'Times.', [1, 2]);
    for (const value of [0.5, 1, 1.5, 9]) histogram.observe({}, value);
    expect(registry.text()).toBe(
      [
        '# HELP c_total Counts.',
        '# TYPE c_total counter',
        'c_total{a="x\\"\\\\\\n"} 2',
        '# HELP h Times.',
        '# TYPE h histogram',
        'h_bucket{le="1"} 2',
        'h_bucket{le="2"} 3',
        'h_bucket{le="+Inf"} 4',
        'h_sum 12',
        'h_count 4',
        '',
      ].join('\n'),
    );
  });
});

describe('the log', () => {
  it('takes out what slipped in: secret fields, and credentials within errors', () => {
    let text = '';
    const log = createLog((line) => (text += line));
    log.warn({ token: 'abc', headers: { authorization: 'abc' }, request: { headers: { cookie: 'abc' } } }, 'x');
    log.error({ err: new Error('sent Bearer abcabc to http://me:abc@host') }, 'y');
    log.warn({ why: 'Basic abcabc' }, 'z');
    expect(text).not.toContain('abc');
    expect(
      text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => (JSON.parse(line) as { level: string }).level),
    ).toEqual(['warn', 'error', 'warn']);
  });
});
