/**
 * What a lower value means. A known start says it. Without one the process restarted when all that it has counted fell
 * to the half or less; when it went back a little, another replica of the store answered that had not seen the newest
 * samples, and what it had counted stands. Anything else is not known, and said.
 */
import { isDelta, looksLikeDelta, REMEDY_DELTA } from './delta.ts';
import { familyOf, processName } from './origin.ts';
import type { RawSeries, Sample } from './raw-series.ts';

interface Span {
  readonly fromMs: number;
  readonly atMs: number;
}

/** What became of a family of series in the range. */
export interface Course {
  readonly restarts: readonly Span[];
  /** Why its counts are not known, in a sentence; '' when they are. */
  readonly problem: string;
}

/** Falls in one range that no restart explains: several processes write into one series. */
const MANY_FALLS = 3;
/** A replica that lags has not seen so many of the newest samples, or fewer. */
const LAG_SAMPLES = 2;
/** In gaps between the samples before. */
const LATE = 2.5;
/** A process counts no more in one interval than that many times the most that it counted in another. */
const RESTART_RISES = 2;
/** A series that was not sampled for so many spans before a fall was gone already. */
const GONE_SPANS = 3;

/** The start is known, and another one than before. */
export const startsAnew = (sample: Sample, before: Sample): sample is Sample & { readonly startMs: number } =>
  typeof sample.startMs === 'number' && sample.startMs !== before.startMs;

/** By series. Families without a fall, which are nearly all, cost one pass. */
export const coursesOf = (all: readonly RawSeries[]): ((series: RawSeries) => Course) => {
  const families = Map.groupBy(all, ({ labels }) => familyOf(labels));
  const courses = new Map([...families].map(([key, family]) => [key, courseOf(family)]));
  return ({ labels }) => courses.get(familyOf(labels)) ?? steady;
};

const steady: Course = { restarts: [], problem: '' };

const courseOf = (family: readonly RawSeries[]): Course => {
  const delta = family.find(isDelta);
  if (delta !== undefined) return { restarts: [], problem: `${nameOf(delta)} has delta temporality: ${REMEDY_DELTA}` };
  if (family.some(goesOnFromOlder)) {
    return { restarts: [], problem: `${nameOf(family[0])} goes on from an older start: ${SHARED}` };
  }
  const spans = fallsIn(family);
  if (spans.length === 0) return steady;
  const kinds = spans.map((span) => kindOf(family, span));
  return { restarts: spans.filter((_, i) => kinds[i] === 'restart'), problem: problemOf(family, { spans, kinds }) };
};

const SHARED = 'several pods seem to write it, each needs its own service.instance.id';

type FallKind = 'restart' | 'lag' | 'shared' | 'unclear';

interface Fallen {
  readonly spans: readonly Span[];
  readonly kinds: readonly FallKind[];
}

const problemOf = (family: readonly RawSeries[], { spans, kinds }: Fallen): string => {
  const name = nameOf(family[0]);
  if (family.some(looksLikeDelta)) return `${name} goes up and down as delta temporality does: ${REMEDY_DELTA}`;
  if (kinds.includes('shared')) return `${name} fell and jumped back: ${SHARED}`;
  if (kinds.length >= MANY_FALLS) {
    return kinds.every((kind) => kind === 'lag')
      ? `${name} went back ${kinds.length} times: replicas of the metrics store seem to answer by turns, let it remove duplicates`
      : `${name} fell ${kinds.length} times: ${SHARED}`;
  }
  const unclear = spans[kinds.indexOf('unclear')];
  if (unclear === undefined) return '';
  const { before, after } = sumsAround(family, unclear);
  return `${name} went from ${before} to ${after} in all at ${new Date(unclear.atMs).toISOString()}, while some of it fell: neither a restart nor a replica that lags`;
};

const nameOf = (series: RawSeries | undefined): string =>
  `${series?.labels['__name__'] ?? 'a series'} of ${processName(series?.labels ?? {})}`;

/** A start that is older than the one before: another process had it. */
const goesOnFromOlder = ({ samples }: RawSeries): boolean =>
  samples.some(({ startMs }, i) => {
    const before = samples[i - 1]?.startMs;
    return typeof before === 'number' && startMs !== undefined && (startMs ?? 0) < before;
  });

const fallsIn = (family: readonly RawSeries[]): readonly Span[] => {
  const found = new Map<string, Span>();
  for (const { samples } of family) {
    for (let i = 1; i < samples.length; i++) {
      const [before, sample] = [samples[i - 1], samples[i]];
      if (before === undefined || sample === undefined || !isFall(sample, before)) continue;
      found.set(`${before.atMs}/${sample.atMs}`, { fromMs: before.atMs, atMs: sample.atMs });
    }
  }
  const kept: Span[] = [];
  // A series that comes back later with less fell in the same restart as those that were there all the time.
  for (const span of [...found.values()].sort((a, b) => a.atMs - b.atMs || b.fromMs - a.fromMs))
    if (!kept.some(({ fromMs }) => fromMs >= span.fromMs)) kept.push(span);
  return kept;
};

const isFall = (sample: Sample, before: Sample): boolean => sample.value < before.value && !startsAnew(sample, before);

const kindOf = (family: readonly RawSeries[], span: Span): FallKind => {
  const steps = stepsAcross(family, span);
  const { before, after } = sumOf(steps);
  const falling = steps.filter((step) => step.after < step.before);
  const rise = largestRise(family);
  const isLag =
    !steps.some((step) => step.after > step.before || step.isLate) && before - after <= reachOf(steps, rise);
  if (steps.some(({ isOneStart }) => isOneStart)) return isLag ? 'lag' : 'unclear';
  if (after * 2 <= before && !isLag)
    return falling.every(({ before: high, next }) => next !== undefined && next >= high) ? 'shared' : 'restart';
  // What a process may have counted since a restart: a young one cannot be told from a replica that lags.
  return isLag && after > RESTART_RISES * rise ? 'lag' : 'unclear';
};

interface Step {
  /** Two samples before `before`; undefined: that was before the range. */
  readonly earlier: number | undefined;
  readonly before: number;
  /** 0 when the series is not there any more: a process that restarted has no such event yet. */
  readonly after: number;
  readonly next: number | undefined;
  /** The source says that both samples count from one start. */
  readonly isOneStart: boolean;
  /** Much later than samples came before: a replica that lags would have caught up. */
  readonly isLate: boolean;
}

const stepsAcross = (family: readonly RawSeries[], { fromMs, atMs }: Span): readonly Step[] =>
  family.flatMap(({ samples }) => {
    const i = samples.findLastIndex((sample) => sample.atMs <= fromMs);
    const [previous, before, after, next] = [samples[i - 1], samples[i], samples[i + 1], samples[i + 2]];
    if (before === undefined || before.atMs < fromMs - GONE_SPANS * (atMs - fromMs)) return [];
    if (after !== undefined && startsAnew(after, before)) return [];
    const isOneStart = typeof before.startMs === 'number' && after?.startMs === before.startMs;
    return [
      {
        earlier: samples[i - LAG_SAMPLES]?.value,
        isLate: previous !== undefined && (after?.atMs ?? atMs) - before.atMs > LATE * (before.atMs - previous.atMs),
        before: before.value,
        after: after?.value ?? 0,
        next: next?.value,
        isOneStart,
      },
    ];
  });

/** How far back a replica may be that has not seen the newest samples. */
const reachOf = (steps: readonly Step[], rise: number): number =>
  steps.some(({ earlier }) => earlier === undefined)
    ? LAG_SAMPLES * rise
    : steps.reduce((sum, { before, earlier = before }) => sum + before - earlier, 0);

const sumOf = (steps: readonly Step[]): { before: number; after: number } => ({
  before: steps.reduce((sum, step) => sum + step.before, 0),
  after: steps.reduce((sum, step) => sum + step.after, 0),
});

const sumsAround = (family: readonly RawSeries[], span: Span) => sumOf(stepsAcross(family, span));

/** The most that a family counted from one sample to the next; what comes right after a fall is none of it. */
export const largestRise = (family: readonly RawSeries[]): number => {
  const rises = new Map<number, number>();
  for (const { samples } of family) {
    for (let i = 1; i < samples.length; i++) {
      const [earlier, before, sample] = [samples[i - 2], samples[i - 1], samples[i]];
      if (before === undefined || sample === undefined || sample.value <= before.value) continue;
      if (startsAnew(sample, before) || (earlier !== undefined && before.value < earlier.value)) continue;
      rises.set(sample.atMs, (rises.get(sample.atMs) ?? 0) + sample.value - before.value);
    }
  }
  return [...rises.values()].reduce((most, rise) => Math.max(most, rise), 0);
};
