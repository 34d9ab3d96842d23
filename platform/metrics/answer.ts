/** What a Prometheus API said: status and bodies become data or a TidegateError. */
import { TidegateError } from '../../core/contract/errors.ts';
import type { FailureCode } from '../../core/contract/errors.ts';
import type { RawSeries, Sample } from '../../core/analysis/counters.ts';

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
  if (status >= 500) return new TidegateError('Unavailable', message, { fix: 'check the metrics backend' });
  return new TidegateError('Invalid', message, { fix: 'check that the metrics URL is the API base of a Prometheus' });
};

/** Errors that Prometheus may report with any status; its other types mean that the query is wrong. */
const transientTypes: ReadonlySet<unknown> = new Set(['timeout', 'canceled', 'unavailable', 'internal']);

/** An error for anything but a complete success; a warning means that data may be missing, which is never zero. */
export const answerError = (answer: unknown, where: string): TidegateError | undefined => {
  if (!isObject(answer) || (answer['status'] !== 'success' && answer['status'] !== 'error')) {
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

export const parseMatrix = (data: unknown, where: string): readonly RawSeries[] => {
  if (!isObject(data) || data['resultType'] !== 'matrix' || !Array.isArray(data['result'])) {
    throw new TidegateError('Invalid', `${where} did not answer with a matrix`, { fix: 'check the metrics URL' });
  }
  return data['result'].map((series) => parseSeries(series, where));
};

export const parseScalar = (data: unknown, where: string): number => {
  const result = isObject(data) && Array.isArray(data['result']) ? data['result'] : [];
  const value = Number.parseFloat(String(result[1]));
  if (Number.isFinite(value)) return value;
  throw new TidegateError('Invalid', `${where} did not answer time() with a number`, { fix: 'check the metrics URL' });
};

const parseSeries = (series: unknown, where: string): RawSeries => {
  const labels = isObject(series) && isObject(series['metric']) ? series['metric'] : undefined;
  const values = isObject(series) ? series['values'] : undefined;
  if (labels && Array.isArray(values)) {
    return {
      labels: Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, String(value)])),
      samples: values.map(parseSample),
    };
  }
  if (isObject(series) && 'histograms' in series) {
    throw new TidegateError('Invalid', `${where} stores ${String(labels?.['__name__'])} as a native histogram`, {
      fix: 'keep classic buckets for the service metrics (convert_histograms_to_nhcb: false)',
    });
  }
  throw new TidegateError('Invalid', `${where} answered with a series that has no samples`, {
    fix: 'check the metrics backend',
  });
};

/** A value that is not a number stays NaN: counting reports it, it never becomes zero. */
const parseSample = (pair: unknown): Sample => {
  const [seconds, value] = Array.isArray(pair) ? (pair as unknown[]) : [];
  return {
    atMs: Math.round(Number(seconds) * 1000),
    value: typeof value === 'string' && value !== '' ? Number(value) : Number.NaN,
  };
};

const errorTextOf = (text: string): string => {
  try {
    const body: unknown = JSON.parse(text);
    if (isObject(body) && typeof body['error'] === 'string') return shorten(body['error']);
  } catch {
    // Not JSON: a proxy's page. Its beginning says enough.
  }
  return shorten(text.replace(/<[^>]*>/g, ' '));
};

const shorten = (text: string): string => {
  const flat = text.replace(/\s+/g, ' ').trim();
  return flat === '' ? '(empty answer)' : flat.length > SHOWN ? `${flat.slice(0, SHOWN)}…` : flat;
};

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
