/** A token for the calls to one API server: in memory only, fetched by one caller for all, renewed before it ends. */

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

export function createTokenCache(fetch: () => Promise<Token>, nowMs: () => number = Date.now): TokenCache {
  let kept: Token | undefined;
  let fetching: Promise<Token> | undefined;

  async function renew(): Promise<Token> {
    try {
      return (kept = await fetch());
    } catch (error) {
      // A cloud that does not answer for a moment stops nobody whose token is still good.
      if (kept !== undefined && kept.expiresAtMs > nowMs()) return kept;
      throw error;
    }
  }

  return {
    async get() {
      if (kept !== undefined && kept.expiresAtMs - SKEW_MS > nowMs()) return kept.value;
      fetching ??= renew().finally(() => (fetching = undefined));
      return (await fetching).value;
    },
    refused(value) {
      if (kept?.value === value) kept = undefined;
    },
  };
}
