/**
 * Text → Recording. What is no recording is an error with file and line, all of them at once. What a counter cannot be
 * (NaN, negative, unsorted) is kept as it is: the judges say `unknown` and why, as they do with a live backend.
 */
import { z } from 'zod';
import { TidegateError } from '../../values/error.ts';
import { labelsKey, type RawSeries, type Sample } from '../series/raw-series.ts';
import { oddValues, type Recording, type RecordingHeader } from './recording.ts';
import { present } from '../../values/json.ts';

/** More than a large service has, buckets of a hundred pods included. */
const MAX_SERIES = 50_000;
/** Mistakes that are named; the rest is counted. */
const NAMED = 20;

const name = z.string().min(1).max(253);
const time = z.int().gte(0);
const headerSchema = z.strictObject({
  schema: z.literal(1),
  namespace: name,
  service: name,
  versions: z.strictObject({ new: name, old: z.string().max(253).prefault('') }),
  clusters: z.record(name, z.array(name).min(1)).refine((all) => Object.keys(all).length > 0, 'names no cluster'),
  sharePercent: z.number().gte(0).lte(100).optional(),
  sinceMs: time,
  toMs: time.optional(),
});

/** @param file how errors call it. Throws TidegateError('Invalid'). */
export const parseRecording = (text: string, file: string): Recording => {
  const [first = '', ...rest] = text.split('\n');
  const mistakes: string[] = [];
  const header = headerOf(first, mistakes);
  const seen = new Map<string, number>();
  const series = rest.flatMap((line, i): RawSeries[] => {
    if (line.trim() === '' || i >= MAX_SERIES) return [];
    const number = i + 2;
    const one = seriesOf(line);
    if (typeof one === 'string') {
      mistakes.push(`${number}: ${one}`);
      return [];
    }
    const key = labelsKey(one.labels);
    const before = seen.get(key);
    if (before !== undefined) mistakes.push(`${number}: has the labels of line ${before}`);
    seen.set(key, number);
    return [one];
  });
  if (rest.length > MAX_SERIES + 1) mistakes.push(`${MAX_SERIES + 2}: more than ${MAX_SERIES} series`);
  if (header !== undefined && mistakes.length === 0) mistakes.push(...rangeMistakes(header, series));
  if (header === undefined || mistakes.length > 0) throw invalid(file, mistakes);
  return { header, series };
};

const invalid = (file: string, mistakes: readonly string[]): TidegateError => {
  const more = mistakes.length > NAMED ? [`… and ${mistakes.length - NAMED} more`] : [];
  const lines = [...mistakes.slice(0, NAMED).map((mistake) => `${file}:${mistake}`), ...more];
  return new TidegateError('Invalid', lines.join('\n'), {
    fix: 'first a header line, then a line {"labels": {…}, "samples": [[ms, value], …]} per series: see docs/reference/cli.md',
  });
};

const jsonOf = (line: string): unknown => {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
};

const headerOf = (line: string, mistakes: string[]): RecordingHeader | undefined => {
  const json = jsonOf(line.replace(/^\uFEFF/, ''));
  if (json === undefined) {
    mistakes.push('1: is not JSON: the first line is the header');
    return undefined;
  }
  const parsed = headerSchema.safeParse(json);
  if (!parsed.success) {
    mistakes.push(
      ...parsed.error.issues.map(
        ({ path, message }) => `1: header${path.map((part) => `.${String(part)}`).join('')}: ${message}`,
      ),
    );
    return undefined;
  }
  const { sharePercent, toMs, ...header } = parsed.data;
  return {
    ...header,
    ...present({ sharePercent, toMs }),
  };
};

/** A sentence when the line is no series. */
const seriesOf = (line: string): RawSeries | string => {
  const json = jsonOf(line);
  if (json === undefined) return 'is not JSON';
  const { labels, samples } = (json ?? {}) as { readonly labels?: unknown; readonly samples?: unknown };
  if (!isLabels(labels)) return 'labels is not an object of texts';
  if ((labels['__name__'] ?? '') === '') return 'labels has no __name__';
  if (!Array.isArray(samples)) return 'samples is not a list';
  const read = samples.map(sampleOf);
  const wrong = read.indexOf(undefined);
  if (wrong >= 0) return `samples[${wrong}] is not [ms, value]: ${JSON.stringify(samples[wrong]).slice(0, 60)}`;
  return { labels, samples: read.filter((sample) => sample !== undefined) };
};

const isLabels = (value: unknown): value is RawSeries['labels'] =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.values(value).every((one) => typeof one === 'string');

const sampleOf = (pair: unknown): Sample | undefined => {
  if (!Array.isArray(pair) || pair.length !== 2) return undefined;
  const [atMs, written] = pair as [unknown, unknown];
  const value = typeof written === 'string' ? oddValues[written] : written;
  if (typeof atMs !== 'number' || !Number.isSafeInteger(atMs) || atMs < 0 || typeof value !== 'number')
    return undefined;
  return { atMs, value };
};

const rangeMistakes = ({ sinceMs, toMs = Number.POSITIVE_INFINITY }: RecordingHeader, series: readonly RawSeries[]) => {
  if (toMs <= sinceMs) return ['1: header.toMs is not after header.sinceMs'];
  const inside = series.some(({ samples }) => samples.some(({ atMs }) => atMs > sinceMs && atMs <= toMs));
  return series.length === 0 || inside
    ? []
    : ['1: no sample is after header.sinceMs (and before header.toMs): are all times in ms since the epoch?'];
};
