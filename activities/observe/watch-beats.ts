/** What a watch says in its heartbeats: its state, for the next attempt, and its last readings, for people. */
import type { Context } from '@temporalio/activity';
import { fittingReadings, type WatchState } from '../../core/judge/look/state.ts';
import { packed, type Packed } from './packed.ts';

/**
 * Least time between two states that are packed, ms. A worker that is lost loses as much of what was seen, and the next
 * attempt counts it again: the sources have more of the past than that.
 */
const PACK_EVERY_MS = 10_000;

export interface Beats {
  /** Heartbeats also ask whether the watch was cancelled: they are more frequent than what they say is new. */
  beat(state: WatchState): void;
  /** Before an attempt ends by itself: the next one goes on from just this state. */
  last(state: WatchState): void;
}

interface Told {
  readonly state: WatchState;
  readonly packedAtMs: number;
  readonly details: Packed & Pick<WatchState, 'readings'>;
}

export function createBeats(context: Pick<Context, 'heartbeat'>, now: () => number): Beats {
  let told: Told | undefined;
  const tell = (state: WatchState, longestMs: number): void => {
    if (told?.state !== state || longestMs === 0) {
      const isOld = told === undefined || now() - told.packedAtMs >= longestMs;
      const { packedAtMs, details } =
        told === undefined || isOld ? { packedAtMs: now(), details: packed({ ...state, readings: [] }) } : told;
      told = { state, packedAtMs, details: { packed: details.packed, readings: fittingReadings(state.readings) } };
    }
    context.heartbeat(told.details);
  };
  return { beat: (state) => tell(state, PACK_EVERY_MS), last: (state) => tell(state, 0) };
}
