/** How a watch tells Temporal that it lives, and hears whether it is still wanted, at few billed actions. */
import type { Context } from '@temporalio/activity';
import { watchBeatMs } from '../../core/rollout/watch-terms.ts';
import { fittingReadings, type WatchState } from '../../core/judge/look/state.ts';
import type { ObserveDeps } from '../ports.ts';
import { packed } from './packed.ts';

/** Longest time that a watch that nobody waits for goes on, ms. */
const ASK_MS = 10_000;
/** Where the server says nothing of it (a test): as while a share is young, ms. */
const HEARTBEAT_TIMEOUT_MS = 20_000;
/** Beats that are rarer than this, ms, would leave readers of the running watch without anything at first. */
const RARE_MS = 60_000;

/** Between two chances for a beat while a look is under way, ms. */
const LOOKING_MS = 2_000;

export interface Pulse {
  /** Sends the state, which the next attempt goes on from: one action. */
  beat(state: WatchState): void;
  /** Goes on beating while a look is under way: a backend that hangs must not make the watch look dead. */
  during<T>(look: Promise<T>, state: WatchState): Promise<T>;
  /** Waits, and goes on beating; ends at once when the activity is cancelled. */
  pause(ms: number, state: WatchState): Promise<void>;
}

type Deps = Pick<ObserveDeps, 'now' | 'sleep' | 'isWanted'>;
type Beating = Pick<Context, 'heartbeat' | 'sleep' | 'cancellationSignal'> & {
  readonly info: Pick<Context['info'], 'attempt' | 'heartbeatTimeoutMs'>;
};

export function createPulse(context: Beating, { now, sleep, isWanted }: Deps): Pulse {
  const wait = sleep ?? ((ms: number) => context.sleep(ms));
  const everyMs = watchBeatMs(context.info.heartbeatTimeoutMs ?? HEARTBEAT_TIMEOUT_MS);
  let [beatAtMs, askedAtMs] = [now(), now()];
  let isFirst = context.info.attempt === 1 && everyMs > RARE_MS;
  const beat = (state: WatchState): void => {
    beatAtMs = askedAtMs = now();
    isFirst = false;
    context.heartbeat({ ...packed({ ...state, readings: [] }), readings: fittingReadings(state.readings) });
  };
  const keep = async (state: WatchState): Promise<void> => {
    if (now() - beatAtMs >= everyMs || (isFirst && state.readings.length > 0)) return beat(state);
    if (isWanted === undefined || now() - askedAtMs < ASK_MS) return;
    askedAtMs = now();
    // Its answer is the cancellation.
    if (!(await isWanted())) beat(state);
  };
  return {
    beat,
    during: async (look, state) => {
      const timer = setInterval(() => void keep(state), LOOKING_MS);
      try {
        return await look;
      } finally {
        clearInterval(timer);
      }
    },
    pause: async (ms, state) => {
      // Half, so that a beat that is not due yet is sent well before the timeout.
      const longestMs = Math.min(everyMs / 2, ASK_MS);
      await keep(state);
      for (let leftMs = ms; leftMs > 0; leftMs -= longestMs) {
        await wait(Math.min(longestMs, leftMs), context.cancellationSignal);
        await keep(state);
      }
    },
  };
}
