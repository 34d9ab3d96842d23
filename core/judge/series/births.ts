/** When a series is known to have been at 0, though its source does not say: the beginning of its first increment. */
import { clusterOf, familyOf, originKey, originOf } from './origin.ts';
import type { Labels, RawSeries } from './raw-series.ts';
import { largestRise } from './restarts.ts';

export interface Range {
  readonly startMs: number;
  /** Processes that were heard before the range (keys of origin.ts): what comes back is not new. */
  readonly known: ReadonlySet<string>;
  /** Usual time between two samples, ms. */
  readonly intervalMs: number;
}

/**
 * Who counts more at first sight than this many times the most that it counts in an interval later is no newcomer, but
 * comes back; or that others of its version or cluster count, while it has not shown more yet.
 */
const NEWCOMER_RISES = 4;
/** So few requests come at once by chance where others have one now and then. */
const FEW = 10;

/**
 * When a series is known to have been at 0, or undefined. Two ways to know:
 * - another series of the same process has an older sample: the process was seen, this event had not happened yet
 *   (a healthy canary has no 5xx series; its first errors arrive as a series of one sample);
 * - the process itself is new: not seen in the whole range so far, while a neighbour in the same cluster was sampled
 *   from the beginning of the range without a gap, so the backend was not just blind.
 * Neither holds for what comes with thousands of requests at once: it was there before, but not heard.
 */
export const bornAfter = (all: readonly RawSeries[], range: Range): ((series: RawSeries) => number | undefined) => {
  const edgeMs = Math.max(3 * range.intervalMs, 1_000);
  const times = timesByOrigin(all);
  const isNewcomer = newcomers(all, range);
  const watched = (origin: string, cluster: string, untilMs: number): boolean =>
    [...times].some(
      ([other, seen]) =>
        other !== origin &&
        seen.cluster === cluster &&
        covers(seen.times, { rangeStartMs: range.startMs, untilMs, edgeMs }),
    );
  return (series) => {
    const firstMs = series.samples[0]?.atMs ?? 0;
    if (firstMs <= range.startMs + edgeMs) return undefined;
    const origin = originOf(series.labels);
    const older = times.get(origin)?.times.findLast((atMs) => atMs < firstMs);
    const isNew =
      older !== undefined ||
      (!range.known.has(originKey(series.labels)) && watched(origin, clusterOf(series.labels), firstMs));
    const sinceMs = older ?? Math.max(range.startMs, firstMs - Math.max(range.intervalMs, 1));
    return isNew && isNewcomer(series, { sinceMs, isKnownProcess: older !== undefined }) ? sinceMs : undefined;
  };
};

interface Seen {
  readonly cluster: string;
  /** ms, in order. */
  readonly times: readonly number[];
}

const timesByOrigin = (all: readonly RawSeries[]): ReadonlyMap<string, Seen> => {
  const times = new Map<string, { readonly cluster: string; readonly seen: Set<number> }>();
  for (const { labels, samples } of all) {
    const origin = originOf(labels);
    const known = times.get(origin) ?? { cluster: clusterOf(labels), seen: new Set<number>() };
    for (const sample of samples) known.seen.add(sample.atMs);
    times.set(origin, known);
  }
  return new Map(
    [...times].map(([origin, { cluster, seen }]) => [origin, { cluster, times: [...seen].sort((a, b) => a - b) }]),
  );
};

interface FirstSight {
  readonly sinceMs: number;
  /** Other series of the process were there before: this one is looked at alone. */
  readonly isKnownProcess: boolean;
}

const newcomers = (all: readonly RawSeries[], { intervalMs }: Range) => {
  const families = Map.groupBy(all, ({ labels }) => familyOf(labels));
  const rises = risesOf(families);
  return (series: RawSeries, { sinceMs, isKnownProcess }: FirstSight): boolean => {
    const { atMs = 0 } = series.samples[0] ?? {};
    const together = isKnownProcess ? [series] : (families.get(familyOf(series.labels)) ?? []);
    const first = together.reduce((sum, { samples: [sample] }) => sum + (sample?.atMs === atMs ? sample.value : 0), 0);
    return first <= mostAtFirst(series.labels, rises) * Math.max(1, (atMs - sinceMs) / Math.max(intervalMs, 1));
  };
};

/** The most that was counted in an interval, by family, by version in a cluster, and by cluster. */
const risesOf = (families: ReadonlyMap<string, readonly RawSeries[]>): ReadonlyMap<string, number> => {
  const rises = new Map<string, number>();
  for (const family of families.values()) {
    const rise = largestRise(family);
    for (const key of scopesOf(family[0]?.labels ?? {})) rises.set(key, Math.max(rises.get(key) ?? 0, rise));
  }
  return rises;
};

/** The narrowest first. */
const scopesOf = (labels: Labels): readonly [string, string, string] => {
  const cluster = `cluster ${clusterOf(labels)}`;
  return [`family ${familyOf(labels)}`, `${cluster} version ${labels['service_version'] ?? ''}`, cluster];
};

/** Measured by the process itself, else by its like; Infinity when nobody has counted anything yet. */
const mostAtFirst = (labels: Labels, rises: ReadonlyMap<string, number>): number => {
  const rise = scopesOf(labels)
    .map((scope) => rises.get(scope) ?? 0)
    .find((one) => one > 0);
  return rise === undefined ? Number.POSITIVE_INFINITY : Math.max(FEW, NEWCOMER_RISES * rise);
};

const covers = (seen: readonly number[], range: { rangeStartMs: number; untilMs: number; edgeMs: number }): boolean => {
  let lastMs = range.rangeStartMs;
  for (const atMs of seen) {
    if (lastMs >= range.untilMs - range.edgeMs) return true;
    if (atMs - lastMs > range.edgeMs) return false;
    lastMs = atMs;
  }
  return lastMs >= range.untilMs - range.edgeMs;
};
