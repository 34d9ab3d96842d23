/** Counts the events between the samples of raw counters: restarts are resets, and a gap is missing, never zero. */
import { bornAfter } from './births.ts';
import { joinEdges } from './edges.ts';
import { withoutMarkers } from './markers.ts';
import { processName } from './origin.ts';
import { usualInterval, type Labels, type RawSeries, type Sample } from './raw-series.ts';
import { coursesOf, startsAnew, type Course } from './restarts.ts';
import { doubledNote, withoutTwins } from './twins.ts';

/** `by` events happened in (fromMs, atMs]. */
interface Increment {
  readonly fromMs: number;
  readonly atMs: number;
  readonly by: number;
}

export interface CountedSeries {
  readonly labels: Labels;
  readonly increments: readonly Increment[];
  /** Of the samples in the range. */
  readonly firstMs: number;
  readonly newestMs: number;
  /** A staleness marker ended it: nothing newer is to come. */
  readonly ended?: true;
}

export interface Counted {
  readonly series: readonly CountedSeries[];
  /** Usual time between two samples, ms; 0 when no series has two. */
  readonly intervalMs: number;
  /** Series whose numbers cannot be counters: their counts are unknown. One sentence each. */
  readonly problems: readonly string[];
  /** What was left out so that nothing counts twice; one sentence each. Left out: nothing was. */
  readonly notes?: readonly string[];
}

/**
 * Differences of neighbouring samples, with resets (see restarts.ts). The first sample of a series is a baseline, except
 * when the series was born after `rangeStartMs`: then it counts from 0 (see births.ts).
 * @param known processes that were heard before, by `originKey`
 */
export const countIncrements = (
  raw: readonly RawSeries[],
  rangeStartMs: number,
  known: ReadonlySet<string> = new Set(),
): Counted => {
  const once = withoutTwins(joinEdges(raw));
  const { series: usable, ended } = withoutMarkers(once.series.map(withoutRepeats));
  const numbers = usable.filter((series) => oddityOf(series) === '');
  const courses = coursesOf(numbers);
  const sound = numbers.filter((series) => courses(series).problem === '');
  const intervalMs = usualInterval(sound);
  let inferred: ReturnType<typeof bornAfter> | undefined;
  const birth = (series: RawSeries): number | undefined => {
    const startMs = series.samples[0]?.startMs;
    if (startMs === undefined)
      return (inferred ??= bornAfter(sound, { startMs: rangeStartMs, known, intervalMs }))(series);
    return startMs !== null && startMs >= rangeStartMs ? startMs : undefined;
  };
  const problems = [...usable.map(oddityOf), ...numbers.map((series) => courses(series).problem), ...once.problems];
  return {
    series: sound.map((series) => ({
      labels: series.labels,
      increments: incrementsOf(series.samples, { bornAfterMs: birth(series), restarts: courses(series).restarts }),
      firstMs: series.samples[0]?.atMs ?? 0,
      newestMs: series.samples.at(-1)?.atMs ?? 0,
      ...(ended.has(series) ? { ended: true as const } : {}),
    })),
    intervalMs,
    problems: [...new Set(problems.filter((problem) => problem !== ''))],
    ...(once.doubled.length > 0 ? { notes: once.doubled.map(doubledNote) } : {}),
  };
};

/** Stores that take what two senders write may give a sample twice. */
const withoutRepeats = (series: RawSeries): RawSeries => {
  const isRepeat = ({ atMs, value }: Sample, i: number): boolean => {
    const before = series.samples[i - 1];
    return before?.atMs === atMs && Object.is(before.value, value);
  };
  return series.samples.some(isRepeat)
    ? { ...series, samples: series.samples.filter((sample, i) => !isRepeat(sample, i)) }
    : series;
};

/** Why the values cannot be a counter's, in a sentence; '' when they can. */
const oddityOf = (series: RawSeries): string => {
  const odd = series.samples.find((sample) => !isCount(sample));
  if (odd === undefined && isOrdered(series)) return '';
  const name = `${series.labels['__name__'] ?? 'a series'} of ${processName(series.labels)}`;
  if (odd !== undefined) return `${name} is not a counter: it has the value ${odd.value}`;
  return `the samples of ${name} are not in order of time`;
};

/** A later sample before an earlier one would look like a reset. */
const isOrdered = ({ samples }: RawSeries): boolean =>
  samples.every(({ atMs }, i) => atMs > (samples[i - 1]?.atMs ?? Number.NEGATIVE_INFINITY));

const isCount = ({ value }: Sample): boolean => Number.isSafeInteger(value) && value >= 0;

interface Beginnings {
  /** When the series is known to have been at 0. */
  readonly bornAfterMs: number | undefined;
  readonly restarts: Course['restarts'];
}

const incrementsOf = (samples: readonly Sample[], { bornAfterMs, restarts }: Beginnings): Increment[] => {
  const increments: Increment[] = [];
  let before: Sample | undefined = bornAfterMs === undefined ? undefined : { atMs: bornAfterMs, value: 0 };
  for (const sample of samples) {
    if (before) increments.push(incrementOf(sample, before, restarts));
    // What was counted stands, should a replica that lags say less.
    const stands = before !== undefined && before.value > sample.value && !isAnew(sample, before, restarts);
    before = stands ? { ...sample, value: before?.value ?? 0 } : sample;
  }
  return increments;
};

const incrementOf = (sample: Sample, before: Sample, restarts: Course['restarts']): Increment => {
  const { atMs, value } = sample;
  if (startsAnew(sample, before)) return { fromMs: Math.max(before.atMs, sample.startMs), atMs, by: value };
  const by = isAnew(sample, before, restarts) ? value : Math.max(0, value - before.value);
  return { fromMs: before.atMs, atMs, by };
};

/**
 * A restarted process may have counted past an old value of one series already (a bucket, a status) while another one
 * fell: it counts from 0 all the same, or a histogram would have more fast requests than requests.
 */
const isAnew = (sample: Sample, before: Sample, restarts: Course['restarts']): boolean =>
  startsAnew(sample, before) || restarts.some((span) => span.fromMs >= before.atMs && span.atMs <= sample.atMs);
