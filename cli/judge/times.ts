/** Times and durations of the command line, to ms. */
import { parseDuration } from '../../core/values/duration.ts';
import { refuse } from '../../core/values/error.ts';

/** A zone is asked for: without one the same command would mean another hour on another machine. */
const withZone = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d)$/;

/** `now`, `-2h` (before now), or ISO 8601 with a zone. */
export const timeMs = (option: string, text: string, nowMs: number): number => {
  if (text === 'now') return nowMs;
  const ago = text.startsWith('-') ? parseDuration(text.slice(1)) : undefined;
  if (ago !== undefined) return nowMs - ago;
  const ms = withZone.test(text) ? Date.parse(text.replace(' ', 'T')) : Number.NaN;
  if (!Number.isNaN(ms)) return ms;
  refuse('Invalid', `${option} ${text} is no time`, 'write -2h, now, or a time with its zone: 2026-11-24T12:00:00Z');
};

/** At least `minMs`. */
export const durationMs = (option: string, text: string, minMs = 0): number => {
  const ms = parseDuration(text);
  if (ms !== undefined && ms >= minMs) return ms;
  const why = ms === undefined ? 'is no duration' : `is too short`;
  refuse(
    'Invalid',
    `${option} ${text} ${why}`,
    minMs === 0 ? 'write 90s, 2m or 1h' : `write 2s or 1m; at least ${minMs}ms`,
  );
};

export const percentOf = (option: string, text: string): number => {
  const percent = /^\d+(?:\.\d+)?%?$/.test(text) ? Number.parseFloat(text) : Number.NaN;
  if (percent >= 0 && percent <= 100) return percent;
  refuse('Invalid', `${option} ${text} is no percentage`, 'write a number from 0 to 100');
};
