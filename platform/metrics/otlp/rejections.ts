/**
 * What was refused lately. Counts that were sent and not taken are missing, and whoever reads the series they belong to
 * must hear it: an answer without them would look like fewer requests.
 */
import type { SeriesQuery } from '../../../core/judge/series/source.ts';
import type { Labels } from './labels.ts';
import { asksFor } from './matching.ts';

export interface Rejection {
  readonly name: string;
  /** Those of the resource included. */
  readonly labels: Labels;
  /** When the counts were, as far as they say, ms. */
  readonly atMs: number;
  readonly reason: string;
}

export interface Rejections {
  add(rejection: Rejection): void;
  /** Why the answer to a query since then would not be whole; undefined: nothing is known to be missing. */
  find(query: SeriesQuery, sinceMs: number): string | undefined;
}

/** Series that are told apart; beyond, all of them may be concerned. */
const MAX_SERIES = 1_000;

export const createRejections = (): Rejections => {
  const bySeries = new Map<string, Rejection>();
  let beyond: Rejection | undefined;
  return {
    add(rejection) {
      const key = JSON.stringify([rejection.name, rejection.labels]);
      bySeries.delete(key);
      bySeries.set(key, rejection);
      const oldest = bySeries.size > MAX_SERIES ? [...bySeries].at(0) : undefined;
      if (oldest === undefined) return;
      bySeries.delete(oldest[0]);
      if (oldest[1].atMs >= (beyond?.atMs ?? 0)) beyond = oldest[1];
    },
    find(query, sinceMs) {
      const concerned = [...bySeries.values()].find(
        ({ name, labels, atMs }) => atMs > sinceMs && asksFor(query, { name, labels }),
      );
      return (concerned ?? (beyond && beyond.atMs > sinceMs ? beyond : undefined))?.reason;
    },
  };
};
