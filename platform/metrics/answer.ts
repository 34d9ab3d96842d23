/** What a Prometheus API said: status and bodies become data or a TidegateError. */
import { TidegateError, refuse, type FailureCode } from '../../core/values/error.ts';
import type { RawSeries, Sample } from '../../core/judge/series/raw-series.ts';
import type { NativeSeries } from './native-histograms.ts';
import { isRecord } from '../../core/values/json.ts';

/** Characters of a backend's error text that we repeat. */
const SHOWN = 300;

interface HttpAnswer {
  readonly where: string;
  readonly status: number;
  readonly text: string;
  /** Header as sent; '' when absent. */
  readonly retryAfter: string;
}

export const httpError = ({ where, status, text, retryAfter }: HttpAnswer): TidegateError => {
  const message = `${where} answered ${status}: ${errorTextOf(text)}`;
  if (status === 429) {
    const seconds = Number(retryAfter);
    return new TidegateError('Throttled', message, seconds > 0 ? { retryAfterMs: seconds * 1000 } : {});
  }
  if (status === 401 || status === 403) {
    return new TidegateError('Forbidden', message, {
      fix: 'check tokenEnv of the metrics backend and what the token may read',
    });
  }
  if (status === 400 || status === 422) {
    return new TidegateError('Invalid', message, {
      fix: 'see what the backend refuses; it may limit the series or samples of a query',
    });
  }
  if (status >= 500) return new TidegateError('Unavailable', message, { fix: 'check the metrics backend' });
  return new TidegateError('Invalid', message, { fix: 'check that the metrics URL is the API base of a Prometheus' });
};

/** Errors that Prometheus may report with any status; its other types mean that the query is wrong. */
const transientTypes: ReadonlySet<unknown> = new Set(['timeout', 'canceled', 'unavailable', 'internal']);

/** An error for anything but a complete success; a warning means that data may be missing, which is never zero. */
export const answerError = (answer: unknown, where: string): TidegateError | undefined => {
  if (!isRecord(answer) || (answer['status'] !== 'success' && answer['status'] !== 'error')) {
    return new TidegateError('Invalid', `${where} does not answer like a Prometheus API`, {
      fix: 'check the metrics URL',
    });
  }
  if (answer['status'] === 'error') {
    const code: FailureCode = transientTypes.has(answer['errorType']) ? 'Unavailable' : 'Invalid';
    const text = `${String(answer['errorType'])}: ${shorten(String(answer['error']))}`;
    return new TidegateError(code, `${where} refused the query: ${text}`, { fix: 'check the metrics backend' });
  }
  const missing = partsMissing(answer);
  if (missing === '') return undefined;
  return new TidegateError('Unavailable', `${where} gave a partial answer: ${missing}`, {
    fix: 'check the stores behind the metrics backend',
  });
};

/** '' when the answer is whole. `infos` only comment on the query's style. */
const partsMissing = (answer: Record<string, unknown>): string => {
  const warnings = answer['warnings'];
  if (Array.isArray(warnings) && warnings.length > 0) return shorten(warnings.map(String).join('; '));
  // VictoriaMetrics' mark, should it not know the parameter that refuses such answers.
  return answer['isPartial'] === true ? 'some of its stores did not answer' : '';
};

export interface Matrix {
  /** Series of numbers. */
  readonly classic: readonly RawSeries[];
  readonly native: readonly NativeSeries[];
}

export const parseMatrix = (data: unknown, where: string): Matrix => {
  if (!isRecord(data) || data['resultType'] !== 'matrix' || !Array.isArray(data['result'])) {
    refuse('Invalid', `${where} did not answer with a matrix`, 'check the metrics URL');
  }
  const classic: RawSeries[] = [];
  const native: NativeSeries[] = [];
  for (const series of data['result'] as unknown[]) {
    const { labels, values, histograms } = parseSeries(series, where);
    if (histograms.length > 0) native.push({ labels, samples: histograms.map(parseHistogram) });
    if (values.length > 0) classic.push({ labels, samples: values.map(parseSample) });
  }
  return { classic, native };
};

export const parseScalar = (data: unknown, where: string): number => {
  const result = isRecord(data) && Array.isArray(data['result']) ? data['result'] : [];
  const value = Number.parseFloat(String(result[1]));
  if (Number.isFinite(value)) return value;
  refuse('Invalid', `${where} did not answer time() with a number`, 'check the metrics URL');
};

interface SeriesParts {
  readonly labels: Record<string, string>;
  readonly values: readonly unknown[];
  readonly histograms: readonly unknown[];
}

const parseSeries = (series: unknown, where: string): SeriesParts => {
  const labels = isRecord(series) && isRecord(series['metric']) ? series['metric'] : undefined;
  const [values, histograms] = isRecord(series) ? [series['values'], series['histograms']] : [];
  if (labels && (Array.isArray(values) || Array.isArray(histograms))) {
    return {
      labels: Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, String(value)])),
      values: Array.isArray(values) ? values : [],
      histograms: Array.isArray(histograms) ? histograms : [],
    };
  }
  refuse('Invalid', `${where} answered with a series that has no samples`, 'check the metrics backend');
};

/** A value that is not a number stays NaN: counting reports it, it never becomes zero. */
const parseSample = (pair: unknown): Sample => {
  const [seconds, value] = Array.isArray(pair) ? (pair as unknown[]) : [];
  return { atMs: Math.round(Number(seconds) * 1000), value: numberOf(value) };
};

/** What is no bucket makes the whole histogram NaN: a part of its counts would look like fewer requests. */
const parseHistogram = (pair: unknown): NativeSeries['samples'][number] => {
  const [seconds, histogram] = Array.isArray(pair) ? (pair as unknown[]) : [];
  const { count, buckets = [] } = isRecord(histogram) ? histogram : {};
  const parsed = Array.isArray(buckets) ? buckets.map(parseBucket) : [undefined];
  const sound = parsed.filter((bucket) => bucket !== undefined);
  const isWhole = sound.length === parsed.length;
  return {
    atMs: Math.round(Number(seconds) * 1000),
    count: isWhole ? numberOf(count) : Number.NaN,
    buckets: isWhole ? sound : [],
  };
};

/** [boundary rule, left, right, count]; the rule says which boundary belongs to the bucket, for durations the right one. */
const parseBucket = (bucket: unknown): { left: number; right: number; count: number } | undefined => {
  if (!Array.isArray(bucket)) return undefined;
  const [left, right, count] = bucket.slice(1).map(numberOf);
  if (left === undefined || right === undefined || count === undefined) return undefined;
  return [left, right, count].some(Number.isNaN) || left > right ? undefined : { left, right, count };
};

const numberOf = (value: unknown): number => {
  if (value === '+Inf') return Number.POSITIVE_INFINITY;
  if (value === '-Inf') return Number.NEGATIVE_INFINITY;
  return typeof value === 'string' && value !== '' ? Number(value) : Number.NaN;
};

const errorTextOf = (text: string): string => {
  try {
    const body: unknown = JSON.parse(text);
    if (isRecord(body) && typeof body['error'] === 'string') return shorten(body['error']);
  } catch {
    // Not JSON: a proxy's page. Its beginning says enough.
  }
  return shorten(text.replace(/<[^>]*>/g, ' '));
};

const shorten = (text: string): string => {
  const flat = text.replace(/\s+/g, ' ').trim();
  return flat === '' ? '(empty answer)' : flat.length > SHOWN ? `${flat.slice(0, SHOWN)}…` : flat;
};
