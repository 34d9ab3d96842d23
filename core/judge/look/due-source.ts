/**
 * A source that is asked only for what can have changed. Looks follow the samples of all series; between two samples of its
 * own a query would give the same answer again.
 */
import type { RawSeries } from '../series/raw-series.ts';
import type { CountSource } from '../series/source.ts';
import { LONGEST_POLL_MS } from './next-look.ts';

/** A sample may come that much earlier than the interval says. */
const EARLY = 0.9;
/** What is overdue by that many intervals has gone away with its process, if others of its query go on. */
const GONE_AFTER_INTERVALS = 1.5;

interface Answer {
  readonly fromMs: number;
  readonly toMs: number;
  readonly series: readonly RawSeries[];
}

export function dueSource(source: CountSource): CountSource {
  const answers = new Map<string, Answer>();
  return {
    clockOffsetMs: (signal) => source.clockOffsetMs(signal),
    async range(query, signal) {
      const key = JSON.stringify(query.series);
      const fromMs = query.toMs - query.rangeMs;
      const known = answers.get(key);
      if (known !== undefined && holds(known, { fromMs, toMs: query.toMs })) return since(known.series, fromMs);
      const series = await source.range(query, signal);
      // A look at the past says nothing of what is due.
      if (known === undefined || query.toMs >= known.toMs) answers.set(key, { fromMs, toMs: query.toMs, series });
      return series;
    },
  };
}

const holds = (known: Answer, { fromMs, toMs }: Omit<Answer, 'series'>): boolean =>
  fromMs >= known.fromMs && toMs >= known.toMs && toMs - known.toMs < LONGEST_POLL_MS && !isDue(known.series, toMs);

/** True also where too little is known to tell. */
function isDue(series: readonly RawSeries[], nowMs: number): boolean {
  const paces = series.map(({ samples }) => {
    const [before, last] = samples.slice(-2);
    return before === undefined || last === undefined ? null : { lastMs: last.atMs, everyMs: last.atMs - before.atMs };
  });
  if (paces.includes(null)) return true;
  const going = paces.filter((one) => one !== null && nowMs - one.lastMs < GONE_AFTER_INTERVALS * one.everyMs);
  return going.length === 0 || going.some((one) => one !== null && nowMs - one.lastMs >= EARLY * one.everyMs);
}

const since = (series: readonly RawSeries[], fromMs: number): RawSeries[] =>
  series
    .map((one) => ({ ...one, samples: one.samples.filter(({ atMs }) => atMs > fromMs) }))
    .filter(({ samples }) => samples.length > 0);
