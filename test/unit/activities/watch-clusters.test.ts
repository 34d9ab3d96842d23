/** A watch of clusters over simulated API servers and counts, on a clock that goes on when everybody sleeps. */
import { describe, expect, it } from '@jest/globals';
import type { Clock } from '../../../activities/ports.ts';
import { watchClusters } from '../../../activities/observe/watch-clusters.ts';
import type { WatchClustersResult } from '../../../core/contract/failover.ts';
import type { CountSource } from '../../../core/judge/series/source.ts';
import type { RawSeries } from '../../../core/judge/series/raw-series.ts';
import { annotations, labels } from '../../../core/kube/labels.ts';
import { weightsOf } from '../../../core/routing/weights.ts';
import { TidegateError } from '../../../core/values/error.ts';
import { WHOLE } from '../../../core/values/share.ts';
import type { KubeCluster } from '../../../platform/kube/clusters.ts';
import { clusterNames, record } from '../../support/facts.ts';
import { limits } from '../../support/limits.ts';

const [aws, gcp, onprem] = clusterNames;

/** aws calls gcp, too. */
function routeOf(cluster: string): object {
  const base = record(cluster, { v1: WHOLE });
  const calls = cluster === aws ? { [aws]: 500_000, [gcp]: 500_000 } : { [cluster]: WHOLE };
  const serves = Object.fromEntries(Object.keys(calls).map((name) => [name, { v1: WHOLE }]));
  const own = {
    ...base,
    topology: { ...base.topology, proven: calls, current: calls },
    versions: { ...base.versions, proven: serves, current: serves },
  };
  return {
    metadata: {
      ...{ name: 'tidegate-checkout', namespace: 'shop', labels: { [labels.owner]: 'default' } },
      annotations: { [annotations.record]: JSON.stringify(own) },
    },
  };
}

/** Before all that is read, ms. */
const BEGAN_MS = 1_600_000_000_000;

interface Range {
  readonly toMs: number;
  readonly rangeMs: number;
}

/** At whole multiples of so many ms. */
function scrapes({ toMs, rangeMs }: Range, everyMs: number): number[] {
  const last = toMs - (toMs % everyMs);
  return Array.from(
    { length: Math.floor((rangeMs - (toMs - last)) / everyMs) + 1 },
    (_, i) => last - i * everyMs,
  ).reverse();
}

/** What aws counts of its calls to gcp: fifty a second, of which so many are answered. */
function counts(answered: number, everyMs = 1_000): CountSource {
  const own = JSON.parse(
    (routeOf(aws) as { metadata: { annotations: Record<string, string> } }).metadata.annotations[annotations.record] ??
      '',
  ) as Parameters<typeof weightsOf>[0];
  const stat = weightsOf(own, 'current').find(({ cluster }) => cluster === gcp)?.statName ?? '';
  const series = (range: Range, name: string, perSecond: number, more = {}): RawSeries => ({
    labels: { __name__: name, envoy_cluster_name: stat, k8s_cluster_name: aws, instance: 'a', ...more },
    samples: scrapes(range, everyMs).map((atMs) => ({ atMs, value: ((atMs - BEGAN_MS) / 1_000) * perSecond })),
  });
  return {
    clockOffsetMs: () => Promise.resolve(0),
    range: (range) =>
      Promise.resolve([
        series(range, 'envoy_cluster_upstream_rq_total', 50),
        series(range, 'envoy_cluster_upstream_rq_xx', answered, { envoy_response_code_class: '2' }),
      ]),
  };
}

interface Given {
  readonly silent: readonly string[];
  /** null: the backend does not answer. */
  readonly metrics: CountSource | null;
  readonly person?: string;
  /** Clusters that cannot be asked: the config, or a credential, cannot be read. */
  readonly unasked?: readonly string[];
  /** The first question how it is reached is never answered. */
  readonly hangsOnce?: string;
}

/** Turns of the event loop in which whoever is awake gets as far as to sleep again. */
const TURNS = 10;

interface PlayedClock extends Clock {
  /** Wakes one sleeper after the other, until the work is done. */
  play<T>(work: Promise<T>): Promise<T>;
}

function playedClock(): PlayedClock {
  let nowMs = 1_700_000_000_000;
  let sleepers: { readonly atMs: number; readonly wake: () => void }[] = [];
  return {
    nowMs: () => nowMs,
    sleep: (ms, signal) =>
      new Promise((wake, fail) => {
        sleepers.push({ atMs: nowMs + ms, wake });
        signal.addEventListener('abort', () => fail(new Error('it was woken')), { once: true });
      }),
    async play(work) {
      let isDone = false;
      const done = work.finally(() => (isDone = true));
      while (!isDone) {
        for (let turn = 0; turn < TURNS; turn += 1) await new Promise((resolve) => setImmediate(resolve));
        const next = Math.min(...sleepers.map(({ atMs }) => atMs));
        if (!Number.isFinite(next)) continue;
        nowMs = next;
        const due = sleepers.filter(({ atMs }) => atMs === next);
        sleepers = sleepers.filter(({ atMs }) => atMs !== next);
        for (const { wake } of due) wake();
      }
      return done;
    },
  };
}

async function watched({ silent, metrics, person, unasked = [], hangsOnce }: Given): Promise<WatchClustersResult> {
  const clock = playedClock();
  const gone = new TidegateError('Unavailable', 'no answer');
  const at = (name: string) =>
    ({
      name,
      ask: () => (silent.includes(name) ? Promise.reject(gone) : Promise.resolve({})),
      list: () => (silent.includes(name) ? Promise.reject(gone) : Promise.resolve([routeOf(name)])),
    }) as unknown as KubeCluster;
  const ends = new AbortController();
  let hangs = hangsOnce;
  const connect = async (name: string): Promise<KubeCluster> => {
    if (unasked.includes(name)) throw gone;
    if (name !== hangs) return at(name);
    hangs = undefined;
    return new Promise(() => undefined);
  };
  const began = clock.nowMs();
  const work = watchClusters(
    {
      clusters: { connect: ({ cluster: { name } }) => connect(name) },
      connectMetrics: () => (metrics === null ? Promise.reject(gone) : Promise.resolve(metrics)),
      clock,
      activity: { signal: () => ends.signal, heartbeat: () => undefined, scheduledAtMs: () => began },
    },
    {
      mesh: 'shop',
      clusters: clusterNames.map((name) => ({ name })),
      services: [{ installation: 'default', mesh: 'shop', namespace: 'shop', service: 'checkout' }],
      told: clusterNames.map((cluster) => ({ cluster, judgement: 'well', atMs: began, movedAtMs: 0 })),
      ...(person !== undefined && { person }),
    },
  );
  return clock.play(work);
}

describe('a watch of clusters', () => {
  it(
    'finds one lost whose API server is silent and whose calls fail, and says who answers',
    async () => {
      const { news, answering } = await watched({ silent: [gcp], metrics: counts(0) });
      expect(news).toMatchObject([{ cluster: gcp, judgement: 'lost' }]);
      expect(news[0]?.text).toBe(
        `its API server does not answer (no answer); calls to it fail (${aws}: 0 of 150 answered)`,
      );
      expect([...answering].sort()).toEqual([aws, onprem]);
    },
    limits.phase,
  );

  it(
    'finds it lost also by counts that come once a minute',
    async () => {
      const { news } = await watched({ silent: [gcp], metrics: counts(0, 60_000) });
      expect(news).toMatchObject([{ cluster: gcp, judgement: 'lost' }]);
    },
    limits.phase,
  );

  it(
    'finds it lost although a credential program has hung before',
    async () => {
      const { news } = await watched({ silent: [gcp], metrics: counts(0), hangsOnce: gcp });
      expect(news).toMatchObject([{ cluster: gcp, judgement: 'lost' }]);
    },
    limits.phase,
  );

  it.each([
    ['its API server is away, and calls are answered', { silent: [gcp], metrics: counts(50) }, [[gcp, 'suspected']]],
    ['its API server and the metrics are away', { silent: [gcp], metrics: null }, [[gcp, 'suspected']]],
    [
      'the worker is cut off from all of them, whatever the counts say',
      { silent: clusterNames, metrics: counts(0) },
      clusterNames.map((name) => [name, 'unknown']),
    ],
    [
      'nobody can ask its API server, and calls fail',
      { silent: [], unasked: [gcp], metrics: counts(0) },
      [[gcp, 'unknown']],
    ],
  ] as const)(
    'finds none lost while %s',
    async (_, given, expected) => {
      const { news } = await watched(given);
      expect(news.map(({ cluster, judgement }) => [cluster, judgement])).toEqual(expected);
    },
    limits.phase,
  );

  it(
    'takes the word of a person with a second source, and not against what answers',
    async () => {
      const lost = await watched({ silent: [gcp], metrics: null, person: gcp });
      expect(lost.news).toMatchObject([{ cluster: gcp, judgement: 'lost' }]);
      const well = await watched({ silent: [], metrics: counts(50), person: gcp });
      expect(well.news).toMatchObject([{ cluster: gcp, judgement: 'suspected' }]);
    },
    limits.phase,
  );
});
