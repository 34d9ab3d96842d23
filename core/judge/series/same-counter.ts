/** Are two sets of series one process's counters, read twice? Then between two samples of one lie those of the other. */
import { isDimension } from './origin.ts';
import { labelsKey, usualInterval, type RawSeries, type Sample } from './raw-series.ts';

/** Unless the samples of some pair of series say that they are not. */
export const isOneCounter = (a: readonly RawSeries[], b: readonly RawSeries[]): boolean => {
  const theirs = new Map(b.map((series) => [pointKey(series), series.samples]));
  return a.every((series) => {
    const other = theirs.get(pointKey(series));
    return other === undefined || (liesBetween(series.samples, other) && liesBetween(other, series.samples));
  });
};

/** Who was heard to the end, and the longest, first: the same at every look while nothing changes. */
export const firstByTime = (variants: readonly (readonly RawSeries[])[]): readonly (readonly RawSeries[])[] => {
  const ranked = variants.map((series, i) => {
    const samples = series.flatMap((one) => one.samples.map(({ atMs }) => atMs));
    const [firstMs, newestMs] = [Math.min(...ends(samples)), Math.max(...ends(samples))];
    return { series, i, firstMs, newestMs, intervalMs: usualInterval(series) };
  });
  const newestMs = Math.max(...ranked.map((one) => one.newestMs));
  const patienceMs = 2.5 * Math.max(...ranked.map(({ intervalMs }) => intervalMs));
  const isLate = (one: (typeof ranked)[number]): number => (newestMs - one.newestMs > patienceMs ? 1 : 0);
  const slackMs = Math.max(...ranked.map(({ intervalMs }) => intervalMs));
  return ranked
    .sort(
      (a, b) =>
        isLate(a) - isLate(b) ||
        (Math.abs(a.firstMs - b.firstMs) > slackMs ? a.firstMs - b.firstMs : 0) ||
        (keyOf(a.series) < keyOf(b.series) ? -1 : 1),
    )
    .map(({ series }) => series);
};

/** First and last: all between them are neither. */
const ends = (times: readonly number[]): readonly number[] =>
  times.length === 0 ? [0] : [times.reduce((a, b) => Math.min(a, b)), times.reduce((a, b) => Math.max(a, b))];

const keyOf = (series: readonly RawSeries[]): string => series.map(({ labels }) => labelsKey(labels)).sort()[0] ?? '';

/** The attributes of the points, without those of the process. */
const pointKey = ({ labels }: RawSeries): string =>
  labelsKey(Object.fromEntries(Object.entries(labels).filter(([name]) => isDimension(name))));

const liesBetween = (inner: readonly Sample[], outer: readonly Sample[]): boolean => {
  let i = 0;
  for (const { atMs, value } of inner) {
    while (i + 1 < outer.length && (outer[i + 1]?.atMs ?? 0) <= atMs) i++;
    const [before, after] = [outer[i], outer[i + 1]];
    if (before === undefined || before.atMs > atMs || after === undefined) continue;
    // A restart in between says nothing.
    if (after.value < before.value) continue;
    if (value < before.value || value > after.value) return false;
  }
  return true;
};
