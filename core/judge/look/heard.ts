/** Processes that a watch has heard of: who is missed by scrapes for a while and comes back is not taken for a new one. */
import type { CountedSeries } from '../series/counters.ts';
import { originKey, originOf } from '../series/origin.ts';
import type { WatchState } from './state.ts';

export type Heard = NonNullable<WatchState['heard']>;

/** Kept in every heartbeat: 25 bytes each. Of larger services those that came last. */
const MOST_HEARD = 200;

/** Those that had a sample before the range. */
export const knownBefore = (heard: Heard, startMs: number): ReadonlySet<string> =>
  new Set(Object.entries(heard).flatMap(([key, firstMs]) => (firstMs <= startMs ? [key] : [])));

export const alsoHeard = (heard: Heard, series: readonly CountedSeries[]): Heard => {
  const found = new Map<string, CountedSeries>();
  for (const one of series) {
    const origin = originOf(one.labels);
    const before = found.get(origin);
    if (before === undefined || one.firstMs < before.firstMs) found.set(origin, one);
  }
  const now = Object.fromEntries([...found.values()].map(({ labels, firstMs }) => [originKey(labels), firstMs]));
  const all = Object.entries({ ...now, ...heard }).sort(([, a], [, b]) => b - a);
  return Object.fromEntries(all.slice(0, MOST_HEARD));
};
