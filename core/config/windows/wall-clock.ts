/** A clock on a wall in a time zone, which is set on in spring and back in autumn. */

/** Far enough from any change of a clock to know it before and after; two changes are never that near, ms. */
const DAY_MS = 24 * 3_600_000;

/** What the clock shows then, as if it were UTC, ms. */
function shownMs(atMs: number, zone: string): number {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    ...{ year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' },
  }).formatToParts(atMs);
  const of = (type: string): number => Number(parts.find((one) => one.type === type)?.value ?? 0);
  const whole = Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'));
  return whole + (((atMs % 1000) + 1000) % 1000);
}

/**
 * The instant at which the clock has gone on by so long, ms since the epoch. A time that it shows twice is the first or the last,
 * as `twice` says; one that it leaves out is as long after the start as it says.
 */
export function afterOnClock(
  atMs: number,
  lengthMs: number,
  { zone, twice }: { readonly zone: string; readonly twice: 'first' | 'last' },
): number {
  const wanted = shownMs(atMs, zone) + lengthMs;
  const offsets = [wanted - DAY_MS, wanted + DAY_MS].map((near) => shownMs(near, zone) - near);
  const both = offsets.map((offset) => wanted - offset);
  const shown = both.filter((instant) => shownMs(instant, zone) === wanted);
  const candidates = shown.length > 0 ? shown : both;
  // Left out by the clock: the offset of before gives the later one of the two.
  return shown.length > 0 && twice === 'first' ? Math.min(...candidates) : Math.max(...candidates);
}
