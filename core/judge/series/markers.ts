/**
 * Staleness markers, as remote write and recordings pass them on: a NaN that says that the series ended there, or was
 * not scraped. It is no value: what comes after it goes on from the value before.
 */
import { labelsKey, type RawSeries, type Sample } from './raw-series.ts';

export interface Marked {
  /** Without markers; series that have nothing else are left out. */
  readonly series: readonly RawSeries[];
  /** Their last word is a marker: they are not late, they ended. */
  readonly ended: ReadonlySet<RawSeries>;
}

/**
 * Many NaNs in a row are no markers, but what some exporters write instead of a count; nor is one in a bucket whose
 * siblings have a number at that time: without it they would have slow requests that never were.
 */
export const withoutMarkers = (raw: readonly RawSeries[]): Marked => {
  if (!raw.some(({ samples }) => samples.some(isNaNValue))) {
    return { series: raw.filter(({ samples }) => samples.length > 0), ended: new Set() };
  }
  const numbered = timesOfNumbers(raw);
  const ended = new Set<RawSeries>();
  const series = raw.flatMap((one) => {
    const isMarker = (i: number): boolean => isLoneNaN(one, i) && !isHalf(one, i, numbered);
    const kept = { ...one, samples: one.samples.filter((_, i) => !isMarker(i)) };
    if (kept.samples.length === 0) return [];
    if (isMarker(one.samples.length - 1)) ended.add(kept);
    return [kept];
  });
  return { series, ended };
};

/** Two senders that write one series end it by a marker each. */
const MOST_SENDERS = 2;

const isLoneNaN = ({ samples }: RawSeries, i: number): boolean => {
  if (!isNaNValue(samples[i])) return false;
  let [from, to] = [i, i];
  while (isNaNValue(samples[from - 1])) from--;
  while (isNaNValue(samples[to + 1])) to++;
  return to - from < MOST_SENDERS;
};

const isNaNValue = (sample: Sample | undefined): boolean => sample !== undefined && Number.isNaN(sample.value);

const isHalf = (series: RawSeries, i: number, numbered: ReadonlyMap<string, ReadonlySet<number>>): boolean =>
  series.labels['le'] !== undefined && numbered.get(histogramOf(series))?.has(series.samples[i]?.atMs ?? 0) === true;

/** Times at which some bucket of a histogram has a number. */
const timesOfNumbers = (raw: readonly RawSeries[]): ReadonlyMap<string, ReadonlySet<number>> => {
  const times = new Map<string, Set<number>>();
  for (const series of raw) {
    if (series.labels['le'] === undefined) continue;
    const key = histogramOf(series);
    const own = times.get(key) ?? new Set<number>();
    for (const sample of series.samples) if (!isNaNValue(sample)) own.add(sample.atMs);
    times.set(key, own);
  }
  return times;
};

const histogramOf = ({ labels: { le: _, ...labels } }: RawSeries): string => labelsKey(labels);
