/** The looks of a watch over metrics that come by themselves: the whole of `look`, with its pace and its default SLOs. */
import { defaultSlos } from '../../../core/config/defaults.ts';
import { judgeSchema, resolveJudge } from '../../../core/config/judge-schema.ts';
import { dueSource } from '../../../core/judge/look/due-source.ts';
import { look } from '../../../core/judge/look/look.ts';
import { freshState } from '../../../core/judge/look/state.ts';
import type { WatchSloInput } from '../../../core/judge/look/watch.ts';
import type { RawSeries } from '../../../core/judge/series/raw-series.ts';
import type { CountSource } from '../../../core/judge/series/source.ts';
import { combineReadings } from '../../../core/judge/verdict.ts';
import { WHOLE } from '../../../core/values/share.ts';
import { createRecordedSource } from '../../../platform/metrics/recorded.ts';
import { nameOf } from './aa-runs.ts';
import { clusterNames, pushTraffic, SINCE_MS, statOf, type PushCell } from './push-traffic.ts';
import { createRandom } from './random.ts';

/** ms after the new version's first bad answer; null: never. */
export interface PushRun {
  /** When the store has three bad answers of the new version, as its pods or as the Envoys tell it. */
  readonly visibleMs: number | null;
  readonly breachMs: number | null;
}

/** From a sample's instant until it can be read, ms. */
export const INGEST_MS = 30;
/** How long a look takes, ms, and how long a watch waits at least. */
export const LOOK_MS = 60;
const SHORTEST_WAIT_MS = 50;
/** Errors that no judge could do with fewer of. */
const ENOUGH = 3;
/** A watch begins so long after the share's write at most, ms. */
const LATEST_MS = 2_000;
/** A fault is watched for so long, ms. */
const FAULT_MS = 60_000;

export const pushRuns = async (
  cell: PushCell,
  { seed, runs }: { seed: number; runs: number },
): Promise<readonly PushRun[]> => {
  const found: PushRun[] = [];
  for (let i = 0; i < runs; i++) found.push(await pushRun(cell, { name: `${nameOf(cell)} ${i}`, seed }));
  return found;
};

const pushRun = async (cell: PushCell, { name, seed }: { name: string; seed: number }): Promise<PushRun> => {
  const random = createRandom(name, seed);
  const { series, firstBadMs } = pushTraffic(random, cell);
  const endMs = SINCE_MS + cell.seconds * 1000;
  const breachMs = await breachOf(inputOf(cell), {
    source: late(series),
    fromMs: SINCE_MS + Math.floor(random.uniform() * LATEST_MS),
    toMs: cell.fault > 0 ? Math.min(endMs, (firstBadMs ?? SINCE_MS) + FAULT_MS) : endMs,
  });
  const after = (ms: number | null): number | null => (ms === null ? null : ms - (firstBadMs ?? SINCE_MS));
  return { visibleMs: after(visibleOf(series)), breachMs: after(breachMs) };
};

/** What is asked at an instant has the samples that have arrived by then. */
const late = (series: readonly RawSeries[]): CountSource => {
  const source = createRecordedSource(series);
  return {
    clockOffsetMs: () => Promise.resolve(0),
    range: (query, signal) =>
      source.range({ ...query, toMs: query.toMs - INGEST_MS, rangeMs: query.rangeMs - INGEST_MS }, signal),
  };
};

const visibleOf = (series: readonly RawSeries[]): number | null => {
  const bad = {
    server: series.filter(
      ({ labels }) => labels['service_version'] === 'v2' && labels['http_response_status_code'] === '500',
    ),
    envoy: series.filter(
      ({ labels }) =>
        labels['envoy_cluster_name'] === statOf('v2', 'c1') && labels['envoy_response_code_class'] === '5',
    ),
  };
  const seen = Object.values(bad).flatMap((own) => {
    const steps = own.flatMap(({ samples }) =>
      samples.map(({ atMs, value }, i) => ({ atMs, by: value - (samples[i - 1]?.value ?? 0) })),
    );
    let sum = 0;
    return steps.sort((a, b) => a.atMs - b.atMs).find(({ by }) => (sum += by) >= ENOUGH)?.atMs ?? [];
  });
  return seen.length === 0 ? null : Math.min(...seen) + INGEST_MS;
};

const inputOf = (cell: PushCell): WatchSloInput => ({
  service: { mesh: '', namespace: 'shop', service: 'checkout', installation: '' },
  strata: clusterNames(cell).map((serving) => ({
    serving,
    share: Math.round(cell.share * WHOLE),
    newVersion: 'v2',
    oldVersion: 'v1',
    newStat: statOf('v2', serving),
    oldStat: statOf('v1', serving),
    clients: [serving],
    sinceMs: SINCE_MS,
  })),
  slos: defaultSlos,
  judge: resolveJudge(judgeSchema.parse({ type: 'sequential' })),
  warmUpMs: 0,
  mode: 'bake',
  bakeMs: 0,
  maxUnknownMs: 0,
  clusters: cell.clusters,
});

interface Watched {
  readonly source: CountSource;
  readonly fromMs: number;
  readonly toMs: number;
}

const breachOf = async (input: WatchSloInput, { source, fromMs, toMs }: Watched): Promise<number | null> => {
  const metrics = dueSource(source);
  const { signal } = new AbortController();
  let state = freshState(fromMs);
  for (let nowMs = fromMs; nowMs <= toMs;) {
    const atMs = nowMs;
    const looked = await look(input, { metrics, now: () => atMs, signal, state });
    state = looked.state;
    if (combineReadings(looked.readings).verdict === 'breach') return atMs + LOOK_MS;
    nowMs = Math.max(looked.nextAtMs, atMs + LOOK_MS + SHORTEST_WAIT_MS);
  }
  return null;
};
