/** Recordings as the stores of real clusters have them: two versions of several pods each, and two Envoy subsets. */
import type { Labels, RawSeries, Sample } from '../../core/judge/series/raw-series.ts';
import type { Recording } from '../../core/judge/recording/recording.ts';
import { statName } from '../../core/routing/names.ts';
import { poisson, randomFrom } from './simulated-bakes.ts';
import { SINCE_MS } from './recorded-traffic.ts';

/** The old version was there before, s. */
const BEFORE_S = 180;
const EVERY_S = 5;
const SECONDS = 300;

export interface StoredTraffic {
  /** Chance that a request of the new version fails, by seconds since the share was written. */
  readonly newErrors?: (s: number) => number;
  /** The first pod of the old version restarts then, s. */
  readonly restartS?: number;
  /** What old pods had counted before: as in pods that are weeks old. */
  readonly oldCounts?: { readonly good: number; readonly bad: number };
}

/** 60 requests/s of v1 in three pods, 12 of v2 in two; 0.2 % fail. Samples every 5 s, for five minutes. */
export const storedTraffic = ({ newErrors = () => 0.002, restartS, oldCounts }: StoredTraffic = {}): Recording => {
  const random = randomFrom(11);
  const old = { version: 'v1', perS: 20, errors: () => 0.002, fromS: -BEFORE_S, begin: oldCounts };
  const next = { version: 'v2', perS: 6, errors: newErrors, fromS: 0, begin: undefined };
  const pods: Pod[] = [
    ...[1, 2, 3].map((i) => ({ ...old, name: `v1-${i}`, restartS: i === 1 ? restartS : undefined })),
    ...[1, 2].map((i) => ({ ...next, name: `v2-${i}`, restartS: undefined })),
  ];
  const envoys = [old, next].map((arm) => ({ ...arm, perS: arm.perS * 3, name: '', restartS: undefined }));
  return {
    header: {
      schema: 1,
      namespace: 'shop',
      service: 'checkout',
      versions: { new: 'v2', old: 'v1' },
      clusters: { aws: ['aws'] },
      sinceMs: SINCE_MS,
    },
    series: [
      ...pods.flatMap((pod) => {
        const { good, bad } = samplesOf(random, pod);
        return [
          { labels: podLabels(pod, '200'), samples: good },
          { labels: podLabels(pod, '500'), samples: bad },
        ];
      }),
      ...envoys.flatMap((subset) => envoySeries(random, { ...subset, begin: undefined })),
    ],
  };
};

interface Pod {
  readonly name: string;
  readonly version: string;
  readonly perS: number;
  readonly errors: (s: number) => number;
  readonly fromS: number;
  readonly begin: { readonly good: number; readonly bad: number } | undefined;
  readonly restartS: number | undefined;
}

const samplesOf = (random: () => number, pod: Pod): { good: Sample[]; bad: Sample[] } => {
  let { good: goods, bad: bads } = pod.begin ?? { good: 0, bad: 0 };
  const [good, bad]: [Sample[], Sample[]] = [[], []];
  for (let s = pod.fromS; s <= SECONDS; s += EVERY_S) {
    if (s === pod.restartS) [goods, bads] = [0, 0];
    good.push({ atMs: SINCE_MS + s * 1_000, value: goods });
    bad.push({ atMs: SINCE_MS + s * 1_000, value: bads });
    for (let i = poisson(random, pod.perS * EVERY_S); i > 0; i--) {
      if (random() < pod.errors(s)) bads++;
      else goods++;
    }
  }
  return { good, bad };
};

const podLabels = ({ name, version }: Pod, status: string): Labels => ({
  __name__: 'http_server_request_duration_seconds_count',
  k8s_cluster_name: 'aws',
  service_name: 'checkout',
  service_version: version,
  instance: name,
  http_response_status_code: status,
});

const envoySeries = (random: () => number, subset: Pod): RawSeries[] => {
  const stat = statName({ namespace: 'shop', service: 'checkout', version: subset.version, cluster: 'aws' });
  const envoy = { k8s_cluster_name: 'aws', instance: 'node-1', envoy_cluster_name: stat };
  const { good, bad } = samplesOf(random, subset);
  const all = good.map(({ atMs, value }, i) => ({ atMs, value: value + (bad[i]?.value ?? 0) }));
  const answers = { ...envoy, __name__: 'envoy_cluster_upstream_rq_xx' };
  return [
    { labels: { ...answers, envoy_response_code_class: '2' }, samples: good },
    { labels: { ...answers, envoy_response_code_class: '5' }, samples: bad },
    { labels: { ...envoy, __name__: 'envoy_cluster_upstream_rq_total' }, samples: all },
  ];
};

/** The recording with other series of the pods; a series may become none or several. */
export const withPods = (recording: Recording, change: (series: RawSeries) => readonly RawSeries[]): Recording => ({
  ...recording,
  series: recording.series.flatMap((series) =>
    series.labels['service_name'] === undefined ? [series] : change(series),
  ),
});

export const relabelled = ({ labels, samples }: RawSeries, more: Labels): RawSeries => ({
  labels: { ...labels, ...more },
  samples,
});
