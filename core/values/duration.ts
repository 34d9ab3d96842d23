/** Durations as people write them: `10s`, `500ms`, `2m`, `1h30m`. Units fall, each at most once; no bare numbers. */

/** At most 9 digits a unit: every duration is an exact integer of milliseconds. */
export const durationPattern = /^(?=[0-9])(?:[0-9]{1,9}h)?(?:[0-9]{1,9}m)?(?:[0-9]{1,9}s)?(?:[0-9]{1,9}ms)?$/;

const unitsMs = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const;

/** Milliseconds, or undefined when the text is no duration. */
export const parseDuration = (text: string): number | undefined => {
  if (!durationPattern.test(text)) return undefined;
  let total = 0;
  for (const [, digits, unit] of text.matchAll(/([0-9]+)(ms|h|m|s)/g)) {
    total += Number(digits) * unitsMs[unit as keyof typeof unitsMs];
  }
  return total;
};

/** What somebody meant who wrote days, decimals or ISO 8601; undefined where that is not plain. */
export const guessDuration = (text: string): string | undefined => {
  const iso = /^P(?:(\d{1,4})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,6})S)?)?$/i.exec(text);
  const one = /^(\d{1,6}(?:\.\d{1,3})?) ?(w|d|h|m|s)$/.exec(text);
  const sizesMs: Record<string, number> = { w: 7 * 24 * unitsMs.h, d: 24 * unitsMs.h, ...unitsMs };
  const counts =
    iso === null ? [[one?.[1], one?.[2] ?? 's'] as const] : isoUnits.map((unit, i) => [iso[i + 1], unit] as const);
  const total = counts.reduce((sum, [count = 0, unit]) => sum + Number(count) * (sizesMs[unit] ?? 0), 0);
  return total >= 1 ? formatDuration(total) : undefined;
};

const isoUnits = ['d', 'h', 'm', 's'] as const;

/** The shortest text that `parseDuration` reads back as the same number of whole milliseconds. */
export const formatDuration = (durationMs: number): string => {
  let rest = Math.round(durationMs);
  if (rest <= 0) return '0s';
  let text = '';
  for (const [unit, unitMs] of Object.entries(unitsMs)) {
    const count = Math.floor(rest / unitMs);
    rest -= count * unitMs;
    if (count > 0) text += `${String(count)}${unit}`;
  }
  return text;
};

/** For people, to the second from one second on: "1h 5m", "1m 30s", "500ms". */
export const durationText = (durationMs: number): string => {
  if (durationMs < 1000) return `${String(durationMs)}ms`;
  return formatDuration(Math.round(durationMs / 1000) * 1000).replaceAll(/([a-z])(?=[0-9])/g, '$1 ');
};

/** Protobuf's JSON form of a duration. */
export const protobufDuration = (ms: number): string => `${String(ms / 1000)}s`;
