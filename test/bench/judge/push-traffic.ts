/** Metrics that come by themselves: the counters of pods that push and of Envoys that are scraped, as a store has them. */
import type { Labels, RawSeries, Sample } from '../../../core/judge/series/raw-series.ts';
import { statName } from '../../../core/routing/names.ts';
import type { Random } from './random.ts';

export interface PushCell {
  /** Clusters that the plan will reach in all, and those that it has reached. */
  readonly clusters: number;
  readonly reached: number;
  /** Of each cluster. */
  readonly envoys: number;
  /** Of each version. */
  readonly pods: number;
  /** Has each process a phase of its own, or is everything sampled at once? */
  readonly phases: 'own' | 'one';
  /** Requests per second of both versions together, in each cluster. */
  readonly perSecond: number;
  readonly share: number;
  /** Part of the requests that fails, of both versions. */
  readonly base: number;
  /** Part that fails of the new version in the first cluster, after a while. */
  readonly fault: number;
  /** Part that fails of both versions for 20 s, in every cluster at once. */
  readonly outage: number;
  /** From the share's write on, s. */
  readonly seconds: number;
}

/** Pods push and Envoys are scraped that often, ms. */
export const INTERVAL_MS = 5_000;
/** When the share was written. */
export const SINCE_MS = 1_000_000_000;
/** The fault and the outage begin so long after it, ms, at the earliest, and at most an interval later. */
const GOOD_MS = 8_000;
const OUTAGE_MS = 20_000;
/** The old version was there before, ms. */
const BEFORE_MS = 200_000;

const VERSIONS = ['v1', 'v2'] as const;

export interface PushTraffic {
  readonly series: readonly RawSeries[];
  /** When the new version gave its first bad answer, ms; null: never. */
  readonly firstBadMs: number | null;
}

export const clusterNames = ({ reached }: PushCell): readonly string[] =>
  Array.from({ length: reached }, (_, i) => `c${i + 1}`);

export const statOf = (version: string, cluster: string): string =>
  statName({ namespace: 'shop', service: 'checkout', version, cluster });

export const pushTraffic = (random: Random, cell: PushCell): PushTraffic => {
  const faultMs = SINCE_MS + GOOD_MS + random.uniform() * INTERVAL_MS;
  const phases = new Map<string, number>();
  const phaseOf = (process: string): number => {
    const of = cell.phases === 'one' ? '' : process;
    const phase = phases.get(of) ?? Math.floor(random.uniform() * INTERVAL_MS);
    phases.set(of, phase);
    return phase;
  };
  const all = clusterNames(cell).map((cluster) => ({
    cluster,
    requests: requestsOf(random, { cell, cluster, faultMs }),
  }));
  const bad = all.flatMap(({ requests }) => requests.filter((one) => one.version === 'v2' && one.bad));
  return {
    series: all.flatMap((of) => seriesOf({ ...of, cell, phaseOf })),
    firstBadMs: bad.length === 0 ? null : Math.min(...bad.map(({ atMs }) => atMs)),
  };
};

interface Request {
  readonly atMs: number;
  readonly version: (typeof VERSIONS)[number];
  readonly pod: number;
  readonly envoy: number;
  readonly bad: boolean;
}

interface OfCluster {
  readonly cell: PushCell;
  readonly cluster: string;
  readonly faultMs: number;
}

/** In order of time. */
const requestsOf = (random: Random, { cell, cluster, faultMs }: OfCluster): Request[] => {
  const ratioAt = (atMs: number, version: string): number => {
    if (cell.outage > 0 && atMs >= faultMs && atMs < faultMs + OUTAGE_MS) return cell.outage;
    return version === 'v2' && cluster === 'c1' && cell.fault > 0 && atMs >= faultMs ? cell.fault : cell.base;
  };
  const found: Request[] = [];
  for (const version of VERSIONS) {
    const perMs = (cell.perSecond * (version === 'v2' ? cell.share : 1 - cell.share)) / 1000;
    let atMs = version === 'v2' ? SINCE_MS : SINCE_MS - BEFORE_MS;
    for (;;) {
      atMs -= Math.log(1 - random.uniform()) / perMs;
      if (atMs >= SINCE_MS + cell.seconds * 1000) break;
      const [pod, envoy] = [cell.pods, cell.envoys].map((of) => Math.floor(random.uniform() * of)) as [number, number];
      found.push({ atMs, version, pod, envoy, bad: random.uniform() < ratioAt(atMs, version) });
    }
  }
  return found.sort((a, b) => a.atMs - b.atMs);
};

interface Counting {
  readonly cell: PushCell;
  readonly cluster: string;
  readonly requests: readonly Request[];
  readonly phaseOf: (process: string) => number;
}

const seriesOf = ({ cell, cluster, requests, phaseOf }: Counting): RawSeries[] =>
  VERSIONS.flatMap((version) => {
    const own = requests.filter((one) => one.version === version);
    const sampled = (process: string, counted: readonly Request[]): readonly Sample[] =>
      samplesOf(counted, {
        phaseMs: phaseOf(process),
        fromMs: version === 'v1' ? SINCE_MS - BEFORE_MS : SINCE_MS - 1,
        toMs: SINCE_MS + cell.seconds * 1000,
      });
    const pods = Array.from({ length: cell.pods }, (_, pod) => {
      const name = `checkout-${cluster}-${version}-${pod}`;
      return byOutcome(own.filter((one) => one.pod === pod)).map(([digit, counted]) => ({
        labels: serverLabels({ cluster, version, instance: name, status: `${digit}00` }),
        // OpenTelemetry's SDK has no point of an attribute set before its first request.
        samples: sampled(name, counted).filter(({ value }) => value > 0),
      }));
    });
    const envoys = Array.from({ length: cell.envoys }, (_, envoy) => {
      const instance = `node-${cluster}-${envoy}`;
      return envoySeries(
        own.filter((one) => one.envoy === envoy),
        {
          labels: { k8s_cluster_name: cluster, instance, envoy_cluster_name: statOf(version, cluster) },
          sampled: (counted) => sampled(instance, counted),
        },
      );
    });
    return [...pods.flat(), ...envoys.flat()].filter(({ samples }) => samples.length > 0);
  });

interface OfEnvoy {
  readonly labels: Labels;
  readonly sampled: (counted: readonly Request[]) => readonly Sample[];
}

const envoySeries = (own: readonly Request[], { labels, sampled }: OfEnvoy): RawSeries[] => {
  const name = (metric: string): Labels => ({ ...labels, __name__: `envoy_cluster_upstream_${metric}` });
  return [
    ...byOutcome(own).map(([digit, counted]) => ({
      labels: { ...name('rq_xx'), envoy_response_code_class: digit },
      samples: sampled(counted),
    })),
    { labels: name('rq_total'), samples: sampled(own) },
    { labels: name('rq_active'), samples: sampled(own).map(({ atMs }) => ({ atMs, value: 1 })) },
  ];
};

/** By the first digit of the status. */
const byOutcome = (all: readonly Request[]) =>
  [
    ['2', all.filter(({ bad }) => !bad)],
    ['5', all.filter(({ bad }) => bad)],
  ] as const;

const serverLabels = (of: { cluster: string; version: string; instance: string; status: string }): Labels => ({
  ...{ __name__: 'http_server_request_duration_seconds_count', k8s_cluster_name: of.cluster },
  ...{ service_name: 'checkout', instance: of.instance },
  ...{ service_version: of.version, http_response_status_code: of.status },
});

/** What a counter has at each of its instants. */
const samplesOf = (
  counted: readonly Request[],
  { phaseMs, fromMs, toMs }: { phaseMs: number; fromMs: number; toMs: number },
): readonly Sample[] => {
  const samples: Sample[] = [];
  let value = 0;
  let atMs = Math.ceil((fromMs - phaseMs) / INTERVAL_MS) * INTERVAL_MS + phaseMs;
  for (; atMs <= toMs; atMs += INTERVAL_MS) {
    while ((counted[value]?.atMs ?? Infinity) <= atMs) value++;
    samples.push({ atMs, value });
  }
  return samples;
};
