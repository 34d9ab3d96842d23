/**
 * The looks of a watch, over again: the product's own `look` with a clock that travels through recorded counts. What it
 * says at an instant is what a rollout would have said then, if its samples had arrived as they were taken.
 */
import type { CountSource } from '../series/source.ts';
import type { SloReading } from '../slo-reading.ts';
import { combineReadings, type Verdict } from '../verdict.ts';
import { look } from './look.ts';
import { freshState } from './state.ts';
import type { WatchSloInput } from './watch.ts';

export interface ReplayedLook extends Verdict {
  /** ms since the epoch. */
  readonly atMs: number;
  readonly readings: readonly SloReading[];
  /** A rollout would have ended here: a breach, or unknown for good. */
  readonly ends: boolean;
}

export interface Replay {
  readonly metrics: CountSource;
  /** The last look is at or before this time, ms. */
  readonly toMs: number;
  readonly signal: AbortSignal;
}

/** From when the share was written on. Goes on after a breach: who asks may stop. */
export async function* replayLooks(
  input: WatchSloInput,
  { metrics, toMs, signal }: Replay,
): AsyncGenerator<ReplayedLook> {
  let nowMs = Math.min(...input.strata.map(({ sinceMs }) => sinceMs));
  let state = freshState(nowMs);
  let waitMs = input.judge.pollMs;
  while (nowMs + waitMs <= toMs) {
    signal.throwIfAborted();
    nowMs += waitMs;
    const atMs = nowMs;
    const looked = await look(input, { metrics, now: () => atMs, signal, state });
    state = { ...looked.state, readings: looked.readings };
    waitMs = looked.nextAtMs - nowMs;
    const verdict = combineReadings(looked.readings);
    const ends = verdict.verdict === 'breach' || (verdict.verdict === 'unknown' && looked.ends);
    yield { atMs, ...verdict, readings: looked.readings, ends };
  }
}
