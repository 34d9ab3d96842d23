/**
 * What a watch costs while it waits: each heartbeat and each attempt is a billed action of Temporal. A share that has just
 * been written is beaten for often, since nobody knows yet what it does; the longer it has served, the rarer. Looks at
 * the metrics go on at their own pace whatever the terms. Who waits for a person waits longest, and beats least.
 */

export interface WatchTerms {
  /** How long the server waits for a heartbeat, ms: so late it notices a dead worker that nobody replaces. */
  readonly heartbeatTimeoutMs: number;
  /** Longest attempt, ms. The next one goes on without a history event. */
  readonly windowMs: number;
  /** Then the watch hands its state to another one with other terms, ms since the epoch; null: never. */
  readonly handOverAtMs: number | null;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** So long a share is young, ms. */
export const YOUNG_MS = 3 * MINUTE;

const young = { heartbeatTimeoutMs: 20 * SECOND, windowMs: 9 * MINUTE } as const;
/** Function runtimes end at 10 to 15 minutes. It ends before a beat is due, with one: 2 actions a window. */
const baking = { heartbeatTimeoutMs: 10 * MINUTE, windowMs: 8.75 * MINUTE } as const;
/** Three beats, the last at its end: 4 actions a window. */
const held = { heartbeatTimeoutMs: 30 * MINUTE, windowMs: 80 * MINUTE } as const;
/**
 * Of what keeps the pods beside a watch. A worker that is stopped or started again hands it on at once, and each step asks for its
 * pods anyway: only a machine that is lost for ever is noticed that late.
 */
export const capacityTerms = { heartbeatTimeoutMs: 180 * MINUTE, windowMs: 720 * MINUTE } as const;

export interface Wait {
  readonly mode: 'bake' | 'hold';
  readonly nowMs: number;
  /** When the youngest share was written, ms since the epoch. */
  readonly writtenAtMs: number;
  /** When a bake should end, ms since the epoch; a hold has no end. */
  readonly bakedAtMs: number;
}

/** A change of terms costs 6 history events, so a bake that would soon end stays as it is. */
export function watchTerms({ mode, nowMs, writtenAtMs, bakedAtMs }: Wait): WatchTerms {
  const oldAtMs = writtenAtMs + YOUNG_MS;
  if (nowMs >= oldAtMs) return { ...(mode === 'bake' ? baking : held), handOverAtMs: null };
  const endsSoon = mode === 'bake' && bakedAtMs <= oldAtMs + YOUNG_MS;
  return { ...young, handOverAtMs: endsSoon ? bakedAtMs + YOUNG_MS : oldAtMs };
}

/** Longest time without a heartbeat, ms: what is left is for a look that takes long, and for the way to the server. */
export const watchBeatMs = (heartbeatTimeoutMs: number): number =>
  Math.min(heartbeatTimeoutMs * 0.9, heartbeatTimeoutMs - 10 * SECOND);
