/** Counts the events between the samples of raw counters: restarts are resets, and a gap is missing, never zero. */

export interface Sample {
  /** ms since the epoch, on the clock of whoever took the sample. */
  readonly atMs: number;
  readonly value: number;
  /**
   * When the counter was 0, ms, where the source knows it; another one than the sample's before is a reset, also when
   * the value is higher, and nothing is known of the time between the two. null: the source knows that it was not
   * there, so a first sample is a baseline. Left out: the source does not say; see `bornAfter`.
   */
  readonly startMs?: number | null;
}

export interface RawSeries {
  readonly labels: Readonly<Record<string, string>>;
  /** In order of time. */
  readonly samples: readonly Sample[];
}

/** `by` events happened in (fromMs, atMs]. */
interface Increment {
  readonly fromMs: number;
  readonly atMs: number;
  readonly by: number;
}

export interface CountedSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly increments: readonly Increment[];
  readonly newestMs: number;
}

export interface Counted {
  readonly series: readonly CountedSeries[];
  /** Usual time between two samples, ms; 0 when no series has two. */
  readonly intervalMs: number;
  /** Series whose numbers cannot be counters: their counts are unknown. One sentence each. */
  readonly problems: readonly string[];
}

/**
 * Differences of neighbouring samples, with resets (a lower value counts from 0, and so do the others of its process).
 * The first sample of a series is a baseline, except when the series was born after `rangeStartMs`: then it counts
 * from 0 (see `bornAfter`).
 */
export const countIncrements = (raw: readonly RawSeries[], rangeStartMs: number): Counted => {
  const usable = raw.filter((series) => series.samples.length > 0);
  const broken = new Set(usable.filter((series) => !isSound(series)));
  const sound = usable.filter((series) => !broken.has(series));
  const intervalMs = usualInterval(sound);
  let inferred: ReturnType<typeof bornAfter> | undefined;
  const birth = (series: RawSeries): number | undefined => {
    const startMs = series.samples[0]?.startMs;
    if (startMs === undefined) return (inferred ??= bornAfter(sound, rangeStartMs, intervalMs))(series);
    return startMs !== null && startMs >= rangeStartMs ? startMs : undefined;
  };
  const restarts = restartsOf(sound);
  return {
    series: sound.map((series) => ({
      labels: series.labels,
      increments: incrementsOf(series.samples, { bornAfterMs: birth(series), restarts: restarts(series) }),
      newestMs: series.samples.at(-1)?.atMs ?? 0,
    })),
    intervalMs,
    problems: [...broken].map(describeBroken),
  };
};

/** `${cluster}/${instance}`: the process that a series comes from. */
export const originOf = (labels: Readonly<Record<string, string>>): string =>
  `${labels['k8s_cluster_name'] ?? '*'}/${labels['instance'] ?? '*'}`;

/** Resets in one range that no restart explains: several processes write into one series. */
const MANY_RESETS = 3;

/** Falls that no known start explains, or a start that is older than the one before: another process had it. */
const isShared = (series: RawSeries): boolean =>
  fallsOf(series).length >= MANY_RESETS ||
  series.samples.some(({ startMs }, i) => {
    const before = series.samples[i - 1]?.startMs;
    return typeof before === 'number' && startMs !== undefined && (startMs ?? 0) < before;
  });

const fallsOf = ({ samples }: RawSeries): readonly Fall[] =>
  samples.flatMap((sample, i) => {
    const before = samples[i - 1];
    if (before === undefined || sample.value >= before.value || startsAnew(sample, before)) return [];
    return [{ fromMs: before.atMs, atMs: sample.atMs }];
  });

const startsAnew = (sample: Sample, before: Sample): sample is Sample & { readonly startMs: number } =>
  typeof sample.startMs === 'number' && sample.startMs !== before.startMs;

const isSound = (series: RawSeries): boolean => series.samples.every(isCount) && isOrdered(series) && !isShared(series);

/** A later sample before an earlier one would look like a reset. */
const isOrdered = ({ samples }: RawSeries): boolean =>
  samples.every(({ atMs }, i) => atMs > (samples[i - 1]?.atMs ?? Number.NEGATIVE_INFINITY));

const isCount = ({ value }: Sample): boolean => Number.isSafeInteger(value) && value >= 0;

interface Fall {
  readonly fromMs: number;
  readonly atMs: number;
}

/**
 * Falls of all series that restart together. A restarted process may have counted past an old value of one series
 * already (a bucket, a status) while another one fell: without this the former would count its difference only, and a
 * histogram more fast requests than requests. Falls of a subset in Envoy say nothing about other subsets: Envoy drops
 * the counters of a cluster that was removed.
 */
const restartsOf = (all: readonly RawSeries[]): ((series: RawSeries) => readonly Fall[]) => {
  const falls = new Map<string, Fall[]>();
  for (const series of all) {
    const own = fallsOf(series);
    if (own.length === 0) continue;
    const key = familyOf(series.labels);
    falls.set(key, [...(falls.get(key) ?? []), ...own]);
  }
  return ({ labels }) => (falls.size === 0 ? [] : (falls.get(familyOf(labels)) ?? []));
};

/** Without an instance label processes cannot be told apart: then only the buckets of one histogram belong together. */
const familyOf = ({ le: _, ...labels }: RawSeries['labels']): string =>
  labels['instance'] === undefined
    ? JSON.stringify(Object.entries(labels).sort())
    : JSON.stringify([originOf(labels), labels['__name__'], labels['envoy_cluster_name'], labels['service_version']]);

interface Beginnings {
  /** When the series is known to have been at 0. */
  readonly bornAfterMs: number | undefined;
  readonly restarts: readonly Fall[];
}

const incrementsOf = (samples: readonly Sample[], { bornAfterMs, restarts }: Beginnings): Increment[] => {
  const increments: Increment[] = [];
  let before: Sample | undefined = bornAfterMs === undefined ? undefined : { atMs: bornAfterMs, value: 0 };
  for (const sample of samples) {
    if (before) increments.push(incrementOf(sample, before, restarts));
    before = sample;
  }
  return increments;
};

const incrementOf = (sample: Sample, before: Sample, restarts: readonly Fall[]): Increment => {
  const { atMs, value } = sample;
  if (startsAnew(sample, before)) return { fromMs: Math.max(before.atMs, sample.startMs), atMs, by: value };
  const { atMs: fromMs } = before;
  const again = value < before.value || restarts.some((fall) => fall.fromMs >= fromMs && fall.atMs <= atMs);
  return { fromMs, atMs, by: again ? value : value - before.value };
};

/**
 * When a series is known to have been at 0, or undefined. Two ways to know:
 * - another series of the same process has an older sample: the process was seen, this event had not happened yet
 *   (a healthy canary has no 5xx series; its first errors arrive as a series of one sample);
 * - the process itself is new: not seen in the whole range so far, while a neighbour in the same cluster was sampled
 *   from the beginning of the range without a gap, so the backend was not just blind.
 */
const bornAfter = (all: readonly RawSeries[], rangeStartMs: number, intervalMs: number) => {
  const edgeMs = Math.max(3 * intervalMs, 1_000);
  const times = new Map<string, Set<number>>();
  for (const series of all) {
    const seen = times.get(originOf(series.labels)) ?? new Set<number>();
    for (const sample of series.samples) seen.add(sample.atMs);
    times.set(originOf(series.labels), seen);
  }
  const ordered = new Map([...times].map(([origin, seen]) => [origin, [...seen].sort((a, b) => a - b)]));
  const watched = (origin: string, untilMs: number): boolean =>
    [...ordered].some(
      ([other, seen]) =>
        other !== origin && clusterOf(other) === clusterOf(origin) && covers(seen, { rangeStartMs, untilMs, edgeMs }),
    );
  return (series: RawSeries): number | undefined => {
    const firstMs = series.samples[0]?.atMs ?? 0;
    if (firstMs <= rangeStartMs + edgeMs) return undefined;
    const origin = originOf(series.labels);
    const older = (ordered.get(origin) ?? []).filter((atMs) => atMs < firstMs).at(-1);
    if (older !== undefined) return older;
    return watched(origin, firstMs) ? Math.max(rangeStartMs, firstMs - Math.max(intervalMs, 1)) : undefined;
  };
};

const clusterOf = (origin: string): string => origin.slice(0, origin.indexOf('/'));

const covers = (seen: readonly number[], range: { rangeStartMs: number; untilMs: number; edgeMs: number }): boolean => {
  let lastMs = range.rangeStartMs;
  for (const atMs of seen) {
    if (lastMs >= range.untilMs - range.edgeMs) return true;
    if (atMs - lastMs > range.edgeMs) return false;
    lastMs = atMs;
  }
  return lastMs >= range.untilMs - range.edgeMs;
};

/** Median distance of neighbouring samples: a few late ones do not move it. */
export const usualInterval = (all: readonly RawSeries[]): number => {
  const gaps: number[] = [];
  for (const { samples } of all) {
    for (let i = 1; i < samples.length; i++) gaps.push((samples[i]?.atMs ?? 0) - (samples[i - 1]?.atMs ?? 0));
  }
  return gaps.sort((a, b) => a - b)[Math.floor(gaps.length / 2)] ?? 0;
};

const describeBroken = (series: RawSeries): string => {
  const name = `${series.labels['__name__'] ?? 'a series'} of ${originOf(series.labels)}`;
  const odd = series.samples.find((sample) => !isCount(sample));
  if (odd) return `${name} is not a counter: it has the value ${odd.value}`;
  if (!isOrdered(series)) return `the samples of ${name} are not in order of time`;
  const falls = fallsOf(series).length;
  const what = falls >= MANY_RESETS ? `fell ${falls} times` : 'goes on from an older start';
  return `${name} ${what}: several pods seem to write it, each needs its own service.instance.id`;
};
