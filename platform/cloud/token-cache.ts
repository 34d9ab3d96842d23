/** A token for the calls to one API server: in memory only, fetched by one caller for all, renewed before it ends. */
import { untilAborted } from '../abort.ts';

export interface Token {
  readonly value: string;
  readonly expiresAtMs: number;
}

export interface TokenCache {
  get(): Promise<string>;
  /** The API server did not take it: the next `get` fetches another, unless somebody has done so meanwhile. */
  refused(value: string): void;
}

/** Renewed this long before its end, ms: a call may be under way for some seconds, and clocks differ. */
const SKEW_MS = 60_000;
/** Whoever has a token that is still good waits this long for the next one, ms: a cloud may hang, and not fail. */
const PATIENCE_MS = 2_000;

export function createTokenCache(fetch: () => Promise<Token>, nowMs: () => number = Date.now): TokenCache {
  let kept: Token | undefined;
  let fetching: Promise<Token> | undefined;

  const isGood = (token: Token | undefined): token is Token => token !== undefined && token.expiresAtMs > nowMs();

  async function renew(): Promise<Token> {
    try {
      return (kept = await fetch());
    } catch (error) {
      // A cloud that does not answer for a moment stops nobody whose token is still good.
      if (isGood(kept)) return kept;
      throw error;
    }
  }

  return {
    async get() {
      if (kept !== undefined && kept.expiresAtMs - SKEW_MS > nowMs()) return kept.value;
      const asked = (fetching ??= renew().finally(() => (fetching = undefined)));
      if (isGood(kept)) await untilAborted(asked, AbortSignal.timeout(PATIENCE_MS)).catch(() => undefined);
      return isGood(kept) ? kept.value : (await asked).value;
    },
    refused(value) {
      if (kept?.value === value) kept = undefined;
    },
  };
}
