/** Freeze windows as instants: when the way forward is closed. Time zones and calendars have no place in a history. */
import type { Person } from '../values/person.ts';

/** A time in which no step goes forward. */
export interface ClosedTime {
  /** ms since the epoch; closed from then on … */
  readonly fromMs: number;
  /** … and open again then. */
  readonly untilMs: number;
  /** `deny window black-friday (mesh shop)`, `outside of allow window office-hours (service checkout)`. */
  readonly why: string;
}

export interface WindowsRead {
  /** Sorted; none touches the next. */
  readonly closed: readonly ClosedTime[];
  /** Nothing is known of what comes after it, ms since the epoch. */
  readonly untilMs: number;
}

/** Why a run goes forward whatever the windows say. */
export interface BrokenGlass {
  readonly reason: string;
  readonly by: Person;
}

/** null: it is open then, as far as was read. */
export const closedAt = ({ closed }: WindowsRead, atMs: number): ClosedTime | null =>
  closed.find(({ fromMs, untilMs }) => fromMs <= atMs && atMs < untilMs) ?? null;

/** Of an open moment: how long what was read holds, ms since the epoch. */
export const openUntilMs = ({ closed, untilMs }: WindowsRead, atMs: number): number =>
  Math.max(atMs + 1, Math.min(untilMs, ...closed.filter(({ fromMs }) => fromMs > atMs).map(({ fromMs }) => fromMs)));

export const instantText = (atMs: number): string => new Date(atMs).toISOString().replace('.000Z', 'Z');

/** When a step may go, for people: now, or from when on. */
export function windowText(read: WindowsRead, atMs: number): string {
  const closed = closedAt(read, atMs);
  if (closed !== null) {
    return closed.untilMs >= read.untilMs
      ? `closed (${closed.why}); no window opens before ${instantText(closed.untilMs)}`
      : `closed (${closed.why}); the next window opens at ${instantText(closed.untilMs)}`;
  }
  const next = read.closed.find(({ fromMs }) => fromMs > atMs);
  return next === undefined
    ? `open until ${instantText(read.untilMs)} at least`
    : `open; closed from ${instantText(next.fromMs)} until ${instantText(next.untilMs)} (${next.why})`;
}
