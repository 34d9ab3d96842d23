/**
 * Freeze windows become instants. Calendars, time zones and cron stay on this side: a workflow gets the result by an activity,
 * since two workers need not have the same time zone data.
 */
import { Cron } from 'croner';
import type { WindowConfig } from '../types.ts';
import { windowLimits } from '../defaults.ts';
import { afterOnClock } from './wall-clock.ts';

export interface Times {
  readonly fromMs: number;
  readonly untilMs: number;
}

export interface Closed extends Times {
  readonly why: string;
}

export interface WindowList {
  /** `mesh shop`, `service shop/checkout`: for people. */
  readonly of: string;
  readonly windows: readonly WindowConfig[];
}

/** How far one window was followed. */
interface Followed {
  readonly times: readonly Times[];
  /** ms since the epoch. */
  readonly untilMs: number;
}

/**
 * When it is closed by any of the lists, from `nowMs` on. Each list must be open by itself: a service cannot open what its mesh
 * closes.
 */
export function closedTimes(
  lists: readonly WindowList[],
  nowMs: number,
): { readonly closed: readonly Closed[]; readonly untilMs: number } {
  const parts = lists.flatMap((list) => [...denials(list, nowMs), ...outsides(list, nowMs)]);
  const untilMs = Math.min(nowMs + windowLimits.horizonMs, ...parts.map((part) => part.untilMs));
  const merged = joined(
    parts.flatMap(({ closed }) => closed),
    { nowMs, untilMs },
  );
  const kept = merged.slice(0, windowLimits.closedTimes);
  const rest = merged[windowLimits.closedTimes];
  return { closed: kept, untilMs: rest === undefined ? untilMs : rest.fromMs };
}

interface Part {
  readonly closed: readonly Closed[];
  readonly untilMs: number;
}

const denials = ({ of, windows }: WindowList, nowMs: number): Part[] =>
  windows
    .filter(({ kind }) => kind === 'deny')
    .map((window) => {
      const { times, untilMs } = follow(window, nowMs);
      return { untilMs, closed: times.map((one) => ({ ...one, why: `deny window ${window.name} (${of})` })) };
    });

/** What no allow window of the list has. */
function outsides({ of, windows }: WindowList, nowMs: number): Part[] {
  const allows = windows.filter(({ kind }) => kind === 'allow');
  if (allows.length === 0) return [];
  const followed = allows.map((window) => follow(window, nowMs));
  const untilMs = Math.min(...followed.map((one) => one.untilMs));
  const why = `outside of allow window ${allows.map(({ name }) => name).join(', ')} (${of})`;
  const open = followed.flatMap(({ times }) => times).sort((a, b) => a.fromMs - b.fromMs);
  const closed: Closed[] = [];
  let fromMs = nowMs;
  for (const one of open) {
    if (one.fromMs > fromMs) closed.push({ fromMs, untilMs: Math.min(one.fromMs, untilMs), why });
    fromMs = Math.max(fromMs, one.untilMs);
  }
  if (fromMs < untilMs) closed.push({ fromMs, untilMs, why });
  return [{ closed: closed.filter((one) => one.fromMs < one.untilMs), untilMs }];
}

function follow(window: WindowConfig, nowMs: number): Followed {
  const horizon = nowMs + windowLimits.horizonMs;
  if ('fromMs' in window) return { times: [{ fromMs: window.fromMs, untilMs: window.toMs }], untilMs: horizon };
  const { cron, timeZone, durationMs, kind } = window;
  const begins = new Cron(cron, { paused: true, timezone: timeZone });
  const times: Times[] = [];
  // Whoever says no is careful: what the clock shows twice ends a denial the last time, and an allowance the first.
  const twice = kind === 'deny' ? 'last' : 'first';
  // One that has begun may still last; a day more, for clocks that are set.
  let at = new Date(nowMs - durationMs - DAY_MS);
  for (;;) {
    const next = begins.nextRun(at);
    if (next === null || next.getTime() > horizon) return { times, untilMs: horizon };
    if (times.length === windowLimits.occurrences) return { times, untilMs: next.getTime() };
    at = next;
    const fromMs = next.getTime();
    const untilMs = afterOnClock(fromMs, durationMs, { zone: timeZone, twice });
    if (untilMs > nowMs) times.push({ fromMs, untilMs });
  }
}

const DAY_MS = 24 * 3_600_000;

/** Sorted, and one where they meet. */
function joined(all: readonly Closed[], { nowMs, untilMs }: { nowMs: number; untilMs: number }): Closed[] {
  const known = all
    .map((one) => ({ ...one, untilMs: Math.min(one.untilMs, untilMs) }))
    .filter((one) => one.fromMs < one.untilMs && one.untilMs > nowMs)
    .sort((a, b) => a.fromMs - b.fromMs || b.untilMs - a.untilMs);
  const merged: Closed[] = [];
  for (const one of known) {
    const last = merged.at(-1);
    if (last === undefined || one.fromMs > last.untilMs) merged.push(one);
    else if (one.untilMs > last.untilMs) merged[merged.length - 1] = together(last, one);
  }
  return merged;
}

const together = (first: Closed, then: Closed): Closed => ({
  fromMs: first.fromMs,
  untilMs: then.untilMs,
  why: first.why.includes(then.why) ? first.why : `${first.why}, then ${then.why}`.slice(0, WHY_MAX),
});

/** It goes into a history, and on a line of a terminal. */
const WHY_MAX = 300;
