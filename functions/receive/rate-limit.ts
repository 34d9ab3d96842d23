/** A bucket of tokens per sender: it fills with the rate, and holds the burst. */
import type { SenderConfig } from '../../core/config/events/types.ts';

export interface RateLimit {
  /** Seconds until the next request of that sender has a chance; 0 = this one may pass, and is counted. */
  take(sender: Pick<SenderConfig, 'name' | 'perMinute' | 'burst'>): number;
}

interface Bucket {
  tokens: number;
  atMs: number;
}

const MINUTE_MS = 60_000;

/** @param now ms */
export function createRateLimit(now: () => number): RateLimit {
  /** One per Sender document: strangers make none. */
  const buckets = new Map<string, Bucket>();
  return {
    take({ name, perMinute, burst }) {
      const atMs = now();
      const bucket = buckets.get(name) ?? { tokens: burst, atMs };
      buckets.set(name, bucket);
      // A clock that was set back fills nothing.
      const passedMs = Math.max(0, atMs - bucket.atMs);
      bucket.tokens = Math.min(burst, bucket.tokens + (passedMs * perMinute) / MINUTE_MS);
      bucket.atMs = atMs;
      if (bucket.tokens < 1) return Math.max(1, Math.ceil(((1 - bucket.tokens) * 60) / perMinute));
      bucket.tokens -= 1;
      return 0;
    },
  };
}
