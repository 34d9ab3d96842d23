import type { FailureKind, RequestRecord, TrafficFailure, TrafficGroup, TrafficReport } from './report.ts';

const bucketMs = 250;
/** An hour and a half; older buckets go. */
const keptBuckets = (90 * 60 * 1_000) / bucketMs;
const keptFailures = 20_000;
const reportedFailures = 200;
/** Latency bins grow by 5 %: bin i starts at 0.1 ms × 1.05^i. */
const binGrowth = Math.log(1.05);
const firstBinMs = 0.1;
const bins = 240;

interface Bucket {
  readonly counts: Map<string, number>;
  readonly latencies: Uint32Array;
}

export interface Recorder {
  record(request: RequestRecord): void;
  report(window: { since: number; until: number }): Omit<TrafficReport, 'inFlight'>;
}

export function createRecorder(): Recorder {
  const buckets = new Map<number, Bucket>();
  const failures: TrafficFailure[] = [];

  return {
    record(request) {
      const start = Math.floor(request.at / bucketMs) * bucketMs;
      let bucket = buckets.get(start);
      if (!bucket) {
        buckets.set(start, (bucket = { counts: new Map(), latencies: new Uint32Array(bins) }));
        if (buckets.size > keptBuckets) buckets.delete(buckets.keys().next().value ?? start);
      }
      const key = keyOf(request);
      bucket.counts.set(key, (bucket.counts.get(key) ?? 0) + 1);
      if (request.status > 0) {
        const bin = binOf(request.latencyMs);
        bucket.latencies[bin] = (bucket.latencies[bin] ?? 0) + 1;
      }
      if (request.failure === undefined) return;
      failures.push(failureOf(request, request.failure));
      if (failures.length > keptFailures) failures.shift();
    },
    report({ since, until }) {
      const inside = [...buckets].filter(([start]) => start >= since && start < until).map(([, bucket]) => bucket);
      const counts = new Map<string, number>();
      const latencies = new Array<number>(bins).fill(0);
      for (const bucket of inside) {
        for (const [key, count] of bucket.counts) counts.set(key, (counts.get(key) ?? 0) + count);
        bucket.latencies.forEach((count, bin) => (latencies[bin] = (latencies[bin] ?? 0) + count));
      }
      const groups = [...counts].map(([key, count]) => groupOf(key, count));
      const window = failures.filter(({ at }) => at >= since && at < until).sort((a, b) => a.at - b.at);
      return {
        since,
        until,
        requests: groups.reduce((sum, { count }) => sum + count, 0),
        failed: groups.reduce((sum, { count, outcome }) => sum + (outcome === 'ok' ? 0 : count), 0),
        groups,
        failures: window.slice(0, reportedFailures),
        latency: latencyOf(latencies),
        latencyBins: latencies,
        firstBad: firstBad(window),
      };
    },
  };
}

const separator = '\t';

function keyOf(request: RequestRecord): string {
  const { service, client, node, connection, version, serving } = request;
  return [service, client, node, connection, version, serving, request.failure ?? 'ok'].join(separator);
}

function groupOf(key: string, count: number): TrafficGroup {
  const [service = '', client = '', node = '', connection = '', version = '', serving = '', outcome = ''] =
    key.split(separator);
  return {
    service,
    client,
    node,
    connection: connection as TrafficGroup['connection'],
    version,
    serving,
    outcome: outcome as TrafficGroup['outcome'],
    count,
  };
}

function failureOf(request: RequestRecord, kind: FailureKind): TrafficFailure {
  const { at, service, client, node, connection, version, serving, status, detail = '' } = request;
  return { at, service, client, node, connection, version, serving, kind, status, detail };
}

function firstBad(failures: readonly TrafficFailure[]): Record<string, number> {
  const first: Record<string, number> = {};
  for (const { version, at } of failures) first[version] ??= at;
  return first;
}

function binOf(latencyMs: number): number {
  return Math.max(0, Math.min(bins - 1, Math.floor(Math.log(latencyMs / firstBinMs) / binGrowth)));
}

/** Upper edges of the bins, so at most 5 % too high. */
export function latencyOf(latencies: readonly number[]): TrafficReport['latency'] {
  const total = latencies.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  const edge = (share: number): number => {
    let seen = 0;
    const bin = latencies.findIndex((count) => (seen += count) >= share * total);
    return Number((firstBinMs * Math.exp(binGrowth * (bin + 1))).toFixed(2));
  };
  return { p50: edge(0.5), p99: edge(0.99), max: edge(1) };
}
