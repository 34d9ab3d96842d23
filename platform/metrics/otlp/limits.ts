/** Bounds of what the receiver keeps and takes. Sizes are estimates that err upwards. */
import { type Labels, sizeOf } from './labels.ts';
import type { Point } from './points.ts';

/** How long samples are kept, ms: the longest range of a watch (10 min) and what it looks back before it. */
export const RETENTION_MS = 20 * 60_000;
/** How far a sender's clock may be ahead of ours, ms: the difference that `doctor` allows a metrics backend. */
export const AHEAD_MS = 5_000;

export interface Limits {
  /** Of everything that is kept. Default: 256 MiB, some 2 000 pods that report histograms every 10 s. */
  readonly bytes: number;
  /** Default: 50 000. */
  readonly streams: number;
  /** Oldest ones go first. Default: 2 500, twice a second for as long as samples are kept. */
  readonly samplesPerStream: number;
  /** Names and values of one series. Default: 8 KiB. */
  readonly labelBytes: number;
}

export const defaultLimits: Limits = {
  bytes: 256 * 1024 * 1024,
  streams: 50_000,
  samplesPerStream: 2_500,
  labelBytes: 8 * 1024,
};

/** Objects and their fields, as V8 lays them out. */
const SAMPLE_BYTES = 160;
const STREAM_BYTES = 600;

export const sampleBytes = ({ value }: Pick<Point, 'value'>): number => {
  if (value.kind === 'number') return SAMPLE_BYTES;
  const buckets = value.kind === 'histogram' ? value.counts : value.histogram.counts;
  return SAMPLE_BYTES + 32 + 8 * buckets.length;
};

/** Also of a process. Labels are kept twice: as such, and in the key. */
export const streamBytes = (labels: Labels): number =>
  STREAM_BYTES + 16 * Object.keys(labels).length + 2 * sizeOf(labels);
