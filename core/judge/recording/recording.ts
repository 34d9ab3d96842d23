/** Recorded counts: raw series of a service over a range, as `tidegate judge` writes and reads them. One line a series. */
import { labelsKey, type RawSeries } from '../series/raw-series.ts';

/** Bytes of a file that are read at all: a day of 2 s samples of a hundred series, and some. */
export const MAX_RECORDING_BYTES = 256 * 1024 * 1024;

/** The first line of a recording. */
export interface RecordingHeader {
  readonly schema: 1;
  readonly namespace: string;
  readonly service: string;
  /** old: '' = nothing to compare with. */
  readonly versions: { readonly new: string; readonly old: string };
  /** Per serving cluster: the client clusters that send calls there. */
  readonly clusters: Readonly<Record<string, readonly string[]>>;
  /** The new version's share in these clusters; missing: what the counts say. */
  readonly sharePercent?: number;
  /** When the share was written: counts from here on are judged, ms since the epoch. */
  readonly sinceMs: number;
  /** End of the range; missing: the newest sample. */
  readonly toMs?: number;
}

export interface Recording {
  readonly header: RecordingHeader;
  readonly series: readonly RawSeries[];
}

/** Lines without their ends. Equal recordings give equal lines: series in the order of their labels. */
export const recordingLines = ({ header, series }: Recording): readonly string[] => [
  JSON.stringify(header),
  ...series
    .map(({ labels, samples }) => ({ key: labelsKey(labels), samples }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ key, samples }) => `{"labels":${key},"samples":${JSON.stringify(samples.map(pairOf))}}`),
];

/** JSON has no NaN: what is no number is written as Prometheus does. */
const pairOf = ({ atMs, value }: RawSeries['samples'][number]): [number, number | string] => [
  atMs,
  Number.isFinite(value) ? value : (Object.keys(oddValues).find((name) => Object.is(oddValues[name], value)) ?? 'NaN'),
];

export const oddValues: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  '+Inf': Number.POSITIVE_INFINITY,
  '-Inf': Number.NEGATIVE_INFINITY,
};
