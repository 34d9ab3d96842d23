/** A decoded request → checked data points, by the resource (the process) that reports them. */
import { fieldOf, listOf, textOf, Undecodable } from './decode.ts';
import { pointLabels, resourceLabels, type Labels } from './labels.ts';
import { storedName } from './names.ts';
import { msOf, timeOf } from './numbers.ts';
import { temporalityOf, type Temporality } from './temporality.ts';
import { type Value, exponentialOf, histogramOf, numberOf } from './values.ts';

export interface Point {
  /** As stored; of a histogram without `_count` and `_bucket`. */
  readonly name: string;
  readonly labels: Labels;
  readonly temporality: Temporality;
  /** ns since the epoch on the sender's clock; 0n: not given. */
  readonly startNs: bigint;
  readonly timeNs: bigint;
  readonly value: Value;
}

export interface Rejected {
  readonly name: string;
  readonly labels: Labels;
  /** On the sender's clock, ms; 0: not given. */
  readonly atMs: number;
  readonly reason: string;
}

/** What one resource reports in one request. */
export interface Report {
  readonly resource: Labels;
  /** Scraped by a collector: then start times say when the collector began to look, not when the process did. */
  readonly isScraped: boolean;
  readonly points: readonly Point[];
  readonly rejected: readonly Rejected[];
}

/** Flag of a point that says: the series has no value any more. Without a sample it grows old, which is the same. */
const NO_RECORDED_VALUE = 1;

/** Of resources, metrics and points together. A real one takes some 40 bytes; millions of empty ones would take seconds. */
const MAX_MESSAGES = 100_000;

/** Points of metrics that nobody reads are left out, without complaint: collectors send everything that they have. */
export const reportsOf = (request: unknown, isRead: (name: string) => boolean): readonly Report[] => {
  const list = boundedLists();
  return list(request, 'resourceMetrics').flatMap((ofResource) => {
    const resource = resourceLabels(fieldOf(ofResource, 'resource'));
    return list(ofResource, 'scopeMetrics').map((ofScope) => {
      const scope = textOf(fieldOf(ofScope, 'scope'), 'name');
      const read = list(ofScope, 'metrics').flatMap((metric) => pointsOf(metric, { scope, isRead, list }));
      return {
        resource,
        isScraped: scope.includes('prometheusreceiver'),
        points: read.filter((one) => 'value' in one),
        rejected: read.filter((one) => 'reason' in one),
      };
    });
  });
};

const boundedLists = (): typeof listOf => {
  let left = MAX_MESSAGES;
  return (message, name) => {
    const list = listOf(message, name);
    left -= list.length;
    if (left < 0) throw new Undecodable(`the request has more than ${MAX_MESSAGES} messages: send smaller batches`);
    return list;
  };
};

interface Context {
  readonly scope: string;
  readonly list: typeof listOf;
  readonly isRead: (name: string) => boolean;
}

const KINDS = ['gauge', 'sum', 'histogram', 'exponentialHistogram'] as const;
type Kind = (typeof KINDS)[number];

const pointsOf = (metric: unknown, { scope, isRead, list }: Context): readonly (Point | Rejected)[] => {
  const kind = KINDS.find((one) => fieldOf(metric, one) !== undefined);
  if (kind === undefined) return [];
  const data = fieldOf(metric, kind);
  const written = { name: textOf(metric, 'name'), unit: textOf(metric, 'unit') };
  const isHistogram = kind === 'histogram' || kind === 'exponentialHistogram';
  const isMonotonic = kind === 'sum' && fieldOf(data, 'isMonotonic') === true;
  const name = storedName({ ...written, isHistogram, isMonotonic }, isRead);
  if (name === undefined) return [];
  const temporality = temporalityOf(kind, { isMonotonic, written: fieldOf(data, 'aggregationTemporality') });
  return list(data, 'dataPoints').flatMap((point) => {
    const labels: Labels = { ...(scope === '' ? {} : { otel_scope_name: scope }), ...pointLabels(point) };
    // Envoy has upstream_rq (by status) beside upstream_rq_total: a missing `_total` must not make one of the other.
    if (name !== written.name && labels['envoy_response_code'] !== undefined) return [];
    if ((Number(fieldOf(point, 'flags') ?? 0) & NO_RECORDED_VALUE) !== 0) return [];
    return [pointOf(point, { kind, name, labels, temporality })];
  });
};

interface Head {
  readonly kind: Kind;
  readonly name: string;
  readonly labels: Labels;
  readonly temporality: Temporality | undefined;
}

const pointOf = (point: unknown, { kind, name, labels, temporality }: Head): Point | Rejected => {
  const startNs = timeOf(fieldOf(point, 'startTimeUnixNano'));
  const timeNs = timeOf(fieldOf(point, 'timeUnixNano'));
  const value = valueReaders[kind](point);
  const reject = (reason: string): Rejected => ({
    name,
    labels,
    atMs: timeNs === undefined ? 0 : msOf(timeNs),
    reason: `${name}: ${reason}`,
  });
  if (temporality === undefined) return reject('it is neither cumulative nor the delta of a counter');
  if (timeNs === undefined || timeNs === 0n || startNs === undefined) return reject('it has no time');
  if (startNs > timeNs) return reject('it ends before it starts');
  if (temporality === 'delta' && startNs === 0n) return reject('a delta without its start says nothing');
  if (typeof value === 'string') return reject(value);
  return { name, labels, temporality, startNs, timeNs, value };
};

/** A string says what is wrong. */
const valueReaders: Readonly<Record<Kind, (point: unknown) => Value | string>> = {
  gauge: numberOf,
  sum: numberOf,
  histogram: histogramOf,
  exponentialHistogram: exponentialOf,
};
