/** The store of counts as a source of metrics: takes reports, and gives back raw samples. */
import { refuse } from '../../../core/values/error.ts';
import type { MetricsSource } from '../../../core/judge/series/source.ts';
import { ingest, type Ingested } from './ingest.ts';
import { defaultLimits, RETENTION_MS, type Limits } from './limits.ts';
import { asksFor } from './matching.ts';
import { createMemory } from './memory.ts';
import { storedNames } from './names.ts';
import type { Report } from './points.ts';
import { rawSeriesOf } from './read.ts';
import { createRejections } from './rejections.ts';

export interface OtlpStore extends MetricsSource {
  ingest(reports: readonly Report[]): Ingested;
}

export interface StoreOptions {
  /** Our clock, ms since the epoch. What was counted before now is not known. */
  readonly now: () => number;
  readonly limits?: Partial<Limits>;
}

/** Between two looks for what is old, ms. */
const SWEEP_MS = 10_000;

export const createOtlpStore = ({ now, limits: given = {} }: StoreOptions): OtlpStore => {
  const limits = { ...defaultLimits, ...given };
  const memory = createMemory(limits);
  const rejections = createRejections();
  const ports = { memory, rejections, limits, now, listeningSinceMs: now() };
  let sweptMs = now();
  return {
    ingest(reports) {
      if (now() - sweptMs >= SWEEP_MS) {
        sweptMs = now();
        memory.sweep(sweptMs);
      }
      return ingest(reports, ports);
    },
    range: async ({ series: query, toMs, rangeMs }) => {
      const fromMs = toMs - rangeMs;
      const streams = memory.streamsNamed(storedNames(query.names)).filter((stream) => asksFor(query, stream));
      const isThinned = streams.some(({ droppedToMs }) => droppedToMs > fromMs && droppedToMs > now() - RETENTION_MS);
      const missing = isThinned ? TOO_OFTEN : rejections.find(query, fromMs);
      if (missing !== undefined) {
        refuse(
          'Unavailable',
          `not all counts that were sent could be taken: ${missing}`,
          'look at what the senders of metrics log as rejected by the OTLP receiver of the worker',
        );
      }
      return rawSeriesOf(streams, { query, fromMs, toMs, nowMs: now() });
    },
    // Samples carry the clocks of their senders. One that is ahead by more than 5 s is refused when it reports (see
    // ingest.ts); a delay on the way looks like a clock that is behind, and must not shift the time of a write.
    clockOffsetMs: async () => 0,
    close: async () => undefined,
  };
};

const TOO_OFTEN = 'series have more samples than are kept; an interval of 1 s or more is enough';
