/** Freeze windows as users write them, and the instants that become of them. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { windowLimits } from '../../../core/config/defaults.ts';
import type { WindowConfig } from '../../../core/config/types.ts';
import { closedTimes } from '../../../core/config/windows/closed-times.ts';
import { windowsSchema } from '../../../core/config/windows/window-schema.ts';
import { closedAt, openUntilMs } from '../../../core/rollout/windows.ts';

const at = (text: string): number => Date.parse(text);
const times = (now: string, ...windows: WindowConfig[]) =>
  closedTimes([{ of: 'mesh shop', windows }], at(now)).closed.map(({ fromMs, untilMs }) =>
    [fromMs, untilMs].map((ms) => new Date(ms).toISOString().slice(0, 16)),
  );

const weekend: WindowConfig = {
  ...{ name: 'weekend', kind: 'deny', timeZone: 'Europe/Berlin' },
  ...{ cron: '0 18 * * 5', durationMs: 62 * 3_600_000 },
};

const office = (timeZone: string): WindowConfig => ({
  ...{ name: 'office', kind: 'allow', timeZone },
  ...{ cron: '0 9 * * 1-5', durationMs: 8 * 3_600_000 },
});

describe('freeze windows as instants', () => {
  it('a weekend ends at 08:00 on the wall, in the weeks in which the clocks are set, too', () => {
    expect(times('2026-03-20T00:00:00Z', weekend).slice(0, 2)).toEqual([
      ['2026-03-20T17:00', '2026-03-23T07:00'],
      // Set on by an hour on 29 March: 61 hours.
      ['2026-03-27T17:00', '2026-03-30T06:00'],
    ]);
    // Set back on 25 October: 63 hours.
    expect(times('2026-10-23T00:00:00Z', weekend)[0]).toEqual(['2026-10-23T16:00', '2026-10-26T07:00']);
  });

  it('an end that the clock leaves out comes as long after the begin as it says', () => {
    const night: WindowConfig = { ...weekend, cron: '30 1 * * 0', durationMs: 3_600_000 };
    expect(times('2026-03-28T00:00:00Z', night)[0]).toEqual(['2026-03-29T00:30', '2026-03-29T01:30']);
  });

  it('an end that the clock shows twice is the last for a denial and the first for an allowance: the careful one', () => {
    const night: WindowConfig = { ...weekend, cron: '30 1 * * 0', durationMs: 3_600_000 };
    expect(times('2026-10-24T12:00:00Z', night)[0]).toEqual(['2026-10-24T23:30', '2026-10-25T01:30']);
    const open = times('2026-10-24T23:45:00Z', { ...night, kind: 'allow' });
    expect(open[0]?.[0]).toBe('2026-10-25T00:30');
  });

  it('office hours are those of their own zone', () => {
    expect(times('2026-06-01T08:00:00Z', office('America/New_York'))[0]).toEqual([
      '2026-06-01T08:00',
      '2026-06-01T13:00',
    ]);
    expect(times('2026-06-01T08:00:00Z', office('Asia/Tokyo'))[0]).toEqual(['2026-06-01T08:00', '2026-06-02T00:00']);
  });

  it('a denial beats an allowance, and a service cannot open what its mesh closes', () => {
    const once: WindowConfig = {
      ...{ name: 'sale', kind: 'deny' },
      ...{ fromMs: at('2026-06-01T10:00:00Z'), toMs: at('2026-06-01T11:00:00Z') },
    };
    const both = closedTimes(
      [
        { of: 'mesh shop', windows: [once] },
        { of: 'service shop/checkout', windows: [office('UTC')] },
      ],
      at('2026-06-01T09:30:00Z'),
    );
    expect(both.closed[0]).toEqual({
      ...{ fromMs: at('2026-06-01T10:00:00Z'), untilMs: at('2026-06-01T11:00:00Z') },
      why: 'deny window sale (mesh shop)',
    });
    expect(both.closed[1]?.why).toBe('outside of allow window office (service shop/checkout)');
    expect(closedAt(both, at('2026-06-01T09:30:00Z'))).toBeNull();
    expect(openUntilMs(both, at('2026-06-01T09:30:00Z'))).toBe(at('2026-06-01T10:00:00Z'));
  });

  it('are few in a history, whatever is written: what comes after them is not claimed to be known', () => {
    const often: WindowConfig = { ...weekend, cron: '*/10 * * * *', durationMs: 60_000 };
    const read = closedTimes([{ of: 'mesh shop', windows: [often] }], at('2026-06-01T00:00:30Z'));
    expect(read.closed).toHaveLength(windowLimits.closedTimes);
    expect(read.untilMs).toBeLessThan(at('2026-06-02T00:00:00Z'));
  });

  it('are sorted and apart, at whatever moment they are read', () => {
    fc.assert(
      fc.property(fc.integer({ min: at('2026-01-01T00:00:00Z'), max: at('2027-01-01T00:00:00Z') }), (nowMs) => {
        const { closed } = closedTimes([{ of: 'm', windows: [weekend, office('Europe/Berlin')] }], nowMs);
        closed.forEach((one, i) => {
          expect(one.fromMs).toBeLessThan(one.untilMs);
          expect(one.fromMs).toBeGreaterThan(closed[i - 1]?.untilMs ?? -1);
        });
      }),
      { seed: 7, numRuns: 20 },
    );
  });
});

describe('a window in a document', () => {
  const faultsOf = (window: object): string[] =>
    windowsSchema.safeParse([{ name: 'w', kind: 'deny', ...window }]).error?.issues.map(({ message }) => message) ?? [];

  it('is refused by its place where it does not say when: half of one way, both, no zone, no cron, no date', () => {
    const cron = { cron: '0 18 * * 5', duration: '1h', timeZone: 'Europe/Berlin' };
    expect(faultsOf(cron)).toEqual([]);
    expect(faultsOf({ from: '2026-06-01T10:00:00Z', to: '2026-06-01T11:00:00+02:00' })).toEqual([
      'does not come after from',
    ]);
    expect(faultsOf({ ...cron, timeZone: undefined })).toEqual(['does not say when it begins and ends']);
    expect(faultsOf({ ...cron, from: '2026-06-01T10:00:00Z' })).toEqual(['does not say when it begins and ends']);
    expect(faultsOf({ ...cron, timeZone: 'Europe/Berlim' })).toEqual(['is no time zone']);
    expect(faultsOf({ ...cron, timeZone: '+02:00' })).toEqual(['is no time zone']);
    expect(faultsOf({ ...cron, cron: '0 0 18 * * 5' })[0]).toContain('it has not five fields');
    expect(faultsOf({ ...cron, cron: '61 18 * * 5' })[0]).toContain('is no cron expression');
    expect(faultsOf({ from: '2026-06-01', to: '2026-06-02' })).not.toEqual([]);
  });
});
